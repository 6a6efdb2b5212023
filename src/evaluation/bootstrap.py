"""How sure a mean average precision, or a difference of two, is.

The intervals come from resampling the images; see src/core/interval.py.
"""

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.core.errors import DataError
from src.core.interval import Interval, image_weights, percentile_interval
from src.evaluation.average_precision import mean_over_classes, weighted_average_precision


def interval(
    records: DetectionRecords,
    metric: str,
    *,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval:
    """A metric of one model with its bootstrap interval.

    Args:
        records: The model's detections.
        metric: `mAP50` or `mAP50-95`.
        resamples: How many data sets to draw.
        seed: Of the drawing.
        confidence: Share of the resamples inside the interval.

    Raises:
        DataError: a setting is out of range, or there is no such metric.
    """
    return percentile_interval(resampled(records, metric, resamples=resamples, seed=seed), confidence)


def resampled(records: DetectionRecords, metric: str, *, resamples: int = 1000, seed: int = 0) -> NDArray[np.float64]:
    """A metric on data sets drawn from the images; of several models on the same images, the same data sets.

    Args:
        records: The model's detections.
        metric: `mAP50` or `mAP50-95`.
        resamples: How many data sets to draw.
        seed: Of the drawing.

    Returns:
        (1 + resamples,): first the metric on the images as they are.

    Raises:
        DataError: there are no images or resamples, or there is no such metric.
    """
    return _values(records, metric, image_weights(records.image_count, resamples, seed))


def paired_difference(
    a: DetectionRecords,
    b: DetectionRecords,
    metric: str,
    *,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval:
    """By how much model `a` is better than model `b` on the same images, with the interval of that difference.

    Both are evaluated on the same resamples, so that what makes an image hard for both of them cancels out.

    Args:
        a: Detections of the one model.
        b: Detections of the other one.
        metric: `mAP50` or `mAP50-95`.
        resamples: How many data sets to draw.
        seed: Of the drawing.
        confidence: Share of the resamples inside the interval.

    Raises:
        DataError: the two are not about the same images, a setting is out of range, or there is no such metric.
    """
    if a.positives.shape != b.positives.shape or not np.array_equal(a.positives, b.positives):
        raise DataError(
            f"The models were not evaluated on the same images and labels ({a.image_count} images with"
            f" {a.positives.sum()} boxes, {b.image_count} with {b.positives.sum()}), so that their difference means"
            " nothing; evaluate both on one data set."
        )
    weights = image_weights(a.image_count, resamples, seed)
    return percentile_interval(_values(a, metric, weights) - _values(b, metric, weights), confidence)


def _values(records: DetectionRecords, metric: str, weights: NDArray[np.int64]) -> NDArray[np.float64]:
    return mean_over_classes(weighted_average_precision(records, weights), metric)
