"""Parts of the document of a chosen threshold."""

import math
from collections.abc import Mapping

from src.documents.threshold import Calibration, ChosenPoint, ClassThreshold, NearestPoint
from src.thresholds.bootstrap import Reselection
from src.thresholds.calibration import Reliability
from src.thresholds.select import Point


def chosen(point: Point, reselection: Reselection, classes: Mapping[str, ClassThreshold] | None) -> ChosenPoint:
    """The operating point, and how sure it is."""
    return ChosenPoint(
        score=point.score,
        score_interval=reselection.score,
        iou=point.iou,
        iou_shares={f"{iou:g}": share for iou, share in reselection.iou_shares.items()},
        feasible_share=reselection.feasible_share,
        per_class=classes,
    )


def nearest(point: Point) -> NearestPoint:
    """The point that comes closest to a constraint that none satisfies."""
    counts = point.counts
    return NearestPoint(
        score=point.score,
        iou=point.iou,
        precision=float(counts.precision),
        recall=float(counts.recall),
        f1=float(counts.f()),
        false_alarms_per_image=float(counts.false_alarms) / counts.images,
    )


def calibration(table: Reliability) -> Calibration:
    """How far scores are from the share of right detections."""
    ece, ece_kept = (None if math.isnan(value) else value for value in (table.ece, table.ece_kept))
    return Calibration(ece, ece_kept)
