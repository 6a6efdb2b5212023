"""The detections of one validation pass, in the form that metrics, thresholds and bootstraps are computed from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IOU_COUNT = 10  # IoU thresholds 0.50, 0.55, …, 0.95


@dataclass(frozen=True)
class ValidationRecords:
    """N detections on I images of C classes, matched with the ground truth.

    Images are numbered by the order of their file names, so that the records of two models on the same data can be
    compared image by image.

    Attributes:
        image_index: Which image each detection is on, (N,) int64.
        class_index: Which class it is of, (N,) int64.
        scores: Its confidence, (N,) float64.
        true_positive: Whether it matches a box at each IoU threshold, (N, 10) bool.
        positives: Number of ground truth boxes by image and class, (I, C) int64.
    """

    image_index: NDArray[np.int64]
    class_index: NDArray[np.int64]
    scores: NDArray[np.float64]
    true_positive: NDArray[np.bool_]
    positives: NDArray[np.int64]


def records_of(
    image_names: Sequence[str],
    true_positive: Sequence[NDArray[np.bool_]],
    scores: Sequence[NDArray[np.floating]],
    predicted_class: Sequence[NDArray[np.floating]],
    target_class: Sequence[NDArray[np.floating]],
    *,
    class_count: int,
) -> ValidationRecords:
    """Join what a validator noted for each image, in whatever order it went through them.

    Args:
        image_names: File of each image.
        true_positive: For each image, (n, 10).
        scores: For each image, (n,).
        predicted_class: For each image, (n,).
        target_class: Class of each ground truth box of each image, (m,).
        class_count: Number of classes.
    """
    order = sorted(range(len(image_names)), key=image_names.__getitem__)
    counts = [len(scores[i]) for i in order]
    positives = [np.bincount(target_class[i].astype(np.int64), minlength=class_count) for i in order]

    def joined(arrays: Sequence[NDArray[np.generic]], dtype: type) -> NDArray[np.generic]:
        return np.concatenate([np.zeros(0, dtype), *(np.asarray(arrays[i], dtype) for i in order)])

    return ValidationRecords(
        image_index=np.repeat(np.arange(len(order), dtype=np.int64), counts),
        class_index=joined(predicted_class, np.int64),  # type: ignore[arg-type]
        scores=joined(scores, np.float64),  # type: ignore[arg-type]
        true_positive=np.concatenate([np.zeros((0, IOU_COUNT), bool), *(true_positive[i] for i in order)]),
        positives=np.array(positives, np.int64).reshape(len(order), class_count),
    )
