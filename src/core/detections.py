"""Boxes on images: what a detector's head puts out, what is left after suppression, and what it should have found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from src.core.errors import DataError

FLOOR = 0.001  # boxes with a lower score are noise: about one in a thousand would be right
# What Ultralytics' predict uses unless it is told otherwise.
DEFAULT_CONFIDENCE = 0.25
DEFAULT_IOU = 0.7  # of the NMS
MAX_DETECTIONS = 300  # an image


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """The I images of one split with their G labelled boxes of C classes.

    Attributes:
        files: Each image's path below the data set's folder, in the order of the names.
        sizes_wh: Width and height of each image in pixels, (I, 2) int64.
        class_names: The C classes in the order of their ids.
        image_index: Which image each box is on, (G,) int64, ascending.
        class_index: Which class it is of, (G,) int64.
        boxes_xyxy: Corners in pixels of the image, (G, 4) float64.

    Raises:
        DataError: an array has the wrong shape, or values out of range.
    """

    files: tuple[str, ...]
    sizes_wh: NDArray[np.int64]
    class_names: tuple[str, ...]
    image_index: NDArray[np.int64]
    class_index: NDArray[np.int64]
    boxes_xyxy: NDArray[np.float64]

    def __post_init__(self) -> None:
        _check_shape("sizes_wh", self.sizes_wh, (len(self.files), 2))
        _check_boxes(self.image_index, self.class_index, self.boxes_xyxy)
        check_range("image_index", self.image_index, 0, self.image_count - 1)
        check_range("class_index", self.class_index, 0, len(self.class_names) - 1)

    @property
    def image_count(self) -> int:
        """Number of images, those without boxes included."""
        return len(self.files)

    @property
    def class_count(self) -> int:
        """Number of classes, those without boxes included."""
        return len(self.class_names)

    @property
    def positives(self) -> NDArray[np.int64]:
        """Number of boxes by image and class, (I, C)."""
        counts = np.zeros((self.image_count, self.class_count), np.int64)
        np.add.at(counts, (self.image_index, self.class_index), 1)
        return counts


@dataclass(frozen=True, eq=False)
class Detections:
    """N scored boxes on the images of a ground truth, after non-maximum suppression.

    Attributes:
        image_index: Which image each is on, (N,) int64, ascending; within an image by descending score.
        class_index: Which class it is of, (N,) int64.
        scores: Its confidence, (N,) float64 in [0, 1].
        boxes_xyxy: Corners in pixels of the image, (N, 4) float64.

    Raises:
        DataError: an array has the wrong shape, or values out of range; NaN is one.
    """

    image_index: NDArray[np.int64]
    class_index: NDArray[np.int64]
    scores: NDArray[np.float64]
    boxes_xyxy: NDArray[np.float64]

    def __post_init__(self) -> None:
        _check_shape("scores", self.scores, (len(self.image_index),))
        _check_boxes(self.image_index, self.class_index, self.boxes_xyxy)
        check_range("scores", self.scores, 0, 1)

    def __len__(self) -> int:
        return len(self.scores)

    def where(self, chosen: NDArray[Any]) -> "Detections":
        """Those that a mask (N,) or an index array chooses, in its order."""
        return Detections(
            self.image_index[chosen], self.class_index[chosen], self.scores[chosen], self.boxes_xyxy[chosen]
        )


@dataclass(frozen=True, eq=False)
class RawBoxes:
    """K boxes on I images before non-maximum suppression, each with its best class, in the order of the model's head.

    A head that leaves one box an object, as RT-DETR's, needs no suppression; its boxes are in pixels of the image.

    Attributes:
        image_index: Which image each is on, (K,) int64, ascending.
        class_index: Its best class, (K,) int64.
        scores: That class's score, (K,) float32, greater than `FLOOR`.
        boxes_xyxy: Corners in pixels of the network's input, (K, 4) float32.
        input_sizes_wh: Width and height of the network's input for each image, (I, 2) int64.
        sizes_wh: Width and height of each image, (I, 2) int64.
        needs_nms: Whether there may be several boxes an object.

    Raises:
        DataError: a score is no number from 0 to 1.
    """

    image_index: NDArray[np.int64]
    class_index: NDArray[np.int64]
    scores: NDArray[np.float32]
    boxes_xyxy: NDArray[np.float32]
    input_sizes_wh: NDArray[np.int64]
    sizes_wh: NDArray[np.int64]
    needs_nms: bool = True

    def __post_init__(self) -> None:
        check_range("scores", self.scores, 0, 1)

    def by_image(self) -> Iterator[tuple[int, slice]]:
        """The rows of each image that has any."""
        images, starts = np.unique(self.image_index, return_index=True)
        for image, start, end in zip(images, starts, np.append(starts, len(self.image_index))[1:], strict=True):
            yield int(image), slice(int(start), int(end))


def check_range(name: str, values: NDArray[Any], low: float, high: float) -> None:
    """Refuse values outside [low, high], NaN among them.

    Raises:
        DataError: naming the first one and its place.
    """
    outside = ~((values >= low) & (values <= high))
    if outside.any():
        index = tuple(int(i) for i in np.argwhere(outside)[0])
        place = ", ".join(map(str, index))
        raise DataError(f"{name}[{place}] is {values[index]}; expected a value from {low} to {high}.")


def _check_boxes(
    image_index: NDArray[np.int64], class_index: NDArray[np.int64], boxes_xyxy: NDArray[np.float64]
) -> None:
    _check_shape("class_index", class_index, (len(image_index),))
    _check_shape("boxes_xyxy", boxes_xyxy, (len(image_index), 4))
    if not np.isfinite(boxes_xyxy).all():
        raise DataError(
            f"boxes_xyxy[{int(np.argwhere(~np.isfinite(boxes_xyxy))[0][0])}] has a corner that is no number."
        )


def _check_shape(name: str, values: NDArray[Any], expected: Sequence[int]) -> None:
    if values.shape != tuple(expected):
        raise DataError(f"{name} has shape {values.shape}; expected {tuple(expected)}.")
