"""Which detections overlap which ground truth boxes, for a whole data set at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detections import Detections, GroundTruth, check_range

_CHUNK_PAIRS = 1_000_000  # some 100 MB of intermediate arrays


@dataclass(frozen=True, eq=False)
class Overlaps:
    """The P pairs of a detection and a ground truth box that overlap at least by a minimum.

    Attributes:
        detection: Index of the detection, (P,) int64, ascending.
        truth: Index of the ground truth box, (P,) int64; for equal detection and IoU ascending.
        iou: Intersection over union, (P,) float64; for equal detection ascending.
        best: The highest IoU of each detection with any box it was compared with, below the minimum too, (N,) float64;
            0 where there is none.
    """

    detection: NDArray[np.int64]
    truth: NDArray[np.int64]
    iou: NDArray[np.float64]
    best: NDArray[np.float64]


def overlaps(detections: Detections, truth: GroundTruth, *, minimum: float, same_class: bool = True) -> Overlaps:
    """Compare the boxes that are on the same image.

    Args:
        detections: N boxes.
        truth: G boxes.
        minimum: Lowest IoU of a pair that is returned.
        same_class: Whether only boxes of the detection's class are compared with it.

    Raises:
        DataError: a detection is on an image, or of a class, that the ground truth does not have.
    """
    check_range("image_index", detections.image_index, 0, truth.image_count - 1)
    check_range("class_index", detections.class_index, 0, truth.class_count - 1)
    wanted, present = detections.image_index, truth.image_index
    if same_class:
        wanted = wanted * truth.class_count + detections.class_index
        present = present * truth.class_count + truth.class_index
    order = np.argsort(present, kind="stable")
    first = np.searchsorted(present[order], wanted, side="left")
    count = np.searchsorted(present[order], wanted, side="right") - first
    best = np.zeros(len(detections))
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for rows in _chunks(count):
        detection = np.repeat(rows, count[rows])
        starts = np.cumsum(count[rows]) - count[rows]
        partner = order[np.repeat(first[rows] - starts, count[rows]) + np.arange(len(detection))]
        iou = paired_iou(detections.boxes_xyxy[detection], truth.boxes_xyxy[partner])
        best[rows] = np.maximum.reduceat(iou, starts)
        kept = iou >= minimum
        found.append((detection[kept], partner[kept], iou[kept]))
    if not found:
        return Overlaps(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), best)
    detection, partner, iou = (np.concatenate(part) for part in zip(*found, strict=True))
    by_iou = np.lexsort((partner, iou, detection))
    return Overlaps(detection[by_iou], partner[by_iou], iou[by_iou], best)


def paired_iou(a_xyxy: NDArray[np.float64], b_xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of boxes pair by pair, (P, 4) and (P, 4) to (P,); 0 for two boxes without area."""
    size_wh = np.minimum(a_xyxy[:, 2:], b_xyxy[:, 2:]) - np.maximum(a_xyxy[:, :2], b_xyxy[:, :2])
    intersection = np.maximum(size_wh, 0).prod(axis=1)
    union = _area(a_xyxy) + _area(b_xyxy) - intersection
    iou: NDArray[np.float64] = np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)
    return iou


def _area(boxes_xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    area: NDArray[np.float64] = np.maximum(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0).prod(axis=1)
    return area


def _chunks(count: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The detections that have something to be compared with, in groups of about the same number of pairs."""
    rows = np.flatnonzero(count)
    if not len(rows):
        return
    group = np.cumsum(count[rows]) // _CHUNK_PAIRS
    yield from np.split(rows, np.flatnonzero(np.diff(group)) + 1)
