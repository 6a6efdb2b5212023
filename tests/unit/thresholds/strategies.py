"""Hypothesis strategies for scored detections."""

import numpy as np
from hypothesis import strategies as st

from src.core.detection_records import IOU_THRESHOLDS, DetectionRecords
from src.thresholds.criteria import best_f, few_false_alarms, least_cost, most_precision, most_recall


def records(image_index, class_index, scores, hit, positives) -> DetectionRecords:
    """Records of detections that match a box at every IoU or at none, (N,)."""
    return DetectionRecords(
        image_index, class_index, scores, np.repeat(hit[:, None], len(IOU_THRESHOLDS), 1), positives
    )


def random_detections(
    seed: int, *, images: int, classes: int, detections: int, hit_rate: float, levels: int = 0, boxes: int = 6
) -> DetectionRecords:
    """Every hit has a box to match; `levels` > 0 makes scores tie."""
    rng = np.random.default_rng(seed)
    positives = rng.integers(0, boxes, (images, classes)) if boxes else np.zeros((images, classes), np.int64)
    image, class_ = rng.integers(0, images, detections), rng.integers(0, classes, detections)
    scores = rng.integers(1, levels + 1, detections) / levels if levels else 1 - rng.random(detections)
    left = positives.copy()
    hit = np.zeros(detections, bool)
    for n in range(detections):
        hit[n] = rng.random() < hit_rate and left[image[n], class_[n]] > 0
        left[image[n], class_[n]] -= hit[n]
    return records(image, class_, scores.astype(np.float32).astype(np.float64), hit, positives)


@st.composite
def scored(draw: st.DrawFn) -> DetectionRecords:
    """Any detections of up to 6 images, 3 classes and 30 boxes; scores tie often, and there may be nothing at all."""
    return random_detections(
        draw(st.integers(0, 2**32 - 1)),
        images=draw(st.integers(1, 6)),
        classes=draw(st.integers(1, 3)),
        detections=draw(st.integers(0, 30)),
        hit_rate=draw(st.sampled_from([0.0, 0.3, 0.7, 1.0])),
        levels=draw(st.sampled_from([0, 1, 5])),
        boxes=draw(st.sampled_from([0, 2, 6])),
    )


def criteria() -> st.SearchStrategy:
    """Any criterion with any number in its range."""
    share = st.floats(0, 1)
    cost = st.floats(0.01, 100)
    return st.one_of(
        st.builds(best_f, st.floats(0.1, 10)),
        st.builds(most_recall, share),
        st.builds(most_precision, share),
        st.builds(least_cost, cost, cost),
        st.builds(few_false_alarms, st.floats(0, 5)),
    )
