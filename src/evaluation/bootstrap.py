"""How sure a mean average precision is: intervals from resampling the images.

Images, not boxes, are drawn: boxes on one image share its difficulties. The intervals say how the figure would vary
with other images of the same kind; they say nothing about other seeds of the training.

Reference: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile intervals).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.errors import DataError
from src.evaluation.average_precision import mean_over_classes, weighted_average_precision
from src.evaluation.records import DetectionRecords


@dataclass(frozen=True)
class Interval:
    """A figure with the interval that 95 % of the resamples lie in, unless another share was asked for.

    Attributes:
        estimate: The figure on the images as they are.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    estimate: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference can be told from no difference at all; False for an interval that is not known."""
        return self.low > 0 or self.high < 0

    def __format__(self, spec: str) -> str:
        """The interval as `0.83 [0.71, 0.92]`, each number formatted by `spec` (`.3f` if none is given)."""
        estimate, low, high = (format(value, spec or ".3f") for value in (self.estimate, self.low, self.high))
        return f"{estimate} [{low}, {high}]"

    def __str__(self) -> str:
        return format(self)


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
    return _percentiles(_values(records, metric, _weights(records.image_count, resamples, seed)), confidence)


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
    weights = _weights(a.image_count, resamples, seed)
    return _percentiles(_values(a, metric, weights) - _values(b, metric, weights), confidence)


def _weights(image_count: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """How often each image occurs: once each in the first row, as drawn with replacement in the others."""
    if resamples < 1:
        raise DataError(f"resamples is {resamples}; expected 1 or more.")
    if image_count < 1:
        raise DataError("There are no images to draw from.")
    shares = np.full(image_count, 1 / image_count)
    drawn = np.random.default_rng(seed).multinomial(image_count, shares, size=resamples)
    return np.concatenate([np.ones((1, image_count), np.int64), drawn])


def _values(records: DetectionRecords, metric: str, weights: NDArray[np.int64]) -> NDArray[np.float64]:
    return mean_over_classes(weighted_average_precision(records, weights), metric)


def _percentiles(values: NDArray[np.float64], confidence: float) -> Interval:
    """The interval of the values from the second on, with the first one as the estimate.

    Resamples without any ground truth have no value and are left out.
    """
    if not 0 < confidence < 1:
        raise DataError(f"confidence is {confidence}; expected a share between 0 and 1.")
    resampled = values[1:][~np.isnan(values[1:])]
    if not len(resampled):
        return Interval(float(values[0]), np.nan, np.nan)
    tail = (1 - confidence) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(float(values[0]), float(low), float(high))
