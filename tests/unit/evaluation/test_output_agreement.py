"""Whether a package gives the recorded boxes."""

import numpy as np
import pytest

from src.core.detections import Detections
from src.core.errors import RegistryError
from src.evaluation.output_agreement import output_agreement
from src.stages.promote.packaging import require_same

NAMES = ("person", "dog")
RECORDED = Detections(
    image_index=np.array([0, 0, 2]),
    class_index=np.array([0, 1, 0]),
    scores=np.array([0.9, 0.8, 0.7]),
    boxes_xyxy=np.array([[0, 0, 10, 10], [5, 5, 9, 9], [1, 2, 3, 4]], float),
)


def boxes(**changed):
    """The recorded boxes as a package tells them, the last one changed."""
    told = [
        {"image": image, "class": NAMES[index], "confidence": score, "x1": x1, "y1": y1, "x2": x2, "y2": y2}
        for image, index, score, (x1, y1, x2, y2) in zip(
            RECORDED.image_index, RECORDED.class_index, RECORDED.scores, RECORDED.boxes_xyxy, strict=True
        )
    ]
    return [*told[:-1], {**told[-1], **changed}]


@pytest.mark.parametrize(
    ("found", "is_same", "said"),
    [
        pytest.param(boxes(), True, "3 boxes, off by at most 0 px and 0 in confidence", id="the same"),
        pytest.param(boxes(y2=4.25), True, "off by at most 0.25 px", id="other last digits"),
        pytest.param(boxes(x1=-1.0), False, "off by at most 2 px", id="moved"),
        pytest.param(boxes(confidence=0.75), False, "0.05 in confidence", id="surer"),
        pytest.param(boxes()[:-1], False, "2 boxes, not 3", id="one is missing"),
        pytest.param(boxes(**{"class": "dog"}), False, "of other classes", id="another class"),
        pytest.param(boxes(image=1), False, "or on other images", id="another image"),
        pytest.param([], False, "0 boxes, not 3", id="none"),
    ],
)
def test_boxes_are_compared_one_by_one(found, is_same, said):
    compared = output_agreement(found, RECORDED, NAMES)

    assert compared.is_same is is_same
    assert said in str(compared)


def test_nothing_is_like_nothing():
    assert output_agreement([], RECORDED.where(np.zeros(3, bool)), NAMES).is_same


def test_other_boxes_are_refused():
    with pytest.raises(RegistryError, match=r"The model gives 2 boxes, not 3\. Nothing was registered"):
        require_same("The model", output_agreement(boxes()[:-1], RECORDED, NAMES))
