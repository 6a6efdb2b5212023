"""Everything that is measured on one pass over a split, in one place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.core.detections import DEFAULT_CONFIDENCE, Detections, GroundTruth
from src.core.errors import DataError
from src.core.interval import Interval, image_weights, percentile_interval
from src.documents.evaluation import AveragePrecisions, ErrorCounts, EvaluatedSplit
from src.documents.metrics import Metrics
from src.evaluation.average_precision import METRICS
from src.evaluation.coco import SIZES, CocoMetrics, coco_metrics
from src.evaluation.confusion import confusion_matrix
from src.evaluation.curves import PrecisionRecallCurve, curve
from src.evaluation.error_types import count_errors, error_kinds
from src.evaluation.headline import headline_samples
from src.evaluation.matching import Matches, match, records_of

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
        resampling: The number of resamples and the seed of their drawing.
        samples: The headline metrics on the images as they are and on each resample, (1 + resamples,) by name.
        metrics: The headline metrics with their intervals.
        errors: Counts by type, at the default confidence.
        confusion: Rows are true and columns predicted classes, the background last, at the default confidence.
        curves: Precision and recall over the score, by class name and for `all` together.
    """

    detections: Detections
    truth: GroundTruth
    matches: Matches
    records: DetectionRecords
    coco: CocoMetrics
    resampling: tuple[int, int]
    samples: Mapping[str, NDArray[np.float64]]
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
            errors=self.errors,
            confusion=tuple(map(tuple, self.confusion.tolist())),
        )


def measure(detections: Detections, truth: GroundTruth, *, resamples: int, seed: int) -> Measures:
    """Measure the detections of one model on one split.

    AP is computed by faster-coco-eval; its intervals come from our own computation, which resamples the images.

    Args:
        detections: After NMS, down to scores near zero.
        truth: The split.
        resamples: How many data sets the bootstrap draws.
        seed: Of the drawing. Two models that are to be compared need the same one.

    Raises:
        DataError: the split has no images, or the detections are not of it.
    """
    matches = match(detections, truth)
    records = records_of(detections, truth, matches)
    coco = coco_metrics(detections, truth)
    samples = headline_samples(records, image_weights(truth.image_count, resamples, seed), DEFAULT_CONFIDENCE)
    metrics = {name: percentile_interval(values) for name, values in samples.items()}
    metrics |= {name: Interval(coco.mean(name), metrics[name].low, metrics[name].high) for name in METRICS}
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
        resampling=(resamples, seed),
        samples=samples,
        metrics=Metrics.of(metrics),
        errors=count_errors(shown, truth, found),
        confusion=confusion_matrix(shown, truth, found),
        curves=curves,
    )


def differences(a: Measures, b: Measures) -> Metrics:
    """By how much `a` is better than `b` in each headline metric, with the interval of the difference.

    Both were resampled alike, so that what makes an image hard for both of them cancels out.

    Raises:
        DataError: they are not about the same images and boxes, or were not resampled alike.
    """
    same_images = a.truth.files == b.truth.files and np.array_equal(a.truth.positives, b.truth.positives)
    if not same_images or a.resampling != b.resampling:
        described = (
            f"{m.truth.image_count} images with {len(m.truth.boxes_xyxy)} boxes, {m.resampling[0]} resamples of seed"
            f" {m.resampling[1]}"
            for m in (a, b)
        )
        raise DataError(
            f"The models were not measured alike ({'; '.join(described)}), so that their difference means nothing;"
            " measure both on one split, with the same resamples and seed."
        )
    return Metrics.of({name: percentile_interval(values - b.samples[name]) for name, values in a.samples.items()})


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
