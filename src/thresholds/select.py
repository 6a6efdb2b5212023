"""The choice of a threshold and an NMS IoU, or the reason why there is none."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detections import DEFAULT_IOU
from src.thresholds.criteria import Criterion
from src.thresholds.curve import Counts, CountsByThreshold


@dataclass(frozen=True, eq=False)
class Point:
    """One threshold on one curve.

    Attributes:
        iou: NMS IoU of the curve.
        index: Which threshold of the curve.
        score: The threshold itself; detections with a higher score are kept.
        counts: What it does, arrays of shape ().
    """

    iou: float
    index: int
    score: float
    counts: Counts


@dataclass(frozen=True, eq=False)
class Selection:
    """What was chosen.

    Attributes:
        point: The best point that satisfies the criterion's constraint; None when there is none.
        nearest: Without a point, the one that comes closest to the constraint; None when none finds anything.
        reason: Why there is no point; empty when there is one.
    """

    point: Point | None
    nearest: Point | None = None
    reason: str = ""


def select(
    curves: Mapping[float, CountsByThreshold],
    criterion: Criterion,
    choosable: Mapping[float, NDArray[np.bool_]] | None = None,
) -> Selection:
    """The best point of all thresholds and NMS IoUs.

    Equally good points of one curve: see `Criterion`. Of different curves: the NMS IoU nearest to the default, of two
    equally near ones the lower.

    Args:
        curves: By NMS IoU; all of the same images and ground truth, at least one.
        criterion: The order.
        choosable: By NMS IoU, which thresholds can be chosen at all, (K + 1,); None for all.
    """
    some = next(iter(curves.values())).counts
    if not some.positives:
        return Selection(None, reason="There is no ground truth box, so that nothing says which threshold is good.")
    points = [
        _point(iou, curves[iou], index)
        for iou in preferred(curves)
        if (index := best(curves[iou].counts, criterion, None if choosable is None else choosable[iou])) >= 0
    ]
    if points:  # the first of equally good ones
        return Selection(max(points, key=lambda point: _order(point, criterion)))
    if not any(curve.counts.hits[-1] for curve in curves.values()):
        count = max(curve.counts.kept[-1] for curve in curves.values())
        found = f"none of up to {count:.0f} detections is right" if count else "there are no detections"
        return Selection(None, reason=f"No threshold finds anything: {found}.")
    return _infeasible(curves, criterion)


def best(counts: Counts, criterion: Criterion, choosable: NDArray[np.bool_] | None = None) -> int:
    """The index of the best threshold of one data set; -1 when none is allowed."""
    allowed = criterion.allowed(counts) if choosable is None else criterion.allowed(counts) & choosable
    index, found = best_of(criterion.goodness(counts), criterion.second(counts), allowed)
    return int(index) if found else -1


def best_of(
    goodness: NDArray[np.float64], second: NDArray[np.float64], allowed: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The first of the best along the last axis.

    Args:
        goodness: (…, K).
        second: Decides between those of the same goodness, (…, K).
        allowed: Which ones can be chosen, (…, K).

    Returns:
        The index, (…), and whether there is any that can be chosen, (…).
    """
    goodness = np.where(allowed, goodness, -np.inf)
    highest = goodness.max(axis=-1, keepdims=True)
    index = np.where(goodness == highest, second, -np.inf).argmax(axis=-1)
    return index, np.isfinite(highest[..., 0])


def preferred(ious: Iterable[float]) -> list[float]:
    """NMS IoUs in the order in which they win a tie: nearest to the default, of two equally near ones the lower."""
    return sorted(ious, key=lambda iou: (round(abs(iou - DEFAULT_IOU), 9), iou))  # 0.8 - 0.7 is not quite 0.7 - 0.6


def _infeasible(curves: Mapping[float, CountsByThreshold], criterion: Criterion) -> Selection:
    points = []
    for iou in preferred(curves):
        counts = curves[iou].counts
        shortfall, goodness = criterion.shortfall(counts), criterion.goodness(counts)
        index, found = best_of(-shortfall, goodness, counts.hits > 0)
        if found:
            points.append((-float(shortfall[index]), float(goodness[index]), _point(iou, curves[iou], int(index))))
    nearest = max(points, key=lambda point: point[:2])[2]
    return Selection(None, nearest, f"No threshold at any NMS IoU satisfies: {criterion.text}.")


def _point(iou: float, curve: CountsByThreshold, index: int) -> Point:
    return Point(iou, index, float(curve.thresholds[index]), curve.counts.at(index))


def _order(point: Point, criterion: Criterion) -> tuple[float, float]:
    return float(criterion.goodness(point.counts)), float(criterion.second(point.counts))
