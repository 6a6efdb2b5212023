"""What a detector does at its best threshold by F1, for figures that need no choice by a user."""

from src.core.detection_records import DetectionRecords
from src.core.detections import DEFAULT_IOU
from src.thresholds.criteria import best_f
from src.thresholds.curve import sweep
from src.thresholds.select import select


def at_best_f1(records: DetectionRecords) -> dict[str, float]:
    """Precision, recall and F1 at IoU 0.50 where F1 is best, computed exactly; 0 where no threshold finds anything."""
    point = select({DEFAULT_IOU: sweep(records)}, best_f()).point
    if point is None:
        return {"precision": 0.0, "recall": 0.0, "F1": 0.0}
    counts = point.counts
    return {"precision": float(counts.precision), "recall": float(counts.recall), "F1": float(counts.f())}
