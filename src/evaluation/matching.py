"""Which detection finds which ground truth box.

COCO's rule: in descending order of score (stable), each detection takes, among the boxes of its class on its image
that none before it has taken, the one it overlaps most, provided the IoU reaches the threshold. The rule is applied
at ten IoU thresholds independently. Whether a detection is right thus never depends on those with lower scores, which
is why one pass of many detections answers for every confidence threshold.

Reference: Lin et al., Microsoft COCO: Common Objects in Context, 2014, https://cocodataset.org/#detection-eval.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import IOU_THRESHOLDS, DetectionRecords
from src.core.detections import Detections, GroundTruth
from src.evaluation.overlaps import Overlaps, overlaps


@dataclass(frozen=True, eq=False)
class Matches:
    """What each of N detections found.

    Attributes:
        truth_index: The ground truth box that each detection takes at IoU 0.50, 0.55, …, 0.95, (N, 10) int64; -1 for
            none.
        iou: IoU with the box taken at 0.50; where there is none, the best IoU with any box of the detection's class on
            its image, (N,) float64; 0 where there is no such box.
    """

    truth_index: NDArray[np.int64]
    iou: NDArray[np.float64]

    @property
    def hit(self) -> NDArray[np.bool_]:
        """Whether each detection takes a box at IoU 0.50, (N,)."""
        hit: NDArray[np.bool_] = self.truth_index[:, 0] >= 0
        return hit


def match(detections: Detections, truth: GroundTruth) -> Matches:
    """Match detections with ground truth boxes as COCO does.

    Of equally good boxes the last one is taken, which is COCO's choice too.

    Raises:
        DataError: a detection is on an image, or of a class, that the ground truth does not have.
    """
    pairs = overlaps(detections, truth, minimum=IOU_THRESHOLDS[0])
    truth_index = np.full((len(detections), len(IOU_THRESHOLDS)), -1, np.int64)
    taken = np.zeros((len(truth.boxes_xyxy), len(IOU_THRESHOLDS)), bool)
    good_enough = pairs.iou[:, None] >= np.array(IOU_THRESHOLDS)
    iou = pairs.best.copy()
    for turn in _turns(detections, truth, pairs):
        starts = np.flatnonzero(np.diff(pairs.detection[turn], prepend=-1))
        free = good_enough[turn] & ~taken[pairs.truth[turn]]
        # a detection's pairs are in ascending order of IoU: the last one that is free is the best one
        last_free = np.maximum.reduceat(np.where(free, np.arange(len(turn))[:, None], -1), starts, axis=0)
        row, threshold = np.nonzero(last_free >= 0)
        chosen = turn[last_free[row, threshold]]
        truth_index[pairs.detection[chosen], threshold] = pairs.truth[chosen]
        taken[pairs.truth[chosen], threshold] = True
        lowest = chosen[threshold == 0]
        iou[pairs.detection[lowest]] = pairs.iou[lowest]
    return Matches(truth_index, iou)


def records_of(detections: Detections, truth: GroundTruth, matches: Matches | None = None) -> DetectionRecords:
    """The detections as every metric of this package takes them.

    Args:
        detections: N boxes.
        truth: What they are judged by.
        matches: Those of these two, where they are known already.
    """
    matches = matches or match(detections, truth)
    return DetectionRecords(
        detections.image_index,
        detections.class_index,
        detections.scores,
        matches.truth_index >= 0,
        truth.positives,
    )


def _turns(detections: Detections, truth: GroundTruth, pairs: Overlaps) -> list[NDArray[np.int64]]:
    """The pairs in the order in which detections choose: the first turn holds those of the first detection of every
    class on every image, the second those of the second, and so on.

    Detections of one turn cannot want the same box, so that a turn is worked off at once.
    """
    paired = np.unique(pairs.detection)
    if not len(paired):
        return []
    group = detections.image_index[paired] * truth.class_count + detections.class_index[paired]
    order = np.lexsort((-detections.scores[paired], group))
    first_of_group = np.flatnonzero(np.diff(group[order], prepend=-1))
    rank = np.zeros(len(paired), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(first_of_group, np.diff(first_of_group, append=len(order)))
    turn = rank[np.searchsorted(paired, pairs.detection)]
    by_turn = np.argsort(turn, kind="stable")
    return np.split(by_turn, np.flatnonzero(np.diff(turn[by_turn])) + 1)
