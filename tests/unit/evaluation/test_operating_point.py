import numpy as np
import pytest
from hypothesis import given

from src.evaluation.operating_point import OperatingPoint, best_f1
from src.evaluation.records import DetectionRecords
from tests.unit.evaluation.strategies import records


@given(records(levels=5))
def test_no_threshold_is_better(some):
    """Trying every score that occurs finds no better F1, and no higher threshold that is as good; scores may tie."""
    positives = some.positives.sum()
    best = best_f1(some)
    f1_at = {}
    for score in np.unique(some.scores):
        kept = some.scores >= score
        hits = some.true_positive[kept, 0].sum()
        f1_at[score] = 2 * hits / (kept.sum() + positives) if positives else 0.0
    assert best.f1 == pytest.approx(max(f1_at.values(), default=0.0))
    assert all(f1 < best.f1 for score, f1 in f1_at.items() if score > best.score)


@given(records())
def test_precision_and_recall_are_those_of_the_threshold(some):
    """Keeping the detections from the threshold on gives the precision and recall that are reported."""
    point = best_f1(some)
    kept = some.scores >= point.score
    hits = some.true_positive[kept, 0].sum()
    if point.f1:
        assert point.precision == hits / kept.sum()
        assert point.recall == hits / some.positives.sum()
        assert point.f1 == pytest.approx(2 / (1 / point.precision + 1 / point.recall))


def test_equal_scores_pass_together():
    """A true positive cannot be kept without the false positive of the same score."""
    tied = DetectionRecords(
        np.zeros(2, int), np.zeros(2, int), np.full(2, 0.5), np.array([[True] * 10, [False] * 10]), np.array([[1]])
    )
    assert best_f1(tied) == OperatingPoint(score=0.5, precision=0.5, recall=1.0, f1=pytest.approx(2 / 3))


def test_small_scores_do_not_end_at_threshold_zero():
    """Many false positives of tiny scores below a few true ones, all below 0.05, do not hide the good threshold."""
    hits = np.zeros((3000, 10), bool)
    hits[:20] = True
    tiny = DetectionRecords(
        np.zeros(3000, int), np.zeros(3000, int), np.linspace(0.05, 0.001, 3000), hits, np.array([[31]])
    )
    point = best_f1(tiny)
    assert (point.precision, point.recall) == (1.0, 20 / 31)


def test_without_a_true_positive_nothing_is_kept():
    """When no threshold finds anything, the threshold is one and all figures are zero."""
    misses = DetectionRecords(
        np.zeros(2, int), np.zeros(2, int), np.array([0.9, 0.8]), np.zeros((2, 10), bool), np.array([[1]])
    )
    assert best_f1(misses) == OperatingPoint(score=1.0, precision=0.0, recall=0.0, f1=0.0)
