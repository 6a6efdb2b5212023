from collections import Counter

import numpy as np
from hypothesis import given, settings

from src.evaluation.confusion import BACKGROUND, confusion_matrix, confusion_pairs
from src.evaluation.matching import match
from tests.unit.evaluation.scenes import detected, ground_truth, scenes

A, B, C = [0, 0, 10, 10], [50, 0, 60, 10], [0, 50, 10, 60]


def test_every_kind_of_confusion_has_its_cell():
    """A hit, a wrong class, a miss, a false alarm, a duplicate."""
    truth = ground_truth([0, 0, 0], [0, 1, 1], [A, B, C], images=1, classes=2)
    detections = detected([0] * 4, [0, 0, 1, 0], [0.9, 0.8, 0.7, 0.6], [A, B, [80, 80, 90, 90], A])
    assert confusion_matrix(detections, truth).tolist() == [[1, 0, 0], [1, 0, 1], [1, 1, 0]]


def test_a_right_class_comes_before_a_better_score():
    """A box goes to the detection of its class, also when one of another class is more confident."""
    truth = ground_truth([0], [1], [A], images=1, classes=2)
    detections = detected([0, 0], [0, 1], [0.9, 0.3], [A, A])
    assert confusion_matrix(detections, truth).tolist() == [[0, 0, 0], [0, 1, 0], [1, 0, 0]]


@given(scenes())
@settings(max_examples=60)
def test_rows_count_the_boxes_and_columns_the_detections(scene):
    """And the diagonal the hits of each class."""
    detections, truth = scene
    matrix = confusion_matrix(detections, truth)
    assert matrix[:-1].sum(axis=1).tolist() == truth.positives.sum(axis=0).tolist()
    assert (
        matrix[:, :-1].sum(axis=0).tolist() == np.bincount(detections.class_index, minlength=truth.class_count).tolist()
    )
    hits = detections.class_index[match(detections, truth).hit]
    assert np.diag(matrix)[:-1].tolist() == np.bincount(hits, minlength=truth.class_count).tolist()
    assert matrix[-1, -1] == 0


@given(scenes())
@settings(max_examples=20)
def test_pairs_say_the_same_as_the_matrix(scene):
    matrix = confusion_matrix(*scene)
    names = (*scene[1].class_names, BACKGROUND)
    counts = Counter(confusion_pairs(matrix, scene[1].class_names))
    assert counts == {
        (names[row], names[column]): matrix[row, column]
        for row in range(len(names))
        for column in range(len(names))
        if matrix[row, column]
    }
