import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.detections import GroundTruth
from src.data.suspicious import labelled_twice


def truth(boxes_xyxy, image_index=None, class_index=None):
    count = len(boxes_xyxy)
    return GroundTruth(
        files=("a.png", "b.png"),
        sizes_wh=np.full((2, 2), 100),
        class_names=("cat", "dog"),
        image_index=np.zeros(count, int) if image_index is None else np.array(image_index),
        class_index=np.zeros(count, int) if class_index is None else np.array(class_index),
        boxes_xyxy=np.array(boxes_xyxy, float).reshape(-1, 4),
    )


NEAR = [[10, 10, 50, 50], [10, 10, 50, 51]]


def test_two_boxes_of_a_class_on_one_place_are_one_object():
    (pair,) = labelled_twice(truth([[60, 60, 70, 70], *NEAR]))
    assert (pair.file, pair.class_name) == ("a.png", "cat")
    assert pair.iou == pytest.approx(40 * 40 / (40 * 41))


def test_boxes_of_other_classes_images_or_places_are_two():
    assert labelled_twice(truth(NEAR, class_index=[0, 1])) == []
    assert labelled_twice(truth(NEAR, image_index=[0, 1])) == []
    assert labelled_twice(truth([[10, 10, 50, 50], [20, 10, 60, 50]])) == []
    assert labelled_twice(truth([])) == []


def test_the_images_name_is_that_of_its_place():
    (pair,) = labelled_twice(truth([[0, 0, 9, 9], *NEAR], image_index=[0, 1, 1]))
    assert pair.file == "b.png"


@given(st.lists(st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(0, 60)] * 2), max_size=8))
def test_any_boxes_can_be_looked_at(corners):
    """Boxes without area, too."""
    found = labelled_twice(truth([[x, y, x + width, y + height] for x, y, width, height in corners]))
    assert all(0.9 < pair.iou <= 1 for pair in found)
