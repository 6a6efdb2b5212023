"""Labels that a detector contradicts: to be looked at by a person, since the detector may be the one that is wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from src.core.detections import Detections, GroundTruth
from src.data.duplicates import pairwise_iou

SURE = 0.6  # the score from which a detection without a label counts
SEEN = 0.05  # the score from which a detection confirms that something is where a label is
SAME_IOU = 0.5  # two boxes that overlap less are not of one object
NEAR_IOU = 0.2  # a detection that overlaps no label by more stands alone


class Doubt(Enum):
    """How a detector contradicts the labels."""

    UNLABELLED = "no label where the model is sure of an object"
    OTHER_CLASS = "the model is sure of another class"
    UNSEEN = "a label where the model sees nothing"


@dataclass(frozen=True)
class Contradiction:
    """A box on which labels and detector do not agree.

    Attributes:
        doubt: How.
        image: Its number in the split.
        class_name: The label's class; where there is no label, the detection's.
        score: Of the detection; 0 where there is none.
        box_xyxy: Corners in pixels of the image, (4,).
    """

    doubt: Doubt
    image: int
    class_name: str
    score: float
    box_xyxy: NDArray[np.float64]


def contradictions(
    detections: Detections, truth: GroundTruth, known: Sequence[bool] | None = None
) -> list[Contradiction]:
    """Where a detector contradicts a split's labels: by doubt, in its order, and the most evident first.

    Of detections these are the ones with the highest scores, of labels that nothing confirms the largest boxes.

    Args:
        detections: Of the split.
        truth: Its labels.
        known: Which of the data's classes the detector knows, C of them; labels of others are not judged. None for all.
    """
    judged = np.ones(truth.class_count, bool) if known is None else np.array(known, bool)
    found = [
        contradiction
        for image in range(truth.image_count)
        for contradiction in _of_image(image, detections, truth, judged)
    ]
    order = list(Doubt)
    return sorted(found, key=lambda each: (order.index(each.doubt), -each.score, -_area(each.box_xyxy)))


def _of_image(
    image: int, detections: Detections, truth: GroundTruth, known: NDArray[np.bool_]
) -> Iterator[Contradiction]:
    here = detections.where(detections.image_index == image)
    labelled = truth.image_index == image
    boxes, classes = truth.boxes_xyxy[labelled], truth.class_index[labelled]
    iou = _iou(here.boxes_xyxy, boxes)
    for number in np.flatnonzero(here.scores >= SURE):
        name, score, box = truth.class_names[here.class_index[number]], here.scores[number], here.boxes_xyxy[number]
        if not (iou[number] > NEAR_IOU).any():
            yield Contradiction(Doubt.UNLABELLED, image, name, float(score), box)
            continue
        on_it = iou[number] >= SAME_IOU
        if on_it.any() and known[classes[on_it]].all() and not (classes[on_it] == here.class_index[number]).any():
            label = int(np.argmax(iou[number]))
            yield Contradiction(Doubt.OTHER_CLASS, image, truth.class_names[classes[label]], float(score), boxes[label])
    seen = (iou[here.scores >= SEEN] > NEAR_IOU).any(axis=0)
    for number in np.flatnonzero(~seen & known[classes]):
        yield Contradiction(Doubt.UNSEEN, image, truth.class_names[classes[number]], 0.0, boxes[number])


def _iou(first_xyxy: NDArray[np.float64], second_xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of each box of one list with each of another, (N, M)."""
    both = np.concatenate([first_xyxy, second_xyxy])
    return pairwise_iou(both[:, :2], both[:, 2:])[: len(first_xyxy), len(first_xyxy) :]


def _area(box_xyxy: NDArray[np.float64]) -> float:
    return float(np.prod(box_xyxy[2:] - box_xyxy[:2]))
