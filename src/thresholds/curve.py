"""What every threshold does: the counts at each score that occurs.

Detections of equal score pass a threshold together, so that the scores that occur are all there is to choose from;
thresholds between two neighbouring scores keep the same boxes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.core.detections import check_range
from src.core.errors import DataError


@dataclass(frozen=True)
class Rates:
    """What is kept at one threshold, as shares.

    Attributes:
        precision: Share of the detections kept that are right; 0 where none is kept.
        recall: Share of the ground truth boxes that are found; 0 where there are none.
        false_alarms_per_image: Detections kept that match nothing, an image.
    """

    precision: float
    recall: float
    false_alarms_per_image: float


@dataclass(frozen=True, eq=False)
class Counts:
    """What is kept at each of K thresholds, in one data set or in B resamples of it; all classes taken together.

    Attributes:
        kept: Detections above the threshold, (K,) or (B, K).
        hits: Those of them that match a ground truth box, of the same shape.
        positives: Number of ground truth boxes, () or (B, 1).
        images: Number of images.
    """

    kept: NDArray[np.float64]
    hits: NDArray[np.float64]
    positives: NDArray[np.float64]
    images: int

    @property
    def false_alarms(self) -> NDArray[np.float64]:
        """Detections kept that match nothing."""
        return self.kept - self.hits

    @property
    def misses(self) -> NDArray[np.float64]:
        """Ground truth boxes without a detection."""
        return self.positives - self.hits

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of the detections kept that are right; 0 where none is kept."""
        return self.hits / np.maximum(self.kept, 1)

    @property
    def recall(self) -> NDArray[np.float64]:
        """Share of the ground truth boxes that are found; 0 where there are none."""
        return self.hits / np.maximum(self.positives, 1)

    def f(self, beta: float = 1.0) -> NDArray[np.float64]:
        """F-beta: recall counts beta times as much as precision; 0 where nothing is right.

        Reference: van Rijsbergen, Information Retrieval, 1979, chapter 7.
        """
        reached: NDArray[np.float64] = (1 + beta**2) * self.hits
        return reached / np.maximum(self.kept + beta**2 * self.positives, np.finfo(float).tiny)

    @property
    def rates(self) -> Rates:
        """The counts of one threshold of one data set as shares."""
        return Rates(float(self.precision), float(self.recall), float(self.false_alarms) / self.images)

    def at(self, index: int) -> "Counts":
        """The counts at one threshold of one data set, as arrays of shape ()."""
        return Counts(np.asarray(self.kept[index]), np.asarray(self.hits[index]), self.positives, self.images)


@dataclass(frozen=True, eq=False)
class CountsByThreshold:
    """The counts of a data set at every threshold that makes a difference.

    Attributes:
        scores: The K distinct scores, descending, (K,).
        counts: At K + 1 thresholds: the first one keeps nothing, the one after it the detections of the highest
            score, the last one all.
        thresholds: A threshold for each, (K + 1,): the detections kept are those with score > threshold. Each lies
            midway between the lowest score that passes and the next one that does not (or the floor, or 1).
    """

    scores: NDArray[np.float64]
    counts: Counts
    thresholds: NDArray[np.float64]


def sweep(detections: DetectionRecords, floor: float = 0.0) -> CountsByThreshold:
    """The exact counts at every threshold.

    Args:
        detections: After NMS at one IoU.
        floor: Confidence above which detections were kept at all; what a lower threshold would do is not known.

    Raises:
        DataError: a score is not above the floor. Thresholds are strict, so that such a detection never passes.
    """
    if not 0 <= floor < 1:
        raise DataError(f"floor is {floor}; expected a confidence from 0 to below 1.")
    check_range("scores", detections.scores, float(np.nextafter(floor, 1)), 1)
    order = np.argsort(-detections.scores)
    scores = detections.scores[order].astype(np.float64)
    hits = np.cumsum(detections.hit[order])
    last_of_its_score = np.flatnonzero(np.diff(scores, append=-np.inf))
    counts = Counts(
        kept=np.concatenate([[0.0], last_of_its_score + 1.0]),
        hits=np.concatenate([[0.0], hits[last_of_its_score]]),
        positives=np.asarray(detections.positives.sum(), np.float64),
        images=detections.image_count,
    )
    distinct = scores[last_of_its_score]
    return CountsByThreshold(distinct, counts, thresholds_between(distinct, floor))


def thresholds_between(scores: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    """The middles of the gaps between neighbouring scores.

    Detectors compare in single precision with `score > threshold`. A middle that single precision would round up to
    the score above it would lose that score's boxes; so the threshold is a single-precision number inside the gap
    where there is one, and else the score below the gap, which a strict comparison keeps out.

    Args:
        scores: Distinct, descending, above the floor, (K,).
        floor: The lower end of the last gap.

    Returns:
        (K + 1,): from the gap between 1 and the highest score to that between the lowest one and the floor.
    """
    above = np.concatenate([[1.0], scores])
    below = np.concatenate([scores, [floor]])
    middle = below + (above - below) / 2
    single = middle.astype(np.float32).astype(np.float64)
    return np.where((single >= below) & (single < above), single, below)
