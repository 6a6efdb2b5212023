"""Objects that were labelled twice.

Exports of labelling tools double annotations, to the letter or but for rounding. Ultralytics drops equal rows when it
trains, so that a model is trained on one box, and would be judged by two. Here the rule is applied once, before
anything is written, so that all readers of prepared data see the same boxes.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from src.data.labels import Box, corners

# Two boxes of equal size overlap that much when one is moved by 2.5 % of its width. Of the 929 boxes of COCO128, no two
# of a class overlap with more than 0.87.
SAME_BOX_IOU: Final = 0.95
# What rounding to three decimals moves an edge by, and less than a pixel of most images: it takes more than 5 % off the
# overlap of small boxes.
_ROUNDING: Final = 0.001
# What rounding leaves of the overlap of boxes of 0.002 times 0.002. Smaller objects side by side share less.
_ROUNDED_IOU: Final = 0.2


def without_duplicates(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """The boxes, of those of one class that differ by their rounding or overlap with `SAME_BOX_IOU` only the first."""
    if len(boxes) < 2:
        return tuple(boxes)
    low, high = np.hsplit(corners(np.array([box.xywh for box in boxes])), 2)
    iou = pairwise_iou(low, high)
    moved = np.maximum(np.abs(low[:, None] - low), np.abs(high[:, None] - high)).max(axis=-1)
    classes = np.array([box.class_id for box in boxes])
    same = ((iou >= SAME_BOX_IOU) | ((moved <= _ROUNDING) & (iou >= _ROUNDED_IOU))) & (
        classes[:, None] == classes[None, :]
    )
    kept: list[int] = []
    for number in range(len(boxes)):
        if not same[number, kept].any():
            kept.append(number)
    return tuple(boxes[number] for number in kept)


def pairwise_iou(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of all pairs, (n, n), of boxes with these corners, (n, 2); 0 for two without area."""
    shared = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
    inter = np.prod(np.maximum(shared, 0), axis=-1)
    area = np.prod(high - low, axis=1)
    return np.asarray(inter / np.maximum(area[:, None] + area[None] - inter, np.finfo(np.float64).tiny))
