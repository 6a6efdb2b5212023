"""By how much one model is better than another on the same images, and how sure that is: see src/core/jackknife.py."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.core.errors import DataError
from src.core.interval import Interval
from src.core.jackknife import difference_interval, exchange_weights, jackknife_weights
from src.evaluation.average_precision import (
    METRICS,
    jackknifed_average_precision,
    mean_over_classes,
    weighted_average_precision,
)
from src.evaluation.headline import frequent_classes, headline_samples

EXCHANGES = 1000

# the values on data sets of some images each, and whether these are those of `jackknife_weights`
Samples = Callable[[DetectionRecords, NDArray[np.int64], bool], Mapping[str, NDArray[np.float64]]]


def headline_differences(
    a: DetectionRecords, b: DetectionRecords, confidence: float, *, exchanges: int = EXCHANGES, seed: int = 0
) -> dict[str, Interval]:
    """By how much `a` is better than `b` in each of `HEADLINES`, with the 95 % interval of the difference over images.

    Args:
        a: Detections of the one model.
        b: Detections of the other one.
        confidence: Where precision, recall and F1 are read.
        exchanges: How often the models are exchanged on random images.
        seed: Of the drawing of these.

    Raises:
        DataError: the two are not about the same images and boxes.
    """
    classes = frequent_classes(a.positives)

    def samples(
        records: DetectionRecords, weights: NDArray[np.int64], left_out: bool
    ) -> Mapping[str, NDArray[np.float64]]:
        return headline_samples(records, weights, confidence, classes, left_out=left_out)

    return _differences(a, b, samples, exchanges, seed)


def map_differences(a: DetectionRecords, b: DetectionRecords, *, exchanges: int = EXCHANGES) -> dict[str, Interval]:
    """The same for mAP50 and mAP50-95 as Ultralytics defines them, over all classes that have boxes.

    Args:
        a: Detections of the one model.
        b: Detections of the other one.
        exchanges: How often the models are exchanged on random images.

    Raises:
        DataError: the two are not about the same images and boxes.
    """

    def samples(
        records: DetectionRecords, weights: NDArray[np.int64], left_out: bool
    ) -> Mapping[str, NDArray[np.float64]]:
        average_precision = jackknifed_average_precision if left_out else weighted_average_precision
        per_class = average_precision(records, weights)
        return {metric: mean_over_classes(per_class, metric) for metric in METRICS}

    return _differences(a, b, samples, exchanges, seed=0)


def _differences(
    a: DetectionRecords, b: DetectionRecords, samples: Samples, exchanges: int, seed: int
) -> dict[str, Interval]:
    if not np.array_equal(a.positives, b.positives):
        raise DataError(
            f"The models were not evaluated on the same images and labels ({a.image_count} images with"
            f" {a.positives.sum()} boxes, {b.image_count} with {b.positives.sum()}), so that their difference means"
            " nothing; evaluate both on one data set."
        )
    weights = jackknife_weights(a.image_count)
    first, second = samples(a, weights, True), samples(b, weights, True)
    kept = exchange_weights(a.image_count, exchanges, seed)
    if kept is None:
        return {name: difference_interval(values - second[name]) for name, values in first.items()}
    both = _side_by_side(a, b)
    as_a, as_b = samples(both, kept, False), samples(both, 1 - kept, False)
    return {name: difference_interval(values - second[name], as_a[name] - as_b[name]) for name, values in first.items()}


def _side_by_side(a: DetectionRecords, b: DetectionRecords) -> DetectionRecords:
    """The detections of two models on the same images as if the images were twice as many."""
    return DetectionRecords(
        np.concatenate([a.image_index, b.image_index + a.image_count]),
        *(
            np.concatenate([getattr(a, name), getattr(b, name)])
            for name in ("class_index", "scores", "true_positive", "positives")
        ),
    )
