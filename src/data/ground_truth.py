"""The labelled boxes of a prepared split, in pixels."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from src.core.detections import GroundTruth
from src.core.errors import DataError
from src.data.images import open_picture
from src.data.labels import corners
from src.data.prepared import PreparedData


def ground_truth(data: PreparedData, split: str) -> GroundTruth:
    """The images of a split and their boxes, in the order of the file names.

    Args:
        data: A prepared data set.
        split: `train`, `val` or `test`.

    Raises:
        DataError: the data set has no such split, or a file of it is gone or damaged.
    """
    if split not in data.counts:
        raise DataError(f"The data set {data.name} has no split '{split}'; it has {', '.join(data.counts)}.")
    images = sorted(path for path in (data.root / "images" / split).iterdir() if path.suffix != ".npy")
    sizes_wh = np.array([_size_wh(path) for path in images], np.int64).reshape(-1, 2)
    labels = [_labels(data.root / "labels" / split / f"{path.stem}.txt") for path in images]
    rows = np.concatenate([np.zeros((0, 5)), *labels])
    image_index = np.repeat(np.arange(len(images), dtype=np.int64), [len(part) for part in labels])
    return GroundTruth(
        files=tuple(path.relative_to(data.root).as_posix() for path in images),
        sizes_wh=sizes_wh,
        class_names=data.class_names,
        image_index=image_index,
        class_index=rows[:, 0].astype(np.int64),
        boxes_xyxy=corners(rows[:, 1:]) * np.tile(sizes_wh[image_index], 2),
    )


def _size_wh(path: Path) -> tuple[int, int]:
    try:
        with open_picture(path) as image:
            return image.size
    except OSError as error:
        raise DataError(f"{path} cannot be read as an image ({error}); run `python -m src.prepare` again.") from error


def _labels(path: Path) -> NDArray[Any]:
    """Class, centre, width and height as fractions, (n, 5); preparation has checked the form of each line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error}); run `python -m src.prepare` again.") from error
    return np.array([line.split() for line in lines], float).reshape(-1, 5)
