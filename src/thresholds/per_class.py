"""A threshold for each class, where there is enough to choose it from."""

from src.core.detection_records import DetectionRecords
from src.documents.threshold import ClassThreshold
from src.thresholds.criteria import Criterion
from src.thresholds.curve import sweep
from src.thresholds.sure import select_surely


def per_class(
    detections: DetectionRecords,
    criterion: Criterion,
    *,
    all_classes: float,
    iou: float,
    min_positives: int,
    floor: float = 0.0,
) -> tuple[ClassThreshold, ...]:
    """Choose the threshold of each class by itself, in the order of their ids.

    Args:
        detections: After NMS at the IoU that was chosen for all classes.
        criterion: The same as for all classes; constraints have to hold in each class.
        all_classes: The threshold for all classes, which those take that have none of their own.
        iou: That NMS IoU.
        min_positives: How many ground truth boxes a class needs for a threshold of its own.
        floor: Confidence above which detections were kept at all.
    """
    thresholds = []
    for index in range(detections.class_count):
        boxes = int(detections.positives[:, index].sum())
        if boxes < min_positives:
            reason = f"{boxes} boxes, fewer than {min_positives}: the threshold for all classes"
            thresholds.append(ClassThreshold(all_classes, own=False, reason=reason))
            continue
        own = detections.of_class(index)
        selection = select_surely({iou: own}, {iou: sweep(own, floor)}, criterion)
        if selection.point is None:
            reason = f"{selection.reason} So it has the threshold for all classes."
            thresholds.append(ClassThreshold(all_classes, own=False, reason=reason))
        else:
            thresholds.append(ClassThreshold(selection.point.score, own=True, reason=f"chosen from {boxes} boxes"))
    return tuple(thresholds)
