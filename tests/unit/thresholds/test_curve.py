import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import DataError
from src.thresholds.curve import sweep, thresholds_between
from tests.unit.thresholds.strategies import records, scored


@given(scored())
def test_each_threshold_keeps_what_the_curve_says_under_a_strict_comparison(some):
    """The counts are those of `score > threshold`, in double and in the single precision of detectors."""
    curve = sweep(some)
    single = some.scores.astype(np.float32)
    for index, threshold in enumerate(curve.thresholds):
        kept = some.scores > threshold
        np.testing.assert_array_equal(kept, single > np.float32(threshold))
        assert curve.counts.kept[index] == kept.sum()
        assert curve.counts.hits[index] == some.hit[kept].sum()


@given(scored())
def test_the_thresholds_are_all_that_make_a_difference(some):
    """There is one for each distinct score and one that keeps nothing; the last keeps all."""
    curve = sweep(some)
    assert len(curve.thresholds) == len(np.unique(some.scores)) + 1
    assert curve.counts.kept[0] == 0
    assert curve.counts.kept[-1] == len(some.scores)


@given(st.lists(st.floats(float(np.float32(0.001)), 1, width=32, exclude_min=True), unique=True, max_size=20))
def test_a_threshold_lies_in_its_gap(scores):
    """Not below the next score, and below the score that has to pass, also after rounding to single precision."""
    scores = np.sort(np.array(scores, np.float64))[::-1]
    thresholds = thresholds_between(scores, 0.001)
    above, below = np.concatenate([[1.0], scores]), np.concatenate([scores, [0.001]])
    assert (thresholds >= below).all()
    assert (thresholds[1:] < above[1:]).all()
    assert (thresholds[1:].astype(np.float32) < above[1:].astype(np.float32)).all()


def test_neighbouring_numbers_are_kept_apart():
    """Between adjacent single-precision scores the middle would round up to the upper one and lose its box."""
    upper = np.float32(0.3)
    lower = np.nextafter(upper, np.float32(0))
    below = np.nextafter(lower, np.float32(0))
    scores = np.array([upper, lower, below], np.float64)
    for count, threshold in enumerate(thresholds_between(scores, 0.001)):
        assert (scores > threshold).sum() == (np.array([upper, lower, below]) > np.float32(threshold)).sum() == count


def test_a_threshold_lies_midway_between_the_scores_that_it_separates():
    np.testing.assert_allclose(thresholds_between(np.array([0.8, 0.4, 0.2]), 0.1), [0.9, 0.6, 0.3, 0.15], rtol=1e-6)


def test_nan_scores_are_refused():
    with pytest.raises(Exception, match=r"scores\[1\] is nan"):
        one_image([0.5, np.nan], [True, False], boxes=1)


@pytest.mark.parametrize(
    ("scores", "hit", "boxes", "message"),
    [
        pytest.param([0.5, 0.4], [True, True], 1, "each box can be matched once", id="more hits than boxes"),
        pytest.param([1.5], [False], 1, r"scores\[0\] is 1.5", id="a score above one"),
        pytest.param([0.5], [True, False], 1, "true_positive has shape", id="arrays of different length"),
    ],
)
def test_impossible_detections_are_refused(scores, hit, boxes, message):
    with pytest.raises(Exception, match=message):
        one_image(scores, hit, boxes)


@pytest.mark.parametrize("floor", [0.0, 0.25])
def test_a_score_that_passes_no_threshold_is_refused(floor):
    with pytest.raises(DataError, match=rf"scores\[1\] is {floor}"):
        sweep(one_image([0.5, floor], [True, False], boxes=1), floor)


def test_a_floor_that_keeps_nothing_is_refused():
    with pytest.raises(DataError, match=r"floor is 1\.0"):
        sweep(one_image([0.5], [True], boxes=1), 1.0)


def one_image(scores, hit, boxes):
    zeros = np.zeros(len(scores), np.int64)
    return records(zeros, zeros, np.array(scores, float), np.array(hit, bool), np.array([[boxes]]))
