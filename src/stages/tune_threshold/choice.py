"""The choice of an operating point on val, and how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from src.core.detections import FLOOR
from src.core.interval import image_weights
from src.documents.threshold import ClassThreshold
from src.passes.matched import MatchedDetections
from src.thresholds.bootstrap import Reselection, reselect
from src.thresholds.curve import sweep
from src.thresholds.operating_point import OperatingPoint
from src.thresholds.options import ThresholdOptions
from src.thresholds.per_class import per_class
from src.thresholds.select import Point, Selection, preferred, select


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen on val.

    Attributes:
        selection: The choice among all thresholds and NMS IoUs, or why there is none.
        reselection: The choice repeated on resampled images; None where there is none.
        classes: The threshold of each class by name; None where one is for all.
        iou: NMS IoU of the point, of the nearest one where there is none, else of those asked for the one nearest to
            the default.
    """

    selection: Selection
    reselection: Reselection | None
    classes: Mapping[str, ClassThreshold] | None
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
    selection = select(curves, options.rule)
    chosen = selection.point
    nearest = chosen or selection.nearest
    iou = preferred(by_iou)[0] if nearest is None else nearest.iou
    if chosen is None:
        return Choice(selection, None, None, iou)
    truth = by_iou[iou].truth
    weights = image_weights(truth.image_count, options.resamples, options.seed)
    reselection = reselect(detections, curves, options.rule, chosen=chosen.score, weights=weights)
    return Choice(selection, reselection, _per_class(options, chosen, by_iou[iou]), iou)


def _per_class(options: ThresholdOptions, chosen: Point, on_val: MatchedDetections) -> dict[str, ClassThreshold] | None:
    if not options.per_class:
        return None
    thresholds = per_class(
        on_val.records,
        options.rule,
        all_classes=chosen.score,
        iou=chosen.iou,
        min_positives=options.min_positives,
        floor=FLOOR,
    )
    return dict(zip(on_val.truth.class_names, thresholds, strict=True))
