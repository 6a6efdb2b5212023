import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.thresholds.calibration import reliability
from tests.unit.thresholds.strategies import records, scored


@given(scored(), st.floats(0, 1))
def test_each_detection_is_in_one_bin_and_no_bin_crosses_the_threshold(some, score):
    kept = some.scores > score
    table = reliability(some, kept)
    assert table.detections.sum() == len(some.scores)
    assert table.detections[table.kept].sum() == kept.sum()
    assert (table.detections > 0).all()
    assert (table.detections * table.mean_score).sum() == pytest.approx(some.scores.sum())
    assert (table.detections * table.hit_rate).sum() == pytest.approx(some.hit.sum())
    assert (np.diff(table.mean_score) > 0).all()


def test_scores_that_are_what_they_look_like_have_no_error():
    """Of those at 0.8 four of five are right, of those at 0.2 one of five."""
    table = reliability(
        detections(np.repeat([0.8, 0.2], 5), [1, 1, 1, 1, 0, 1, 0, 0, 0, 0]), np.repeat([True, False], 5)
    )
    assert table.ece == pytest.approx(0)
    assert table.ece_kept == pytest.approx(0)


def test_the_error_is_the_mean_distance_of_scores_from_what_is_right():
    """Five at 0.9 of which none is right; five at 0.1 of which all are."""
    table = reliability(detections(np.repeat([0.9, 0.1], 5), [0] * 5 + [1] * 5), np.repeat([True, False], 5))
    assert table.ece == pytest.approx(0.9)
    assert table.ece_kept == pytest.approx(0.9)


def test_equal_scores_share_a_bin():
    table = reliability(detections(np.full(50, 0.3), [1, 0] * 25), np.zeros(50, bool))
    assert table.detections.tolist() == [50]


def test_without_detections_nothing_is_known():
    table = reliability(detections([], []), np.zeros(0, bool))
    assert np.isnan(table.ece)
    assert np.isnan(table.ece_kept)


def detections(scores, hit):
    zeros = np.zeros(len(scores), np.int64)
    return records(zeros, zeros, np.array(scores, float), np.array(hit, bool), np.array([[len(scores)]]))
