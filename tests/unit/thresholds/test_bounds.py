import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.jackknife import student_t
from src.thresholds.bounds import least_share, most_per_image

COUNTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=40)


def columns(counts):
    part, rest = (np.array(column, float)[:, None] for column in zip(*counts, strict=True))
    return part, part + rest


@given(COUNTS)
def test_a_share_is_surely_less_than_what_was_seen(counts):
    part, whole = columns(counts)
    [bound] = least_share(part, whole)
    assert 0 <= bound <= 1e-9 + part.sum() / max(whole.sum(), 1)


@given(COUNTS)
def test_a_mean_is_surely_more_than_what_was_seen(counts):
    part, _ = columns(counts)
    assert most_per_image(part)[0] > part.mean()


def test_where_all_are_right_the_bound_is_wilsons():
    ones = np.ones((20, 1))
    assert least_share(3 * ones, 3 * ones)[0] == pytest.approx(60 / (60 + student_t(19) ** 2))


def test_where_there_was_no_false_alarm_the_bound_is_garwoods():
    """-ln(0.025) over the number of images."""
    assert most_per_image(np.zeros((50, 1)))[0] == pytest.approx(3.689 / 50, abs=1e-4)


def test_nothing_is_sure_from_one_image():
    assert least_share(np.array([[9.0]]), np.array([[9.0]]))[0] == pytest.approx(0, abs=1e-9)
    assert most_per_image(np.array([[1.0]]))[0] == np.inf


def test_columns_do_not_touch_each_other():
    part, whole = np.array([[3.0, 0.0], [2.0, 4.0], [3.0, 1.0]]), np.array([[3.0, 1.0], [4.0, 4.0], [3.0, 2.0]])
    alone = [least_share(part[:, [column]], whole[:, [column]])[0] for column in (0, 1)]
    np.testing.assert_allclose(least_share(part, whole), alone)
