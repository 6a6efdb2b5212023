"""Which labels a model contradicts."""

import numpy as np
import pytest

from src.core.detections import Detections, GroundTruth
from src.passes.contradicted import Contradiction, Doubt, contradictions

BOX, BESIDE, HALF = [10, 10, 30, 30], [60, 60, 90, 90], [10, 10, 30, 20]
PERSON, DOG = 0, 1


def found(labels, detections, known=None) -> list[Contradiction]:
    """On one image of 100 by 100 with labels (box, class) and detections (box, class, score)."""
    truth = GroundTruth(
        files=("images/val/a.jpg",),
        sizes_wh=np.array([[100, 100]]),
        class_names=("person", "dog"),
        image_index=np.zeros(len(labels), np.int64),
        class_index=np.array([which for _, which in labels], np.int64),
        boxes_xyxy=np.array([box for box, _ in labels], float).reshape(-1, 4),
    )
    seen = Detections(
        image_index=np.zeros(len(detections), np.int64),
        class_index=np.array([which for _, which, _ in detections], np.int64),
        scores=np.array([score for *_, score in detections], float),
        boxes_xyxy=np.array([box for box, *_ in detections], float).reshape(-1, 4),
    )
    return contradictions(seen, truth, known)


@pytest.mark.parametrize(
    ("labels", "detections", "expected"),
    [
        pytest.param([(BOX, PERSON)], [(BOX, PERSON, 0.9)], [], id="agreed"),
        pytest.param([], [(BOX, PERSON, 0.9)], [(Doubt.UNLABELLED, "person")], id="no label"),
        pytest.param([], [(BOX, PERSON, 0.4)], [], id="not sure"),
        pytest.param([(BOX, PERSON)], [], [(Doubt.UNSEEN, "person")], id="nothing seen"),
        pytest.param([(BOX, PERSON)], [(BOX, PERSON, 0.1)], [], id="hardly seen"),
        pytest.param([(BOX, PERSON)], [(BOX, DOG, 0.9)], [(Doubt.OTHER_CLASS, "person")], id="another class"),
        pytest.param([(BOX, PERSON), (BOX, DOG)], [(BOX, DOG, 0.9)], [], id="two objects on one place"),
        pytest.param([(BOX, PERSON)], [(HALF, PERSON, 0.9)], [], id="a box of half of it"),
        pytest.param(
            [(BOX, PERSON)],
            [(BESIDE, PERSON, 0.8)],
            [(Doubt.UNLABELLED, "person"), (Doubt.UNSEEN, "person")],
            id="elsewhere",
        ),
    ],
)
def test_a_label_is_in_doubt_where_the_model_is_sure_of_something_else(labels, detections, expected):
    assert [(each.doubt, each.class_name) for each in found(labels, detections)] == expected


def test_labels_of_a_class_that_the_model_does_not_know_are_not_judged():
    """Neither where it sees nothing nor where it sees a class that it knows."""
    assert found([(BOX, DOG)], [], known=(True, False)) == []
    assert found([(BOX, DOG)], [(BOX, PERSON, 0.9)], known=(True, False)) == []


def test_the_most_evident_come_first():
    both = found([], [(BOX, PERSON, 0.7), (BESIDE, PERSON, 0.9)])
    assert [each.score for each in both] == [0.9, 0.7]
