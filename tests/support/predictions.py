"""Predictions of a made-up detector, as a pass over a split leaves them."""

import numpy as np

from src.core.detections import GroundTruth, RawBoxes
from src.documents.predictions import Predictions

SIDE = 96
IMAGES = 12


def predictions(seed: int) -> Predictions:
    """Two boxes an image; a few raw boxes around each but the last, and noise of lower scores."""
    rng = np.random.default_rng(seed)
    image = np.repeat(np.arange(IMAGES), 2)
    corner = rng.uniform(0, 40, (2 * IMAGES, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(20, 50, (2 * IMAGES, 2))], axis=1)
    boxes[-1] = [90, 90, 94, 94]  # too small for the noise to hit by chance
    near = np.repeat(boxes[:-1], 4, axis=0) + rng.normal(0, 4, (8 * IMAGES - 4, 4))
    noise = rng.uniform(0, 45, (20 * IMAGES, 2))
    around = np.concatenate([noise, noise + rng.uniform(10, 50, noise.shape)], axis=1)
    scores = np.concatenate([rng.beta(3, 3, len(near)), rng.beta(1, 8, len(around))]).clip(0.002, 1)
    found_image = np.concatenate([np.repeat(image[:-1], 4), np.repeat(np.arange(IMAGES), 20)])
    order = np.argsort(found_image, kind="stable")
    sizes = np.full((IMAGES, 2), SIDE)
    return Predictions(
        truth=GroundTruth(
            files=tuple(f"images/{seed}/{number}.png" for number in range(IMAGES)),
            sizes_wh=sizes,
            class_names=("person",),
            image_index=image,
            class_index=np.zeros_like(image),
            boxes_xyxy=boxes,
        ),
        raw=RawBoxes(
            image_index=found_image[order],
            class_index=np.zeros_like(found_image),
            scores=scores[order].astype(np.float32),
            boxes_xyxy=np.concatenate([near, around])[order].astype(np.float32),
            input_sizes_wh=sizes,
            sizes_wh=sizes,
        ),
    )
