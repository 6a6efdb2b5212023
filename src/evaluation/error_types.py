"""What is wrong with a detection: every detection is a hit or one kind of error, and every box is found or missed.

The kinds follow Bolya et al., TIDE: A General Toolbox for Identifying Object Detection Errors, ECCV 2020, with the same
IoU limits of 0.5 and 0.1. It differs in that

- errors are counted, not weighed by the AP that repairing them would gain;
- a weak overlap with a box of another class is `localisation` too (TIDE has the extra kind "both");
- `missed` are all boxes that no detection takes (TIDE leaves out those that a wrong class or position explains).

A detection's kind depends only on detections with higher scores, so that it is the same at every confidence threshold
that keeps the detection.
"""

import numpy as np
from numpy.typing import NDArray

from src.core.detections import Detections, GroundTruth
from src.documents.evaluation import ErrorCounts
from src.evaluation.matching import Matches, match
from src.evaluation.overlaps import overlaps

HIT, DUPLICATE, WRONG_CLASS, LOCALISATION, BACKGROUND = KINDS = (
    *("hit", "duplicate", "wrong_class", "localisation", "background"),
)
FOREGROUND_IOU = 0.5
BACKGROUND_IOU = 0.1


def count_errors(detections: Detections, truth: GroundTruth, matches: Matches | None = None) -> ErrorCounts:
    """Count the errors of detections that were cut at a confidence threshold already.

    Args:
        detections: Those that are kept.
        truth: What they are judged by.
        matches: Those of these two, where they are known already.
    """
    matches = matches or match(detections, truth)
    names, numbers = np.unique(error_kinds(detections, truth, matches), return_counts=True)
    counts = dict(zip(names.tolist(), numbers.tolist(), strict=True))
    return ErrorCounts(
        missed=len(truth.boxes_xyxy) - int(matches.hit.sum()),
        background=counts.get(BACKGROUND, 0),
        duplicate=counts.get(DUPLICATE, 0),
        localisation=counts.get(LOCALISATION, 0),
        wrong_class=counts.get(WRONG_CLASS, 0),
    )


def error_kinds(detections: Detections, truth: GroundTruth, matches: Matches | None = None) -> NDArray[np.str_]:
    """What each detection is, (N,): one of `KINDS`.

    Args:
        detections: N boxes.
        truth: What they are judged by.
        matches: Those of these two, where they are known already.
    """
    matches = matches or match(detections, truth)
    best = overlaps(detections, truth, minimum=FOREGROUND_IOU, same_class=False).best
    # whatever overlaps a box of its class enough without being a hit came too late: a free box would have been taken
    conditions = [matches.hit, matches.iou >= FOREGROUND_IOU, best >= FOREGROUND_IOU, best >= BACKGROUND_IOU]
    return np.select(conditions, [HIT, DUPLICATE, WRONG_CLASS, LOCALISATION], BACKGROUND)
