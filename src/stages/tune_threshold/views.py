"""A split's detections at an NMS IoU, matched with its ground truth: what thresholds are chosen from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detections import Detections, GroundTruth
from src.core.interval import Interval
from src.detector.candidates import FLOOR
from src.evaluation.error_types import ErrorCounts, count_errors
from src.evaluation.matching import Matches, match
from src.stages.predictions import Predictions
from src.thresholds.operating_point import OperatingPoint, counts_by_image, intervals
from src.thresholds.scored import ScoredDetections


@dataclass(frozen=True, eq=False)
class View:
    """What a model finds on a split with one NMS IoU, whatever the score.

    Attributes:
        detections: All of them.
        truth: The split.
        matches: Which detection takes which box.
        scored: The detections as thresholds are chosen from them: right at IoU 0.50 or wrong.
    """

    detections: Detections
    truth: GroundTruth
    matches: Matches
    scored: ScoredDetections

    def kept(self, point: OperatingPoint) -> NDArray[np.bool_]:
        """Which detections an operating point keeps, (N,)."""
        return point.keeps(self.detections.scores, self.detections.class_index)

    def counts(self, point: OperatingPoint) -> NDArray[np.int64]:
        """Detections kept, hits and boxes of each image, (I, 3)."""
        return counts_by_image(self.scored, point)

    def figures(self, point: OperatingPoint, weights: NDArray[np.int64]) -> dict[str, Interval]:
        """Precision, recall and F1 at an operating point."""
        return intervals(self.counts(point), weights)

    def errors(self, point: OperatingPoint) -> ErrorCounts:
        """Counts by type of error at an operating point."""
        kept = self.kept(point)
        return count_errors(
            self.detections.where(kept), self.truth, Matches(self.matches.truth_index[kept], self.matches.iou[kept])
        )


def view(predictions: Predictions, iou: float) -> View:
    """Run deployment's NMS on the retained head outputs and match what is left."""
    detections = predictions.detections(iou)
    matches = match(detections, predictions.truth)
    scored = ScoredDetections(
        image_index=detections.image_index,
        class_index=detections.class_index,
        scores=detections.scores,
        hit=matches.hit,
        positives=predictions.truth.positives,
        floor=FLOOR,
    )
    return View(detections, predictions.truth, matches, scored)
