"""The document of a chosen threshold, made from everything that was computed."""

import math
from collections.abc import Mapping

from src.documents.evaluation import UltralyticsMetrics
from src.documents.metrics import PointMetrics
from src.documents.splits import TEST, BySplit
from src.documents.threshold import (
    Calibration,
    ChosenPoint,
    NearestPoint,
    OnTest,
    OnVal,
    PointErrors,
    Threshold,
    UltralyticsPoint,
)
from src.passes.matched import MatchedDetections
from src.stages.tune_threshold.choice import Choice
from src.thresholds.calibration import Reliability
from src.thresholds.operating_point import DEFAULT, OperatingPoint, differences, intervals
from src.thresholds.options import ThresholdOptions
from src.thresholds.select import Point


def threshold_of(
    options: ThresholdOptions,
    choice: Choice,
    *,
    shown: Mapping[str, MatchedDetections],
    default: Mapping[str, MatchedDetections],
    calibration: Mapping[str, Reliability],
    corrupted: Mapping[str, MatchedDetections],
    ultralytics: UltralyticsMetrics | None,
) -> Threshold:
    """The content of `threshold.json`.

    Args:
        options: The criterion, and how often points are exchanged.
        choice: What was chosen on val.
        shown: By split, the detections at the choice's NMS IoU; val first.
        default: By split, those at the default NMS IoU.
        calibration: By split.
        corrupted: By corruption, the detections at the choice's NMS IoU.
        ultralytics: What Ultralytics reports of the last split.
    """
    selection, point = choice.selection, choice.point
    on_val, last = next(iter(shown.values())), list(shown)[-1]
    return Threshold(
        criterion=options.rule.text,
        chosen=_chosen(choice),
        reason=selection.reason or None,
        nearest=None if selection.nearest is None else _nearest(selection.nearest),
        val=None if choice.held_out is None else OnVal(intervals(choice.held_out), *_size(on_val)),
        test=_on_test(options, shown[TEST], default[TEST], point) if TEST in shown else None,
        ultralytics=None if ultralytics is None else UltralyticsPoint(ultralytics.precision, ultralytics.recall),
        robustness={} if point is None else {name: of.metrics(point) for name, of in corrupted.items()},
        calibration=BySplit.of({split: _calibration(table) for split, table in calibration.items()}),
        errors=PointErrors(
            tuned=None if point is None else shown[last].errors(point), default=default[last].errors(DEFAULT)
        ),
    )


def _chosen(choice: Choice) -> ChosenPoint | None:
    point, reselection = choice.selection.point, choice.reselection
    if point is None or reselection is None:
        return None
    return ChosenPoint(
        score=point.score,
        score_interval=reselection.score,
        iou=point.iou,
        iou_shares={f"{iou:g}": share for iou, share in reselection.iou_shares.items()},
        feasible_share=reselection.feasible_share,
        per_class=choice.classes,
    )


def _nearest(point: Point) -> NearestPoint:
    rates = point.counts.rates
    return NearestPoint(
        score=point.score,
        iou=point.iou,
        precision=rates.precision,
        recall=rates.recall,
        f1=float(point.counts.f()),
        false_alarms_per_image=rates.false_alarms_per_image,
    )


def _calibration(table: Reliability) -> Calibration:
    ece, ece_kept = (None if math.isnan(value) else value for value in (table.ece, table.ece_kept))
    return Calibration(ece, ece_kept)


def _size(of: MatchedDetections) -> tuple[int, int]:
    """The numbers of images and of boxes."""
    return of.truth.image_count, len(of.truth.boxes_xyxy)


def _on_test(
    options: ThresholdOptions, tuned: MatchedDetections, default: MatchedDetections, point: OperatingPoint | None
) -> OnTest:
    one_for_all = None
    if point is not None and point.class_scores is not None:
        one_for_all = OperatingPoint(point.iou, point.score)

    def better(of: OperatingPoint | None, other: MatchedDetections, than: OperatingPoint | None) -> PointMetrics | None:
        if of is None or than is None:
            return None
        return differences(tuned.counts(of), other.counts(than), exchanges=options.resamples, seed=options.seed)

    return OnTest(
        tuned=None if point is None else tuned.metrics(point),
        default=default.metrics(DEFAULT),
        difference=better(point, default, DEFAULT),
        all_classes=None if one_for_all is None else tuned.metrics(one_for_all),
        per_class_difference=better(point, tuned, one_for_all),
        images=tuned.truth.image_count,
        boxes=len(tuned.truth.boxes_xyxy),
    )
