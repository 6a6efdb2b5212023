"""What a validator notes image by image, joined into the records that metrics are computed from."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import IOU_THRESHOLDS, DetectionRecords


def joined_records(
    image_names: Sequence[str],
    true_positive: Sequence[NDArray[np.bool_]],
    scores: Sequence[NDArray[np.floating]],
    predicted_class: Sequence[NDArray[np.floating]],
    target_class: Sequence[NDArray[np.floating]],
    *,
    class_count: int,
) -> DetectionRecords:
    """Join what a validator noted for each image, in whatever order it went through them.

    Images are numbered by the order of their file names, so that the records of two models on the same data can be
    compared image by image.

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

    return DetectionRecords(
        image_index=np.repeat(np.arange(len(order), dtype=np.int64), counts),
        class_index=joined(predicted_class, np.int64),  # type: ignore[arg-type]
        scores=joined(scores, np.float64),  # type: ignore[arg-type]
        true_positive=np.concatenate([np.zeros((0, len(IOU_THRESHOLDS)), bool), *(true_positive[i] for i in order)]),
        positives=np.array(positives, np.int64).reshape(len(order), class_count),
    )
