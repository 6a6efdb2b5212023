"""Everything that is measured on one pass over a split, in one place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.core.detections import DEFAULT_CONFIDENCE, Detections, GroundTruth
from src.core.errors import DataError
from src.documents.evaluation import AveragePrecisions, ErrorCounts, EvaluatedSplit
from src.documents.metrics import Metrics
from src.evaluation.average_precision import METRICS
from src.evaluation.coco import SIZES, CocoMetrics, coco_metrics
from src.evaluation.confusion import confusion_matrix
from src.evaluation.curves import PrecisionRecallCurve, curve
from src.evaluation.error_types import count_errors, error_kinds
from src.evaluation.headline import frequent_classes, headline_intervals
from src.evaluation.matching import Matches, match, records_of
from src.evaluation.paired import headline_differences

ALL_CLASSES = "all"


@dataclass(frozen=True, eq=False)
class Measures:
    """What was measured on the detections of one split.

    Attributes:
        detections: All of them.
        truth: The split.
        matches: Which detection takes which box.
        records: The detections as metrics take them.
        coco: AP by class and size.
        metrics: The headline metrics with their intervals; mAP over the frequent classes, or over all where none is.
        errors: Counts by type, at the default confidence.
        confusion: Rows are true and columns predicted classes, the background last, at the default confidence.
        curves: Precision and recall over the score, by class name and for `all` together.
    """

    detections: Detections
    truth: GroundTruth
    matches: Matches
    records: DetectionRecords
    coco: CocoMetrics
    metrics: Metrics
    errors: ErrorCounts
    confusion: NDArray[np.int64]
    curves: Mapping[str, PrecisionRecallCurve]

    @property
    def kinds(self) -> NDArray[np.str_]:
        """What each detection is: a hit or a type of error, (N,)."""
        return error_kinds(self.detections, self.truth, self.matches)

    def evaluated(self) -> EvaluatedSplit:
        """What goes into the document of the evaluation."""
        boxes = self.records.positives.sum(axis=0).tolist()
        per_class = {
            name: AveragePrecisions(
                _number(self.coco.per_class[index, 0]), _number(self.coco.per_class[index].mean()), boxes[index]
            )
            for index, name in enumerate(self.truth.class_names)
        }
        per_size = {
            size: AveragePrecisions(
                _number(self.coco.mean_of_size(size, "mAP50")),
                _number(self.coco.mean_of_size(size, "mAP50-95")),
                int(self.coco.boxes_by_size[index].sum()),
            )
            for index, size in enumerate(SIZES)
        }
        return EvaluatedSplit(
            images=self.truth.image_count,
            boxes=len(self.truth.boxes_xyxy),
            metrics=self.metrics,
            per_class=per_class,
            per_size=per_size,
            rare_classes=_rare(self.truth),
            errors=self.errors,
            confusion=tuple(map(tuple, self.confusion.tolist())),
        )


def measure(detections: Detections, truth: GroundTruth) -> Measures:
    """Measure the detections of one model on one split.

    AP is computed by faster-coco-eval; its intervals come from our own computation, which leaves images out.

    Args:
        detections: After NMS, down to scores near zero.
        truth: The split.

    Raises:
        DataError: the split has no images, or the detections are not of it.
    """
    matches = match(detections, truth)
    records = records_of(detections, truth, matches)
    coco = coco_metrics(detections, truth)
    metrics = headline_intervals(records, DEFAULT_CONFIDENCE)
    frequent = frequent_classes(truth.positives)
    about = frequent if frequent.any() else ~frequent
    metrics |= {name: replace(metrics[name], estimate=coco.mean(name, about)) for name in METRICS}
    kept = detections.scores > DEFAULT_CONFIDENCE
    shown, found = detections.where(kept), Matches(matches.truth_index[kept], matches.iou[kept])
    curves = {ALL_CLASSES: curve(records)}
    if truth.class_count > 1:
        curves |= {name: curve(records, index) for index, name in enumerate(truth.class_names)}
    return Measures(
        detections=detections,
        truth=truth,
        matches=matches,
        records=records,
        coco=coco,
        metrics=Metrics.of(metrics),
        errors=count_errors(shown, truth, found),
        confusion=confusion_matrix(shown, truth, found),
        curves=curves,
    )


def differences(a: Measures, b: Measures, *, exchanges: int, seed: int) -> Metrics:
    """By how much `a` is better than `b` in each headline metric, with the interval of the difference.

    Both are seen on the same parts of the images, so that what makes an image hard for both of them cancels out.

    Args:
        a: The one model.
        b: The other one.
        exchanges: How often the models are exchanged on random images.
        seed: Of the drawing of these.

    Raises:
        DataError: they are not about the same images and boxes.
    """
    if a.truth.files != b.truth.files or not np.array_equal(a.truth.positives, b.truth.positives):
        described = (f"{m.truth.image_count} images with {len(m.truth.boxes_xyxy)} boxes" for m in (a, b))
        raise DataError(
            f"The models were not measured on the same images ({'; '.join(described)}), so that their difference means"
            " nothing; measure both on one split."
        )
    return Metrics.of(headline_differences(a.records, b.records, DEFAULT_CONFIDENCE, exchanges=exchanges, seed=seed))


def _rare(truth: GroundTruth) -> tuple[str, ...]:
    """The names of the classes that have boxes, but on too few images to be part of mAP."""
    left_out = truth.positives.any(axis=0) & ~frequent_classes(truth.positives)
    return tuple(name for name, rare in zip(truth.class_names, left_out, strict=True) if rare)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
