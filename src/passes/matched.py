"""A split's detections at an NMS IoU, matched with its labels: what thresholds are chosen from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.core.detections import Detections, GroundTruth
from src.detector.suppression import suppress
from src.documents.evaluation import ErrorCounts
from src.documents.metrics import PointMetrics
from src.documents.predictions import Predictions
from src.evaluation.error_types import count_errors
from src.evaluation.matching import Matches, match, records_of
from src.thresholds.operating_point import OperatingPoint, counts_by_image, intervals


@dataclass(frozen=True, eq=False)
class MatchedDetections:
    """What a model finds on a split with one NMS IoU, whatever the score.

    Attributes:
        detections: All of them.
        truth: The split.
        matches: Which detection takes which box.
        records: The detections as thresholds are chosen from them.
    """

    detections: Detections
    truth: GroundTruth
    matches: Matches
    records: DetectionRecords

    def kept(self, point: OperatingPoint) -> NDArray[np.bool_]:
        """Which detections an operating point keeps, (N,)."""
        return point.keeps(self.detections.scores, self.detections.class_index)

    def counts(self, point: OperatingPoint) -> NDArray[np.int64]:
        """Detections kept, hits and boxes of each image, (I, 3)."""
        return counts_by_image(self.records, point)

    def metrics(self, point: OperatingPoint) -> PointMetrics:
        """Precision, recall and F1 at an operating point."""
        return intervals(self.counts(point))

    def errors(self, point: OperatingPoint) -> ErrorCounts:
        """Counts by type of error at an operating point."""
        kept = self.kept(point)
        return count_errors(
            self.detections.where(kept), self.truth, Matches(self.matches.truth_index[kept], self.matches.iou[kept])
        )


def match_at(predictions: Predictions, iou: float) -> MatchedDetections:
    """Run deployment's NMS on what the model's head puts out, and match what is left.

    Args:
        predictions: Of a split.
        iou: NMS IoU.

    Raises:
        DataError: the predictions are not of these images and classes.
    """
    detections = suppress(predictions.raw, iou=iou)
    matches = match(detections, predictions.truth)
    return MatchedDetections(detections, predictions.truth, matches, records_of(detections, predictions.truth, matches))
