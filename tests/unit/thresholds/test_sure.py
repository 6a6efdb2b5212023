import numpy as np
import pytest
from hypothesis import given

from src.core.detection_records import DetectionRecords
from src.thresholds.criteria import best_f, few_false_alarms, most_precision, most_recall
from src.thresholds.curve import sweep
from src.thresholds.select import select
from src.thresholds.sure import counts_by_image, select_surely
from tests.unit.thresholds.strategies import random_detections, scored

IOU = 0.7


def chosen(some, criterion):
    return select_surely({IOU: some}, {IOU: sweep(some)}, criterion)


@given(scored())
def test_counts_by_image_add_up_to_those_of_the_curve(some):
    curve = sweep(some)
    counts = counts_by_image(some, curve, np.arange(len(curve.thresholds)))
    np.testing.assert_array_equal(counts.kept.sum(axis=0), curve.counts.kept)
    np.testing.assert_array_equal(counts.hits.sum(axis=0), curve.counts.hits)
    np.testing.assert_array_equal(counts.positives.sum(), curve.counts.positives)


@pytest.mark.parametrize("criterion", [most_recall(0.3), most_precision(0.2), few_false_alarms(0.8)])
def test_a_constraint_is_kept_with_a_margin(criterion):
    some = random_detections(0, images=200, classes=1, detections=2000, hit_rate=0.7)
    counts = chosen(some, criterion).point.counts
    assert criterion.shortfall(counts) < 0
    assert criterion.goodness(counts) < criterion.goodness(select({IOU: sweep(some)}, criterion).point.counts)


def test_without_a_constraint_the_best_is_chosen():
    some = random_detections(0, images=20, classes=1, detections=200, hit_rate=0.7)
    assert chosen(some, best_f()).point.index == select({IOU: sweep(some)}, best_f()).point.index


def test_few_images_make_nothing_sure_and_it_is_said_how_many_would():
    """Ten hits on ten images: the lower bound of a precision of 1 is 10 / (10 + 2.26²) = 0.66."""
    ten = np.arange(10)
    some = DetectionRecords(ten, 0 * ten, np.linspace(0.5, 0.9, 10), np.ones((10, 10), bool), np.ones((10, 1), int))
    selection = chosen(some, most_recall(0.9))
    assert selection.point is None
    assert selection.reason == (
        "10 images cannot make sure of it (95 %): recall as large as possible with precision at least 0.9."
        " About 115 images in val would be enough."
    )
    assert selection.nearest.counts.precision == 1


def test_what_no_threshold_reaches_is_out_of_reach_with_any_number_of_images():
    some = random_detections(0, images=50, classes=1, detections=500, hit_rate=0.3)
    assert chosen(some, most_precision(0.999)).reason.startswith("No threshold at any NMS IoU satisfies")
