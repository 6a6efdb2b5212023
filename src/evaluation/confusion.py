"""The confusion matrix of a detector, with the background as a class of its own."""

import numpy as np
from numpy.typing import NDArray

from src.core.detections import Detections, GroundTruth
from src.evaluation.matching import Matches, match

BACKGROUND = "background"


def confusion_matrix(detections: Detections, truth: GroundTruth, matches: Matches | None = None) -> NDArray[np.int64]:
    """Which class is taken for which, at IoU 0.50.

    First each detection takes a box of its own class (COCO's rule); what is left over on either side is then matched
    by the same rule whatever the class. So the diagonal holds the hits that precision and recall count.

    Args:
        detections: Those above a confidence threshold.
        truth: What they are judged by.
        matches: Those of these two, where they are known already.

    Returns:
        (C + 1, C + 1): rows are true classes and last the background, whose row holds the false alarms; columns are
        predicted classes and last the background, whose column holds the boxes that were missed.
    """
    hits = (matches or match(detections, truth)).truth_index[:, 0]
    confused = np.full(len(detections), -1, np.int64)
    left = np.flatnonzero(hits < 0)
    unfound = np.setdiff1d(np.arange(len(truth.boxes_xyxy)), hits)
    across = match(_without_class(detections.where(left)), _those_without_class(truth, unfound)).truth_index[:, 0]
    confused[left[across >= 0]] = unfound[across[across >= 0]]
    confused[hits >= 0] = hits[hits >= 0]

    background = truth.class_count
    true_class = np.full(len(detections), background)
    true_class[confused >= 0] = truth.class_index[confused[confused >= 0]]
    missed = truth.class_index[np.setdiff1d(np.arange(len(truth.boxes_xyxy)), confused)]
    matrix = np.zeros((background + 1, background + 1), np.int64)
    np.add.at(matrix, (true_class, detections.class_index), 1)
    np.add.at(matrix, (missed, np.full_like(missed, background)), 1)
    return matrix


def confusion_pairs(matrix: NDArray[np.int64], class_names: tuple[str, ...]) -> list[tuple[str, str]]:
    """The matrix as one (actual, predicted) pair of names per count, which is what DVC's template wants."""
    names = (*class_names, BACKGROUND)
    return [(names[row], names[column]) for row, column in np.argwhere(matrix) for _ in range(matrix[row, column])]


def _without_class(detections: Detections) -> Detections:
    return Detections(
        detections.image_index, np.zeros_like(detections.class_index), detections.scores, detections.boxes_xyxy
    )


def _those_without_class(truth: GroundTruth, chosen: NDArray[np.int64]) -> GroundTruth:
    return GroundTruth(
        truth.files,
        truth.sizes_wh,
        ("any",),
        truth.image_index[chosen],
        np.zeros(len(chosen), np.int64),
        truth.boxes_xyxy[chosen],
    )
