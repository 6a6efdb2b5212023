import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import DataError
from src.thresholds.operating_point import OperatingPoint, counts_by_image, differences, intervals, most_different
from tests.unit.thresholds.strategies import random_detections, scored


@given(scored(), st.floats(0, 1))
def test_the_metrics_are_those_of_the_boxes_kept(some, score):
    """Precision, recall and F1 by their definitions; unknown where they would divide by nothing."""
    counts = counts_by_image(some, OperatingPoint(iou=0.7, score=score))
    metrics = intervals(counts).by_name()
    kept = some.scores > score
    hits, boxes = some.hit[kept].sum(), some.positives.sum()
    expected = {
        "precision": hits / kept.sum() if kept.any() else np.nan,
        "recall": hits / boxes if boxes else np.nan,
        "F1": 2 * hits / (kept.sum() + boxes) if boxes else np.nan,
    }
    for name, value in expected.items():
        assert metrics[name].estimate == pytest.approx(value, nan_ok=True)


@given(scored())
def test_thresholds_of_classes_that_are_all_alike_are_one_threshold(some):
    alike = OperatingPoint(0.7, 0.9, class_scores=(0.4,) * some.class_count)
    np.testing.assert_array_equal(counts_by_image(some, alike), counts_by_image(some, OperatingPoint(0.7, 0.4)))


def differ(a, b):
    return differences(a, b, exchanges=200, seed=0)


def test_a_point_does_not_differ_from_itself_but_may_on_other_images():
    some = random_detections(0, images=8, classes=2, detections=60, hit_rate=0.6)
    counts = counts_by_image(some, OperatingPoint(0.7, 0.5))
    for difference in differ(counts, counts).by_name().values():
        assert difference.estimate == 0
        assert (-difference.low, difference.high) == pytest.approx((1 - 0.05 ** (1 / 8),) * 2)


def test_a_point_that_is_better_on_each_image_differs_for_certain():
    """The hits are the same, one point has a false alarm more on each image."""
    better = np.tile([2, 2, 2], (10, 1))
    worse = np.tile([3, 2, 2], (10, 1))
    assert differ(better, worse).f1.excludes_zero


def test_points_on_other_images_cannot_be_compared():
    with pytest.raises(DataError, match="not evaluated on the same images"):
        differ(np.array([[1, 1, 1], [1, 1, 1]]), np.array([[1, 1, 1], [1, 1, 2]]))


def test_the_images_that_differ_most_come_first_and_those_alike_not_at_all():
    """By hits and false alarms together."""
    before = np.array([[3, 2, 4], [0, 0, 1], [5, 5, 5], [1, 1, 1]])
    after = np.array([[3, 2, 4], [4, 1, 1], [4, 3, 5], [1, 0, 1]])
    assert most_different(before, after, 2) == [1, 2]
    assert most_different(before, before, 2) == []
