"""Precision, recall and F1 at every score that occurs, thinned to what a picture can show."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords

POINTS = 1000


@dataclass(frozen=True, eq=False)
class PrecisionRecallCurve:
    """What a detector does at K score thresholds: detections with that score or a higher one are kept.

    Empty where there are no ground truth boxes or no detections.

    Attributes:
        scores: The thresholds in descending order, (K,).
        precision: Share of the kept detections that are right, (K,).
        recall: Share of the ground truth boxes that are found, (K,), ascending.
    """

    scores: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]

    @property
    def f1(self) -> NDArray[np.float64]:
        """Harmonic mean of the two, (K,); 0 where both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / np.where(total > 0, total, 1)


def curve(records: DetectionRecords, class_index: int | None = None, points: int = POINTS) -> PrecisionRecallCurve:
    """The curve of one class, or of all detections whatever their class.

    With more scores than `points` the curve is thinned: neighbouring points that are kept are about equally far from
    each other along the curves of precision, recall and F1 over the score. Its ends and the best F1 stay.

    Args:
        records: The detections.
        class_index: Which class; None for all of them together.
        points: About how many thresholds are kept.
    """
    mine = np.ones(len(records.scores), bool) if class_index is None else records.class_index == class_index
    positives = records.positives.sum() if class_index is None else records.positives[:, class_index].sum()
    order = np.flatnonzero(mine)[np.argsort(-records.scores[mine], kind="stable")]
    if not positives or not len(order):
        return PrecisionRecallCurve(np.zeros(0), np.zeros(0), np.zeros(0))
    hits = np.cumsum(records.true_positive[order, 0])
    last_of_its_score = np.flatnonzero(np.diff(records.scores[order], append=-np.inf))
    whole = PrecisionRecallCurve(
        scores=records.scores[order][last_of_its_score].astype(np.float64),
        precision=hits[last_of_its_score] / (last_of_its_score + 1),
        recall=hits[last_of_its_score] / positives,
    )
    kept = _thinned(whole, points)
    return PrecisionRecallCurve(whole.scores[kept], whole.precision[kept], whole.recall[kept])


def _thinned(whole: PrecisionRecallCurve, points: int) -> NDArray[np.int64]:
    count = len(whole.scores)
    if count <= points:
        return np.arange(count)
    values = np.stack([whole.scores, whole.precision, whole.recall, whole.f1])
    length = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(values, axis=1)).sum(axis=0))])
    even = np.searchsorted(length, np.linspace(0, length[-1], points - 1))
    return np.unique(np.concatenate([even, [0, count - 1, int(np.argmax(whole.f1))]]).clip(0, count - 1))
