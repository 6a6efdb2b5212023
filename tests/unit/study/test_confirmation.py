"""Whether leading settings keep what they promised."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import DataError
from src.study.confirmation import Retrained, confirm


def setting(trial, values, searched=0.5, resampled=None):
    return Retrained(trial, searched, dict(enumerate(values, start=1)), resampled)


def test_the_winner_is_the_best_mean_minus_one_standard_error_not_the_luckiest():
    steady = setting(4, [0.50, 0.51, 0.52])
    wild = setting(7, [0.30, 0.55, 0.70])  # the greater mean, and the greatest value of all
    outcome = confirm([wild, steady])
    assert wild.mean > steady.mean
    assert outcome.settings[outcome.winner].trial == 4
    assert outcome.scores[1] == pytest.approx(0.51 - 0.01 / math.sqrt(3))
    assert not outcome.survived


def test_where_less_is_better_the_error_counts_against_a_setting_too():
    outcome = confirm([setting(0, [2.0, 2.2]), setting(1, [1.0, 1.2])], maximize=False)
    assert outcome.winner == 1
    assert outcome.scores[1] == pytest.approx(1.1 + 0.1)
    assert outcome.advantages[0].difference.estimate == pytest.approx(1.0)


def test_a_difference_far_beyond_the_scatter_is_as_good_as_sure():
    outcome = confirm([setting(0, [0.80, 0.81, 0.82]), setting(1, [0.10, 0.11, 0.12])])
    assert outcome.survived
    assert outcome.advantages == (None, outcome.advantages[1])
    assert outcome.advantages[1].probability > 0.999
    assert outcome.advantages[1].difference.excludes_zero


def test_equal_settings_are_a_coin_toss():
    outcome = confirm([setting(0, [0.4, 0.6]), setting(1, [0.4, 0.6])])
    assert outcome.advantages[1].probability == pytest.approx(0.5, abs=0.03)
    assert not outcome.advantages[1].difference.excludes_zero


def test_the_interval_over_seeds_is_that_of_students_t():
    outcome = confirm([setting(0, [0.50, 0.52, 0.54]), setting(1, [0.40, 0.42, 0.44])])
    half = 2.7764 * 0.02 * math.sqrt(2 / 3)  # four degrees of freedom
    assert outcome.advantages[1].difference.low == pytest.approx(0.1 - half, abs=0.005)
    assert outcome.advantages[1].difference.high == pytest.approx(0.1 + half, abs=0.005)


def test_images_that_decide_everything_make_the_interval_wider():
    values = [0.50, 0.51]
    rng = np.random.default_rng(1)
    shaken = np.concatenate([np.array([[0.50], [0.51]]), rng.normal(0.505, 0.2, (2, 1000))], axis=1)
    still = np.full((2, 1001), 0.40)
    alone = confirm([setting(0, values), setting(1, [0.40, 0.41])]).advantages[1]
    both = confirm([setting(0, values, resampled=shaken), setting(1, [0.40, 0.41], resampled=still)]).advantages[1]
    assert (alone.sources, both.sources) == (("seeds",), ("images", "seeds"))
    assert both.difference.low < alone.difference.low
    assert both.probability < alone.probability


def test_what_moves_both_models_alike_on_an_image_cancels_out():
    rng = np.random.default_rng(2)
    shared = rng.normal(0, 0.3, 1000)
    a = np.concatenate([np.full((2, 1), 0.5), np.tile(0.5 + shared, (2, 1))], axis=1)
    with_images = confirm([setting(0, [0.5, 0.52], resampled=a), setting(1, [0.4, 0.42], resampled=a - 0.1)])
    without = confirm([setting(0, [0.5, 0.52]), setting(1, [0.4, 0.42])])
    assert "images" in with_images.advantages[1].sources
    assert with_images.advantages[1].difference.low == pytest.approx(without.advantages[1].difference.low)


def test_one_seed_each_says_who_is_ahead_but_not_how_surely():
    outcome = confirm([setting(0, [0.4]), setting(1, [0.5])], untrained=(0.3, None))
    assert outcome.winner == 1
    assert outcome.advantages[0].probability is None
    assert math.isnan(outcome.advantages[0].difference.low)
    assert outcome.over_untrained.difference.estimate == pytest.approx(0.2)


def test_the_untrained_weights_have_no_seeds_to_scatter_over():
    outcome = confirm([setting(0, [0.50, 0.52, 0.54])], untrained=(0.50, None))
    half = 4.3027 * 0.02 / math.sqrt(3)
    assert outcome.over_untrained.difference.high == pytest.approx(0.02 + half, abs=0.005)
    assert outcome.advantages == (None,)


@given(
    st.lists(
        st.lists(st.floats(0, 1, width=16), min_size=2, max_size=5),
        min_size=2,
        max_size=4,
    )
)
def test_the_winner_is_at_least_as_likely_better_as_not_when_all_have_as_many_seeds(groups):
    count = min(len(values) for values in groups)
    settings = [setting(place, values[:count]) for place, values in enumerate(groups)]
    outcome = confirm(settings)
    best = outcome.settings[outcome.winner]
    for other, advantage in zip(outcome.settings, outcome.advantages, strict=True):
        if advantage is None:
            assert other is best
        elif best.mean >= other.mean:
            assert advantage.probability >= 0.47
        assert advantage is None or advantage.difference.estimate == pytest.approx(best.mean - other.mean)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda: confirm([]), "no setting to confirm", id="nothing to confirm"),
        pytest.param(lambda: setting(3, []), "Trial 3 has no training", id="a setting without trainings"),
        pytest.param(lambda: setting(3, [0.5], resampled=np.ones((2, 11))), "2 rows", id="resamples of other seeds"),
    ],
)
def test_what_cannot_be_judged_is_refused(make, message):
    with pytest.raises(DataError, match=message):
        make()
