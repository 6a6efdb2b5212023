"""Objects that were labelled twice.

Exports of labelling tools double annotations, to the letter or but for rounding. Ultralytics drops equal rows when it
trains, so that a model is trained on one box, and would be judged by two. Here the rule is applied once, before
anything is written, so that all readers of prepared data see the same boxes.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from src.data.labels import Box

# Two boxes of equal size overlap that much when one is moved by 2.5 % of its width. Of the 929 boxes of COCO128, no two
# of a class overlap with more than 0.87.
SAME_BOX_IOU: Final = 0.95


def without_duplicates(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """The boxes, of those of one class that overlap with at least `SAME_BOX_IOU` only the first."""
    if len(boxes) < 2:
        return tuple(boxes)
    iou = _pairwise_iou(np.array([(b.x_centre, b.y_centre, b.width, b.height) for b in boxes]))
    classes = np.array([box.class_id for box in boxes])
    same = (iou >= SAME_BOX_IOU) & (classes[:, None] == classes[None, :])
    kept: list[int] = []
    for number in range(len(boxes)):
        if not same[number, kept].any():
            kept.append(number)
    return tuple(boxes[number] for number in kept)


def _pairwise_iou(boxes_xywh: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of all pairs, (n, n), of boxes (n, 4) with centre and size."""
    low, high = boxes_xywh[:, :2] - boxes_xywh[:, 2:] / 2, boxes_xywh[:, :2] + boxes_xywh[:, 2:] / 2
    shared = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
    inter = np.prod(np.maximum(shared, 0), axis=-1)
    area = np.prod(boxes_xywh[:, 2:], axis=1)
    return np.asarray(inter / (area[:, None] + area[None] - inter))
