"""Average precision as COCO and Ultralytics define it, also for many reweightings of the images at once.

AP is the area under the precision envelope: precision at recall r is the best precision at any recall from r on, read
at 101 recall points. COCO takes their mean; Ultralytics joins them by the trapezoidal rule, and reads at a recall that
a detector reaches exactly what comes after it. The envelope changes only where a true positive adds recall, so that
only true positives have to be looked at once the detections above each are counted; that makes a thousand bootstrap
resamples as cheap as a few plain evaluations.

Reference: Lin et al., Microsoft COCO: Common Objects in Context, 2014, https://cocodataset.org/#detection-eval.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import IOU_THRESHOLDS, DetectionRecords
from src.core.errors import DataError

METRICS = ("mAP50", "mAP50-95")

_CHUNK_ELEMENTS = 4_000_000  # 32 MB per intermediate array


@dataclass(frozen=True, eq=False)
class Definition:
    """How the area under the precision envelope is read.

    Attributes:
        area: Share of the area that the first n of the N recall points stand for, n from 0 to N, (N + 1,).
        side: Whether a recall point that is reached exactly is counted (`right`) or not (`left`).
    """

    area: NDArray[np.float64]
    side: Literal["left", "right"]

    @property
    def points(self) -> NDArray[np.float64]:
        """The recall points, evenly from 0 to 1, (N,)."""
        return np.linspace(0, 1, len(self.area) - 1)


COCO = Definition(np.arange(102) / 101, "right")
# half a step at either end, a whole one between
ULTRALYTICS = Definition(np.concatenate([[0.0], np.cumsum(np.r_[0.5, np.ones(99), 0.5])]) / 100, "left")
_FINE = Definition(np.arange(5002) / 5001, "right")


@dataclass(frozen=True, eq=False)
class AveragePrecision:
    """The average precision of a model on a data set.

    Attributes:
        per_class: By class and IoU threshold, (C, 10); NaN for classes without ground truth.
    """

    per_class: NDArray[np.float64]

    @property
    def map50(self) -> float:
        """Mean over the classes that have ground truth, at IoU 0.50; NaN when none has."""
        return float(mean_over_classes(self.per_class[None], "mAP50")[0])

    @property
    def map50_95(self) -> float:
        """Mean over the classes that have ground truth and all IoU thresholds; NaN when no class has."""
        return float(mean_over_classes(self.per_class[None], "mAP50-95")[0])


def average_precision(records: DetectionRecords, definition: Definition = ULTRALYTICS) -> AveragePrecision:
    """The average precision of each class at each IoU threshold."""
    weights = np.ones((1, records.image_count), np.int64)
    return AveragePrecision(weighted_average_precision(records, weights, definition)[0])


def weighted_average_precision(
    records: DetectionRecords, weights: NDArray[np.int64], definition: Definition = ULTRALYTICS
) -> NDArray[np.float64]:
    """The average precision of data sets in which each image occurs a given number of times.

    Args:
        records: The detections.
        weights: How often each image occurs in each of B data sets, (B, I).
        definition: `COCO` or `ULTRALYTICS`.

    Returns:
        (B, C, 10); NaN where a data set has no ground truth of a class.

    Raises:
        DataError: the weights are not for these images.
    """
    if weights.ndim != 2 or weights.shape[1] != records.image_count:
        raise DataError(f"weights has shape {weights.shape}; expected (resamples, {records.image_count} images).")
    result = np.full((len(weights), records.class_count, len(IOU_THRESHOLDS)), np.nan)
    counted = weights.astype(np.int32)  # half the memory traffic, which is what takes the time
    by_score = np.argsort(-records.scores, kind="stable")
    for class_ in range(records.class_count):
        detections = by_score[records.class_index[by_score] == class_]
        for rows in _chunks(len(weights), max(len(detections), int(weights[0] @ records.positives[:, class_]))):
            result[rows, class_] = _class_average_precision(
                counted[rows],
                weights[rows] @ records.positives[:, class_],
                records.image_index[detections],
                records.true_positive[detections],
                definition,
            )
    return result


def jackknifed_average_precision(
    records: DetectionRecords, weights: NDArray[np.int64], definition: Definition = ULTRALYTICS
) -> NDArray[np.float64]:
    """The average precision of all images, and how it changes where some are left out.

    With few recall points, an image more or less makes the last one that is reached come or go, a jump that is greater
    than all the rest that one of very many images does. So the changes are read at many points.

    Args:
        records: The detections.
        weights: Those of `jackknife_weights`: the first data set has all images, (B, I).
        definition: Of the first one.

    Returns:
        (B, C, 10); NaN where a data set has no ground truth of a class.
    """
    fine = weighted_average_precision(records, weights, _FINE)
    found: NDArray[np.float64] = fine + (weighted_average_precision(records, weights[:1], definition) - fine[:1])
    return found


def mean_over_classes(per_class: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
    """The mean of average precisions over classes, those without ground truth left out.

    Args:
        per_class: (B, C, 10).
        metric: `mAP50` or `mAP50-95`.

    Returns:
        (B,); NaN where no class has ground truth.

    Raises:
        DataError: there is no such metric.
    """
    if metric not in METRICS:
        raise DataError(f"There is no metric '{metric}'; valid are {', '.join(METRICS)}.")
    values = per_class[:, :, 0] if metric == "mAP50" else per_class.mean(axis=2)
    counted = ~np.isnan(values)
    total = np.where(counted, values, 0.0).sum(axis=1)
    count = counted.sum(axis=1)
    means: NDArray[np.float64] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return means


def _class_average_precision(
    weights: NDArray[np.int32],
    positives: NDArray[np.int64],
    image: NDArray[np.int64],
    hits: NDArray[np.bool_],
    definition: Definition,
) -> NDArray[np.float64]:
    """The average precision of one class, (B, 10).

    Args:
        weights: (B, I).
        positives: Ground truth boxes of the class in each data set, (B,).
        image: The image of each detection in descending order of score, (N,).
        hits: Whether each is a true positive, (N, 10).
        definition: How the area is read.
    """
    # take, not an index: it leaves rows in one piece, along which everything below runs
    detections_so_far = np.cumsum(np.take(weights, image, axis=1), axis=1, dtype=np.int32)  # (B, N)
    np.maximum(detections_so_far, 1, out=detections_so_far)
    has_positives = positives > 0
    # the area below each number of hits: recalls are fractions of few numbers, and looking each up costs the most
    numbers = np.arange(positives.max(initial=0) + 1) / np.maximum(positives, 1)[:, None]
    area_below = definition.area[np.searchsorted(definition.points, numbers, side=definition.side)]
    first = np.arange(len(area_below), dtype=np.int32)[:, None] * area_below.shape[1]
    result = np.full((len(weights), hits.shape[1]), np.nan)
    result[has_positives] = 0.0
    for threshold in range(hits.shape[1]):
        hit = np.flatnonzero(hits[:, threshold])
        if not len(hit):
            continue
        hits_so_far = np.cumsum(np.take(weights, image[hit], axis=1), axis=1, dtype=np.int32)  # (B, M)
        precision = hits_so_far / np.take(detections_so_far, hit, axis=1)
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        area = np.diff(area_below.ravel()[hits_so_far + first], axis=1, prepend=0.0)
        result[has_positives, threshold] = np.einsum("ij,ij->i", envelope, area)[has_positives]
    return result


def _chunks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of rows that keep intermediate arrays small."""
    step = max(1, _CHUNK_ELEMENTS // max(columns, 1))
    for start in range(0, rows, step):
        yield slice(start, start + step)
