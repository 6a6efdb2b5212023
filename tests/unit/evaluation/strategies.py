"""Hypothesis strategies for detection records."""

import numpy as np
from hypothesis import strategies as st

from src.core.detection_records import IOU_THRESHOLDS, DetectionRecords


def random_records(
    seed: int, *, images: int, classes: int, detections: int, hit_rate: float, levels: int = 0
) -> DetectionRecords:
    """Records in which every true positive has a box to match; `levels` > 0 makes scores tie."""
    rng = np.random.default_rng(seed)
    positives = rng.integers(0, 6, (images, classes))
    image, class_ = rng.integers(0, images, detections), rng.integers(0, classes, detections)
    scores = rng.integers(1, levels + 1, detections) / levels if levels else rng.random(detections)
    unmatched = np.repeat(positives[None], len(IOU_THRESHOLDS), axis=0)
    hits = np.zeros((detections, len(IOU_THRESHOLDS)), bool)
    for n in range(detections):
        for threshold in range(len(IOU_THRESHOLDS)):
            if rng.random() > hit_rate or not unmatched[threshold, image[n], class_[n]]:
                break  # who misses at a low IoU misses at a higher one too
            hits[n, threshold] = True
            unmatched[threshold, image[n], class_[n]] -= 1
    return DetectionRecords(image, class_, scores, hits, positives)


@st.composite
def records(draw: st.DrawFn, levels: int = 0) -> DetectionRecords:
    """Any records of up to 6 images, 3 classes and 40 detections."""
    return random_records(
        draw(st.integers(0, 2**32 - 1)),
        images=draw(st.integers(1, 6)),
        classes=draw(st.integers(1, 3)),
        detections=draw(st.integers(0, 40)),
        hit_rate=draw(st.sampled_from([0.0, 0.3, 0.7, 1.0])),
        levels=levels,
    )
