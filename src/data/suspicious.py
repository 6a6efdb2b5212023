"""Labels that are probably wrong: boxes that lie on each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detections import GroundTruth

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
        overlap = _ious(truth.boxes_xyxy[here])
        first, second = np.nonzero(np.triu(overlap > SAME_IOU, k=1))
        for a, b in zip(here[first], here[second], strict=True):
            if truth.class_index[a] == truth.class_index[b]:
                name = truth.class_names[truth.class_index[a]]
                iou = float(overlap[np.searchsorted(here, a), np.searchsorted(here, b)])
                found.append(LabelledTwice(truth.files[image], name, iou))
    return sorted(found, key=lambda pair: -pair.iou)


def _ious(boxes_xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of all pairs of boxes, (N, N)."""
    low = np.maximum(boxes_xyxy[:, None, :2], boxes_xyxy[None, :, :2])
    high = np.minimum(boxes_xyxy[:, None, 2:], boxes_xyxy[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).prod(axis=1)
    ious: NDArray[np.float64] = shared / np.maximum(areas[:, None] + areas[None, :] - shared, 1e-9)
    return ious
