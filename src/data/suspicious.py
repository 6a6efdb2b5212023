"""Labels that are probably wrong: boxes that lie on each other."""

from dataclasses import dataclass

import numpy as np

from src.core.detections import GroundTruth
from src.data.duplicates import pairwise_iou

SAME_IOU = 0.9  # two boxes of a class that overlap more are one object that was labelled twice


@dataclass(frozen=True)
class LabelledTwice:
    """Two boxes of one class on nearly the same place.

    Attributes:
        file: The image, below the data set's folder.
        class_name: Their class.
        iou: How much they overlap.
    """

    file: str
    class_name: str
    iou: float


def labelled_twice(truth: GroundTruth) -> list[LabelledTwice]:
    """The pairs of boxes of a class that overlap by more than `SAME_IOU`, those that overlap most first."""
    found = []
    for image in np.unique(truth.image_index):
        here = np.flatnonzero(truth.image_index == image)
        classes, boxes_xyxy = truth.class_index[here], truth.boxes_xyxy[here]
        iou = pairwise_iou(boxes_xyxy[:, :2], boxes_xyxy[:, 2:])
        same = (iou > SAME_IOU) & (classes[:, None] == classes)
        found += [
            LabelledTwice(truth.files[image], truth.class_names[classes[a]], float(iou[a, b]))
            for a, b in np.argwhere(np.triu(same, k=1))
        ]
    return sorted(found, key=lambda pair: -pair.iou)
