from dataclasses import replace

import numpy as np

from src.thresholds.criteria import best_f, most_recall
from src.thresholds.per_class import per_class
from tests.unit.thresholds.strategies import records


def two_classes(boxes_of_second):
    """Ten hits of class 0 at 0.8 with noise at 0.3; of class 1 at 0.4 with noise at 0.1."""
    class_index = np.repeat([0, 1], 20)
    hit = np.tile(np.repeat([True, False], 10), 2)
    hit[20 + boxes_of_second : 30] = False
    scores = np.repeat([0.8, 0.3, 0.4, 0.1], 10)
    return records(np.zeros(40, np.int64), class_index, scores, hit, np.array([[10, boxes_of_second]]))


def test_each_class_with_enough_boxes_has_its_own_threshold():
    first, second = per_class(two_classes(10), best_f(), all_classes=0.5, iou=0.7, min_positives=10)
    assert first.own
    assert second.own
    assert 0.3 <= first.score < 0.8
    assert 0.1 <= second.score < 0.4


def test_a_class_with_too_few_boxes_has_the_threshold_for_all_and_says_why():
    first, second = per_class(two_classes(4), best_f(), all_classes=0.5, iou=0.7, min_positives=10)
    assert first.own
    assert (second.own, second.score) == (False, 0.5)
    assert "4 boxes, fewer than 10" in second.reason


def test_a_class_that_cannot_satisfy_the_constraint_has_the_threshold_for_all_and_says_why():
    """Of class 1 four of the ten highest scores are hits, which is no precision of 0.6; ten of ten surely are one."""
    some = two_classes(4)
    positives = np.stack([np.ones(10, np.int64), np.arange(10) < 4], axis=1).astype(np.int64)
    spread = replace(some, image_index=np.tile(np.arange(10), 4), positives=positives)
    first, second = per_class(spread, most_recall(0.6), all_classes=0.5, iou=0.7, min_positives=1)
    assert first.own
    assert (second.own, second.score) == (False, 0.5)
    assert "precision at least 0.6" in second.reason
