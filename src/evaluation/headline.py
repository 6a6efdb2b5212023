"""The headline values of a model, on the images as they are and on resampled ones: what intervals are made from."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.core.interval import Interval
from src.core.jackknife import envelope_bias, jackknife_weights, proportion_interval
from src.evaluation.average_precision import (
    COCO,
    METRICS,
    jackknifed_average_precision,
    mean_over_classes,
    weighted_average_precision,
)

AT_CONFIDENCE = ("precision", "recall", "F1")
HEADLINES = (*METRICS, *AT_CONFIDENCE)
FEWEST_IMAGES = 5  # that show a class: the AP of a rarer one is mostly luck, and on average too high

_PER_BOX = {
    "mAP50": 1,
    "mAP50-95": 2,
}  # a box judged at ten overlaps is worth more than one case, measured at about two


def frequent_classes(positives: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The classes that mAP is about, (C,): those on enough images, or the only one there is; none of many rare ones.

    Args:
        positives: Boxes by image and class, (I, C).
    """
    images = (positives > 0).sum(axis=0)
    fewest = FEWEST_IMAGES if (images > 0).sum() > 1 else 1
    frequent: NDArray[np.bool_] = images >= fewest
    return frequent


def headline_samples(
    records: DetectionRecords,
    weights: NDArray[np.int64],
    confidence: float,
    classes: NDArray[np.bool_] | None = None,
    *,
    left_out: bool = False,
) -> Mapping[str, NDArray[np.float64]]:
    """Each of `HEADLINES` for data sets in which each image occurs a given number of times.

    Args:
        records: The detections.
        weights: How often each image occurs in each of B data sets, (B, I).
        confidence: Where precision, recall and F1 are read.
        classes: Which classes mAP is about, (C,); None for the frequent ones.
        left_out: Whether the data sets are those of `jackknife_weights`.

    Returns:
        (B,) by name. mAP is COCO's. NaN where there is no such value: mAP without boxes of such classes, recall and F1
        without boxes, precision without detections.
    """
    chosen = frequent_classes(records.positives) if classes is None else classes
    average_precision = jackknifed_average_precision if left_out else weighted_average_precision
    per_class = average_precision(records, weights, COCO)[:, chosen]
    samples = {metric: mean_over_classes(per_class, metric) for metric in METRICS}
    return samples | point_samples(records, weights, confidence)


def headline_intervals(records: DetectionRecords, confidence: float) -> dict[str, Interval]:
    """Each of `HEADLINES` with its 95 % interval over images.

    Args:
        records: The detections.
        confidence: Where precision, recall and F1 are read.

    Raises:
        DataError: there are no images.
    """
    boxes, kept = int(records.positives.sum()), int((records.scores > confidence).sum())
    counts = {"precision": kept, "recall": boxes, "F1": boxes + kept}
    frequent = int(records.positives[:, frequent_classes(records.positives)].sum())
    found = {}
    samples = headline_samples(records, jackknife_weights(records.image_count), confidence, left_out=True)
    for name, values in samples.items():
        if name in METRICS:
            found[name] = proportion_interval(values, _PER_BOX[name] * frequent, envelope_bias(values))
        else:
            found[name] = proportion_interval(values, counts[name])
    return found


def point_samples(
    records: DetectionRecords, weights: NDArray[np.int64], confidence: float
) -> dict[str, NDArray[np.float64]]:
    """Precision, recall and F1 at a confidence threshold and IoU 0.50, all classes together.

    Args:
        records: The detections.
        weights: How often each image occurs in each of B data sets, (B, I).
        confidence: Detections with a higher score are kept, as in deployment.
    """
    kept = records.scores > confidence
    right = kept & records.true_positive[:, 0]
    counts = np.stack(
        [
            np.bincount(records.image_index[kept], minlength=records.image_count),
            np.bincount(records.image_index[right], minlength=records.image_count),
            records.positives.sum(axis=1),
        ],
        axis=1,
    )
    detections, hits, positives = (weights.astype(np.float64) @ counts).T  # floats, because BLAS has no integers
    return {
        "precision": _ratio(hits, detections),
        "recall": _ratio(hits, positives),
        "F1": np.where(positives > 0, _ratio(2 * hits, detections + positives), np.nan),
    }


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
    return ratio
