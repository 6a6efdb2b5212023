"""A frozen operating point, and what a detector does there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.core.detections import DEFAULT_CONFIDENCE, DEFAULT_IOU
from src.core.errors import DataError
from src.core.jackknife import difference_interval, exchange_weights, jackknife_weights, proportion_interval
from src.documents.metrics import PointMetrics
from src.thresholds.curve import Counts


@dataclass(frozen=True)
class OperatingPoint:
    """Where a detector is operated: one threshold for all classes, or one each.

    Attributes:
        iou: NMS IoU.
        score: Detections with a higher score are kept.
        class_scores: The threshold of each class instead, in the order of their ids; None for `score` throughout.
    """

    iou: float
    score: float
    class_scores: tuple[float, ...] | None = None

    @staticmethod
    def of(confidence: float | Mapping[str, float], iou: float, class_names: Sequence[str]) -> "OperatingPoint":
        """The point of a registered model, whose confidence is one number, or one for each class by its name.

        A class that has none gets the lowest.
        """
        if not isinstance(confidence, Mapping):
            return OperatingPoint(iou, float(confidence))
        lowest = min(confidence.values())
        return OperatingPoint(iou, lowest, tuple(confidence.get(name, lowest) for name in class_names))

    def keeps(self, scores: NDArray[np.float64], class_index: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which detections are kept.

        Args:
            scores: (N,).
            class_index: (N,).
        """
        if self.class_scores is None:
            return scores > self.score
        return scores > np.array(self.class_scores)[class_index]


def counts_by_image(detections: DetectionRecords, point: OperatingPoint) -> NDArray[np.int64]:
    """Detections kept, hits among them and ground truth boxes of each image, (I, 3); all classes together.

    Args:
        detections: After NMS at the point's IoU.
        point: Where the detector is operated.
    """
    kept = point.keeps(detections.scores, detections.class_index)
    images = detections.image_count
    return np.stack(
        [
            np.bincount(detections.image_index[kept], minlength=images),
            np.bincount(detections.image_index[kept & detections.hit], minlength=images),
            detections.positives.sum(axis=1),
        ],
        axis=1,
    )


DEFAULT = OperatingPoint(iou=DEFAULT_IOU, score=DEFAULT_CONFIDENCE)  # what Ultralytics' predict uses


def in_all(counts: NDArray[np.int64]) -> Counts:
    """The counts of all images together, arrays of shape ().

    Args:
        counts: Of each image, see `counts_by_image`, (I, 3).
    """
    kept, hits, positives = (np.asarray(total) for total in counts.sum(axis=0).astype(np.float64))
    return Counts(kept, hits, positives, len(counts))


def intervals(counts: NDArray[np.int64]) -> PointMetrics:
    """Precision, recall and F1 with their 95 % intervals over images.

    Args:
        counts: Of each image, see `counts_by_image`, (I, 3).
    """
    kept, _, positives = counts.sum(axis=0).tolist()
    cases = {"precision": kept, "recall": positives, "F1": kept + positives}
    figures = samples(counts, jackknife_weights(len(counts)))
    return PointMetrics.of({name: proportion_interval(values, cases[name]) for name, values in figures.items()})


def differences(
    a: NDArray[np.int64], b: NDArray[np.int64], *, exchanges: int, seed: int, confidence: float = 0.95
) -> PointMetrics:
    """By how much precision, recall and F1 are higher at point `a` than at point `b` on the same images.

    Both points are seen on the same parts of the images, so that what makes an image hard for both cancels out.

    Args:
        a: Counts of each image, see `counts_by_image`, (I, 3).
        b: Those at the other point.
        exchanges: How often the points are exchanged on random images.
        seed: Of the drawing of these.
        confidence: How often an interval is to hold the true difference.

    Raises:
        DataError: the two are not about the same images.
    """
    if not np.array_equal(a[:, 2], b[:, 2]):
        raise DataError("The two operating points were not evaluated on the same images and boxes.")
    weights, kept = jackknife_weights(len(a)), exchange_weights(len(a), exchanges, seed)
    first, second = samples(a, weights), samples(b, weights)
    if kept is None:
        return PointMetrics.of(
            {name: difference_interval(values - second[name], None, confidence) for name, values in first.items()}
        )
    both = np.concatenate([a, b])
    as_a, as_b = samples(both, kept), samples(both, 1 - kept)
    return PointMetrics.of(
        {
            name: difference_interval(values - second[name], as_a[name] - as_b[name], confidence)
            for name, values in first.items()
        }
    )


def samples(counts: NDArray[np.int64], weights: NDArray[np.int64]) -> Mapping[str, NDArray[np.float64]]:
    """Precision, recall and F1 in each of B data sets, (B,) each.

    NaN where there is no such figure: precision without detections; recall and F1 without ground truth.

    Args:
        counts: Of each image, (I, 3).
        weights: How often each image occurs in each data set, (B, I).
    """
    kept, hits, positives = (weights.astype(np.float64) @ counts).T
    return {
        "precision": _ratio(hits, kept, kept > 0),
        "recall": _ratio(hits, positives, positives > 0),
        "F1": _ratio(2 * hits, kept + positives, positives > 0),
    }


def most_different(before: NDArray[np.int64], after: NDArray[np.int64], most: int) -> list[int]:
    """The images on which two operating points differ most in hits and false alarms, the most different first.

    Args:
        before: Detections kept, hits and boxes of each image at one point, (I, 3).
        after: Likewise at the other.
        most: How many at most; images without a difference are left out.
    """
    kept, hits, _ = (after - before).T
    difference = np.abs(hits) + np.abs(kept - hits)
    ranked = np.argsort(-difference, kind="stable")[:most]
    return [int(image) for image in ranked if difference[image] > 0]


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.full_like(part, np.nan), where=known)
    return ratio
