"""The choice of an operating point on val, and how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.core.detections import FLOOR, GroundTruth
from src.core.interval import image_weights
from src.documents.threshold import ClassThreshold
from src.passes.matched import MatchedDetections
from src.thresholds.bootstrap import Reselection, reselect
from src.thresholds.criteria import Criterion
from src.thresholds.curve import sweep
from src.thresholds.held_out import held_out_counts
from src.thresholds.operating_point import DEFAULT, OperatingPoint
from src.thresholds.options import ThresholdOptions
from src.thresholds.per_class import per_class
from src.thresholds.select import Point, Selection, preferred, select
from src.thresholds.sure import select_surely


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen on val.

    Attributes:
        selection: The choice among all thresholds and NMS IoUs, or why there is none.
        reselection: The choice repeated on resampled images; None where there is none.
        classes: The threshold of each class by name; None where one is for all.
        held_out: The counts of each image of val at the point that was chosen without it, (I, 3); None without a point.
        iou: NMS IoU of the point, of the nearest one where there is none, else of those asked for the one nearest to
            the default.
    """

    selection: Selection
    reselection: Reselection | None
    classes: Mapping[str, ClassThreshold] | None
    held_out: NDArray[np.int64] | None
    iou: float

    @property
    def point(self) -> OperatingPoint | None:
        """The operating point; None where there is none."""
        chosen = self.selection.point
        if chosen is None:
            return None
        class_scores = None if self.classes is None else tuple(each.score for each in self.classes.values())
        return OperatingPoint(chosen.iou, chosen.score, class_scores)


def choose(options: ThresholdOptions, by_iou: Mapping[float, MatchedDetections]) -> Choice:
    """Choose on val.

    Args:
        options: The criterion, and how the bootstrap draws.
        by_iou: The detections on val by NMS IoU, at least one.
    """
    detections = {iou: each.records for iou, each in by_iou.items()}
    curves = {iou: sweep(each, FLOOR) for iou, each in detections.items()}
    selection = select_surely(detections, curves, options.rule)
    chosen = selection.point
    nearest = chosen or selection.nearest
    iou = preferred(by_iou)[0] if nearest is None else nearest.iou
    if chosen is None:
        return Choice(selection, None, None, None, iou)
    truth = by_iou[iou].truth
    classes = _per_class(options, options.rule, chosen, detections)
    choice = Choice(selection, None, _named(classes, truth), None, iou)
    # a floor is surely kept by a margin; on parts of the images, the same margin is kept
    rule = options.rule if options.rule.with_limit is None else options.rule.with_limit(chosen.counts)
    weights = image_weights(truth.image_count, options.resamples, options.seed)
    return replace(
        choice,
        reselection=reselect(detections, curves, rule, chosen=chosen.score, weights=weights),
        held_out=held_out_counts(detections, partial(_point_on, options, rule), choice.point or DEFAULT),
    )


def _point_on(
    options: ThresholdOptions, rule: Criterion, detections: Mapping[float, DetectionRecords]
) -> OperatingPoint | None:
    """The point that some images choose."""
    chosen = select({iou: sweep(each, FLOOR) for iou, each in detections.items()}, rule).point
    if chosen is None:
        return None
    classes = _per_class(options, rule, chosen, detections)
    return OperatingPoint(chosen.iou, chosen.score, None if classes is None else tuple(own.score for own in classes))


def _per_class(
    options: ThresholdOptions, rule: Criterion, chosen: Point, detections: Mapping[float, DetectionRecords]
) -> tuple[ClassThreshold, ...] | None:
    if not options.per_class:
        return None
    return per_class(
        detections[chosen.iou],
        rule,
        all_classes=chosen.score,
        iou=chosen.iou,
        min_positives=options.min_positives,
        floor=FLOOR,
    )


def _named(classes: tuple[ClassThreshold, ...] | None, truth: GroundTruth) -> dict[str, ClassThreshold] | None:
    return None if classes is None else dict(zip(truth.class_names, classes, strict=True))
