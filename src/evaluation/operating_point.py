"""The exact operating point of a detector: precision, recall and F1 at the score threshold where F1 is best.

Every score that occurs is a candidate, and detections of equal score pass the threshold together. Ultralytics reads
its precision and recall from curves interpolated on a grid of 1000 scores and smoothed, whose maximum lies at threshold
zero when all scores are small: a precision of 0.8 % with three hundred boxes an image is such an artefact.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.evaluation.records import DetectionRecords


@dataclass(frozen=True)
class OperatingPoint:
    """What a detector does at one score threshold, all classes taken together.

    Attributes:
        score: The threshold; detections with this score or a higher one are kept.
        precision: Share of the kept detections that are right; 0 when none is kept.
        recall: Share of the ground truth boxes that are found; 0 when there are none.
        f1: Harmonic mean of the two.
    """

    score: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, eq=False)
class Curve:
    """Counts at every score that occurs, in descending order of score.

    Attributes:
        scores: (K,) distinct.
        kept: Detections with that score or a higher one, (K,).
        hits: True positives among them, (K,).
        positives: Number of ground truth boxes.
    """

    scores: NDArray[np.float64]
    kept: NDArray[np.int64]
    hits: NDArray[np.int64]
    positives: int

    @property
    def f1(self) -> NDArray[np.float64]:
        """F1 at each score, (K,)."""
        return 2 * self.hits / np.maximum(self.kept + self.positives, 1)


def curve(records: DetectionRecords, iou_index: int = 0) -> Curve:
    """The counts from which precision and recall follow at every threshold.

    Args:
        records: The detections.
        iou_index: Which IoU threshold makes a detection right: 0 for 0.50, 1 for 0.55, …
    """
    order = np.argsort(-records.scores, kind="stable")
    scores = records.scores[order].astype(np.float64)
    hits = np.cumsum(records.true_positive[order, iou_index])
    last_of_its_score = np.flatnonzero(np.diff(scores, append=-np.inf))
    return Curve(
        scores=scores[last_of_its_score],
        kept=last_of_its_score + 1,
        hits=hits[last_of_its_score],
        positives=int(records.positives.sum()),
    )


def best_f1(records: DetectionRecords, iou_index: int = 0) -> OperatingPoint:
    """The point of best F1, at the highest of several equally good thresholds.

    Without a single true positive the threshold is 1, which keeps nothing.

    Args:
        records: The detections.
        iou_index: Which IoU threshold makes a detection right: 0 for 0.50, 1 for 0.55, …
    """
    points = curve(records, iou_index)
    if not points.hits.any() or not points.positives:
        return OperatingPoint(score=1.0, precision=0.0, recall=0.0, f1=0.0)
    best = int(np.argmax(points.f1))
    return OperatingPoint(
        score=float(points.scores[best]),
        precision=float(points.hits[best] / points.kept[best]),
        recall=float(points.hits[best] / points.positives),
        f1=float(points.f1[best]),
    )
