"""Random ground truth with random detections near it, for tests of whatever compares boxes."""

import numpy as np
from hypothesis import strategies as st

from src.core.detections import Detections, GroundTruth


def ground_truth(
    image_index, class_index, boxes_xyxy, *, images: int, classes: int = 1, size_wh: tuple[int, int] = (100, 100)
) -> GroundTruth:
    """Boxes on images named by their number."""
    return GroundTruth(
        tuple(f"images/{image:04}.jpg" for image in range(images)),
        np.tile(size_wh, (images, 1)).astype(np.int64),
        tuple(f"class {class_}" for class_ in range(classes)),
        np.asarray(image_index, np.int64),
        np.asarray(class_index, np.int64),
        np.asarray(boxes_xyxy, np.float64).reshape(-1, 4),
    )


def detected(image_index, class_index, scores, boxes_xyxy) -> Detections:
    """Detections in the order that their class demands: by image, within it by descending score."""
    order = np.lexsort((-np.asarray(scores, float), np.asarray(image_index, np.int64)))
    return Detections(
        np.asarray(image_index, np.int64)[order],
        np.asarray(class_index, np.int64)[order],
        np.asarray(scores, np.float64)[order],
        np.asarray(boxes_xyxy, np.float64).reshape(-1, 4)[order],
    )


def random_scene(
    seed: int, *, images: int, classes: int, truths: int, detections: int, levels: int = 0, spread: float = 0.15
) -> tuple[Detections, GroundTruth]:
    """Detections that are jittered copies of ground truth boxes, some of another class, some anywhere.

    Args:
        seed: Of everything.
        images: Number of images.
        classes: Number of classes.
        truths: Number of ground truth boxes in all.
        detections: Number of detections in all.
        levels: With more than 0, scores are multiples of 1 / levels and tie.
        spread: Standard deviation of a copy's corners, as a share of the box.
    """
    rng = np.random.default_rng(seed)
    image = np.sort(rng.integers(0, images, truths))
    sizes = np.exp(rng.uniform(np.log(8), np.log(150), (truths, 2)))
    corners = rng.uniform(0, 200, (truths, 2))
    boxes = np.concatenate([corners, corners + sizes], axis=1)
    truth = ground_truth(
        image, rng.integers(0, classes, truths), boxes, images=images, classes=classes, size_wh=(360, 360)
    )
    scores = rng.integers(1, levels + 1, detections) / levels if levels else rng.random(detections)
    found_image, found_class = rng.integers(0, images, detections), rng.integers(0, classes, detections)
    found_boxes = np.tile([5.0, 5.0, 40.0, 50.0], (detections, 1)) + rng.uniform(0, 250, (detections, 1))
    if truths:
        source = rng.integers(0, truths, detections)
        copied = rng.random(detections) < 0.8
        jitter = rng.normal(0, spread, (detections, 4)) * np.tile(sizes[source], 2)
        found_boxes[copied] = (boxes[source] + jitter)[copied]
        found_image[copied] = image[source][copied]
        own_class = copied & (rng.random(detections) < 0.9)
        found_class[own_class] = truth.class_index[source][own_class]
    found_boxes = np.concatenate(
        [
            np.minimum(found_boxes[:, :2], found_boxes[:, 2:]),
            np.maximum(found_boxes[:, :2], found_boxes[:, 2:]),
        ],
        axis=1,
    )
    return detected(found_image, found_class, scores, found_boxes), truth


@st.composite
def scenes(draw: st.DrawFn, levels: int = 0) -> tuple[Detections, GroundTruth]:
    """Any scene of up to 4 images, 3 classes, 12 boxes and 30 detections; few boxes or detections come too."""
    return random_scene(
        draw(st.integers(0, 2**32 - 1)),
        images=draw(st.integers(1, 4)),
        classes=draw(st.integers(1, 3)),
        truths=draw(st.integers(0, 12)),
        detections=draw(st.integers(0, 30)),
        levels=levels,
        spread=draw(st.sampled_from([0.02, 0.1, 0.2])),
    )
