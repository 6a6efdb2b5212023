import numpy as np

from src.thresholds.criteria import best_f
from src.thresholds.curve import sweep
from src.thresholds.held_out import FOLDS, held_out_counts
from src.thresholds.operating_point import DEFAULT, OperatingPoint, counts_by_image, in_all
from src.thresholds.select import select
from tests.unit.thresholds.strategies import random_detections

IOU = DEFAULT.iou


def best(detections):
    point = select({iou: sweep(each) for iou, each in detections.items()}, best_f()).point
    return None if point is None else OperatingPoint(point.iou, point.score)


def test_each_image_is_judged_at_a_point_that_it_had_no_part_in():
    """With a fixed point that is the count of all images; the choice never sees the tenth that is judged."""
    some = random_detections(0, images=35, classes=2, detections=300, hit_rate=0.6)
    seen = []

    def fixed(detections):
        seen.append(detections[IOU].image_count)
        return DEFAULT

    np.testing.assert_array_equal(held_out_counts({IOU: some}, fixed, DEFAULT), counts_by_image(some, DEFAULT))
    assert len(seen) == FOLDS
    assert set(seen) <= {31, 32}


def test_the_chosen_point_looks_worse_on_images_that_did_not_choose_it():
    gains = []
    for seed in range(20):
        some = random_detections(seed, images=12, classes=1, detections=60, hit_rate=0.5)
        point = best({IOU: some})
        held_out = held_out_counts({IOU: some}, best, point)
        gains.append(in_all(counts_by_image(some, point)).f() - in_all(held_out).f())
    assert np.mean(gains) > 0


def test_one_image_alone_is_judged_at_the_point_it_chose():
    some = random_detections(3, images=1, classes=1, detections=9, hit_rate=0.6)
    np.testing.assert_array_equal(held_out_counts({IOU: some}, best, DEFAULT), counts_by_image(some, DEFAULT))
