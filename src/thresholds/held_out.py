"""What a chosen threshold does on images that did not choose it, though there are no others.

On the images that it was chosen on, a threshold looks better than it is. So the choice is repeated without a tenth of
the images, ten times, and each image is judged at the point that was chosen without it.

Reference: Stone, Cross-Validatory Choice and Assessment of Statistical Predictions, 1974.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.thresholds.operating_point import OperatingPoint, counts_by_image

FOLDS = 10


def held_out_counts(
    detections: Mapping[float, DetectionRecords],
    choose: Callable[[Mapping[float, DetectionRecords]], OperatingPoint | None],
    otherwise: OperatingPoint,
) -> NDArray[np.int64]:
    """Detections kept, hits and boxes of each image at the point chosen without it, (I, 3).

    Args:
        detections: By NMS IoU, all of the same images.
        choose: How a point is chosen on some images; None where it cannot be.
        otherwise: The point for images without which none can be chosen.
    """
    images = next(iter(detections.values())).image_count
    fold = np.random.default_rng(0).permutation(np.arange(images) % FOLDS)
    counts = np.zeros((images, 3), np.int64)
    for held_out in (np.flatnonzero(fold == own) for own in range(min(FOLDS, images))):
        others = np.setdiff1d(np.arange(images), held_out)
        point = choose({iou: each.on_images(others) for iou, each in detections.items()}) if len(others) else None
        point = point or otherwise
        counts[held_out] = counts_by_image(detections[point.iou].on_images(held_out), point)
    return counts
