import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import DataError
from src.core.jackknife import (
    MOST_GROUPS,
    PAIRS,
    difference_interval,
    envelope_bias,
    exchange_weights,
    freedom,
    jackknife_weights,
    mean_interval,
    proportion_interval,
    std_error,
    student_t,
    wilson,
)

IMAGES = st.integers(2, 60)


def means(per_image):
    """The mean of a figure per image on each data set."""
    weights = jackknife_weights(len(per_image))
    return weights @ np.asarray(per_image, float) / weights.sum(axis=1)


@given(st.integers(1, 500))
def test_each_image_is_left_out_once_and_halves_come_with_their_other_half(images):
    weights = jackknife_weights(images)
    groups = min(images, MOST_GROUPS)
    assert weights.shape == (1 + groups + 2 * PAIRS, images)
    np.testing.assert_array_equal((1 - weights[1 : 1 + groups]).sum(axis=0), 1)
    halves = weights[1 + groups :]
    np.testing.assert_array_equal(halves[0::2] + halves[1::2], 1)
    assert set(halves[0::2].sum(axis=1)) == {images // 2}


def test_no_images_are_refused():
    with pytest.raises(DataError, match="no images"):
        jackknife_weights(0)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=MOST_GROUPS))
def test_the_standard_error_of_a_mean_is_that_of_the_textbook(per_image):
    expected = np.std(per_image, ddof=1) / math.sqrt(len(per_image))
    assert std_error(means(per_image)) == pytest.approx(expected, abs=1e-9)


def test_groups_of_many_images_give_the_same_standard_error():
    per_image = np.random.default_rng(0).normal(size=5000)
    assert std_error(means(per_image)) == pytest.approx(per_image.std() / math.sqrt(5000), rel=0.1)


def test_one_image_says_nothing_about_others():
    values = np.full(1 + 1 + 2 * PAIRS, 0.5)
    assert math.isnan(mean_interval(values).low)
    assert math.isnan(proportion_interval(values, 4).high)


def test_a_figure_that_hangs_on_one_image_has_few_degrees_of_freedom():
    assert freedom(means([0.0] * 19 + [1.0])) == 3
    assert freedom(means(np.linspace(-1, 1, 20))) == 19
    assert freedom(means([0.5] * 20)) == 19


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), min_size=2, max_size=60))
def test_an_interval_of_a_share_has_a_width_and_stays_between_0_and_1(counts):
    hits, cases = (np.array(column) for column in zip(*((min(h, n), n) for h, n in counts), strict=True))
    weights = jackknife_weights(len(counts))
    interval = proportion_interval((weights @ hits) / np.maximum(weights @ cases, 1), cases.sum())
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
    assert interval.high - interval.low > 0


def test_where_all_images_are_alike_the_interval_is_wilsons_for_all_boxes():
    """Nine of nine boxes found on three images: the lower end is n / (n + z²), with Student's t for z."""
    interval = proportion_interval(np.ones(1 + 3 + 2 * PAIRS), 9)
    assert (interval.estimate, interval.high) == (1.0, 1.0)
    assert interval.low == pytest.approx(9 / (9 + student_t(2) ** 2))


def test_wilsons_interval_is_the_published_one():
    """15 of 148: .0624 to .1605 (Newcombe, Two-Sided Confidence Intervals for the Single Proportion, 1998, table I)."""
    assert wilson(15 / 148, 148, 1.959964) == pytest.approx((0.0624, 0.1605), abs=5e-5)


def test_a_bias_moves_the_interval_but_not_the_estimate():
    values = means([0.2, 0.4, 0.6, 0.8] * 5)
    moved, plain = proportion_interval(values, 100, bias=0.1), proportion_interval(values, 100)
    assert moved.estimate == plain.estimate
    assert moved.low < plain.low
    assert moved.high < plain.high


@given(st.floats(0.01, 0.3))
def test_the_bias_of_an_envelope_is_learnt_from_halves(size):
    """What falls as n^(-2/3) is 2^(2/3) times as large on half of the images."""
    values = np.full(1 + 8 + 2 * PAIRS, 0.5 + size)
    values[-2 * PAIRS :] = 0.5 + size * 2 ** (2 / 3)
    assert envelope_bias(values) == pytest.approx(size)


@given(IMAGES)
def test_models_are_exchanged_image_by_image(images):
    kept = exchange_weights(images, 7, seed=0)
    assert kept.shape == (7, 2 * images)
    np.testing.assert_array_equal(kept[:, :images] + kept[:, images:], 1)


def test_many_images_need_no_exchange():
    assert exchange_weights(MOST_GROUPS + 1, 7, seed=0) is None


def test_an_interval_leaves_out_zero_only_if_the_exchange_says_so_too():
    values = means([0.1, 0.11, 0.09, 0.1, 0.1, 0.12])
    assert difference_interval(values).excludes_zero
    assert not difference_interval(values, np.full(99, 0.2)).excludes_zero
    assert difference_interval(values, np.linspace(-0.02, 0.02, 99)).excludes_zero


def test_a_difference_that_none_of_the_images_shows_may_be_one_of_others():
    """One of twenty samples of ten would show none of what concerns 26 % of the images."""
    interval = difference_interval(means([0.0] * 10), np.zeros(99))
    assert interval.high == -interval.low == pytest.approx(0.2589, abs=1e-4)


@pytest.mark.parametrize(("degrees", "expected"), [(1, 12.7062), (9, 2.2622), (math.inf, 1.959964)])
def test_quantiles_are_those_of_the_tables(degrees, expected):
    assert student_t(degrees) == pytest.approx(expected, abs=5e-5)
