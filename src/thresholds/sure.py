"""The choice of a threshold that surely keeps a floor or a limit, or how many images it would take to be sure."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.thresholds.bootstrap import selectable
from src.thresholds.criteria import Criterion
from src.thresholds.curve import Counts, CountsByThreshold
from src.thresholds.select import Selection, select

MOST = 200  # thresholds of a curve that are looked at


def select_surely(
    detections: Mapping[float, DetectionRecords], curves: Mapping[float, CountsByThreshold], criterion: Criterion
) -> Selection:
    """The best point of those that surely satisfy the criterion's constraint; of all, where it has none.

    Args:
        detections: By NMS IoU.
        curves: Of these detections.
        criterion: The order, and the constraint.
    """
    if criterion.margin is None:
        return select(curves, criterion)
    sure, needed = {}, math.inf
    for iou, curve in curves.items():
        indices = selectable(curve, MOST)
        margin = criterion.margin(counts_by_image(detections[iou], curve, indices))
        sure[iou] = np.zeros(len(curve.thresholds), bool)
        sure[iou][indices] = margin >= 0
        kept = -criterion.shortfall(curve.counts)[indices]
        worth = (kept > 0) & (margin < kept) & (curve.counts.hits[indices] > 0)
        if worth.any():
            more = (kept[worth] - margin[worth]) / kept[worth]
            needed = min(needed, curve.counts.images * float((more**2).min()))
    selection = select(curves, criterion, sure)
    if selection.point is not None or select(curves, criterion).point is None:
        return selection
    enough = "" if math.isinf(needed) else f" About {math.ceil(needed):,} images in val would be enough."
    reason = (
        f"{next(iter(curves.values())).counts.images} images cannot make sure of it (95 %): {criterion.text}.{enough}"
    )
    return replace(selection, reason=reason)


def counts_by_image(detections: DetectionRecords, curve: CountsByThreshold, indices: NDArray[np.int64]) -> Counts:
    """The counts of each image at some thresholds, (I, K).

    Args:
        detections: The detections.
        curve: Of these detections.
        indices: Which of its thresholds, K of them: 0 and others, ascending.
    """
    lowest = curve.scores[indices[1:] - 1]  # the lowest score that each threshold keeps, descending
    place = np.searchsorted(-lowest, -detections.scores) + 1  # the first threshold that keeps the detection
    shape = (detections.image_count, len(indices) + 1)
    cell = detections.image_index * shape[1] + place
    kept, hits = (
        np.cumsum(np.bincount(own, minlength=shape[0] * shape[1]).reshape(shape)[:, :-1], axis=1, dtype=np.float64)
        for own in (cell, cell[detections.hit])
    )
    return Counts(kept, hits, detections.positives.sum(axis=1, dtype=np.float64)[:, None], 1)
