"""Scored detections that are known to be right or wrong: what a threshold is chosen from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detections import check_range
from src.core.errors import DataError


@dataclass(frozen=True, eq=False)
class ScoredDetections:
    """N detections on I images of C classes, after NMS at one IoU.

    Attributes:
        image_index: Which image each is on, (N,) integers in [0, I).
        class_index: Which class it is of, (N,) integers in [0, C).
        scores: Its confidence, (N,) in (floor, 1].
        hit: Whether it matches a ground truth box, (N,) bool; each box is matched once at most.
        positives: Number of ground truth boxes by image and class, (I, C) integers.
        floor: Confidence above which detections were kept at all; what a lower threshold would do is not known.

    Raises:
        DataError: an array has the wrong shape, values out of range (NaN is one), or more hits than boxes.
    """

    image_index: NDArray[np.int64]
    class_index: NDArray[np.int64]
    scores: NDArray[np.float64]
    hit: NDArray[np.bool_]
    positives: NDArray[np.int64]
    floor: float = 0.0

    def __post_init__(self) -> None:
        if self.positives.ndim != 2:
            raise DataError(f"positives has shape {self.positives.shape}; expected (images, classes).")
        for name in ("image_index", "class_index", "hit"):
            if (shape := getattr(self, name).shape) != (len(self.scores),):
                raise DataError(f"{name} has shape {shape}; expected ({len(self.scores)},).")
        if self.hit.dtype != np.bool_:
            raise DataError(f"hit is of type {self.hit.dtype}; expected bool.")
        if not 0 <= self.floor < 1:
            raise DataError(f"floor is {self.floor}; expected a confidence from 0 to below 1.")
        check_range("image_index", self.image_index, 0, self.image_count - 1)
        check_range("class_index", self.class_index, 0, self.class_count - 1)
        # from the next number above the floor: thresholds are strict, so a score equal to the floor never passes
        check_range("scores", self.scores, float(np.nextafter(self.floor, 1)), 1)
        self._check_hits()

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def image_count(self) -> int:
        """Number of images, those without boxes and without detections included."""
        return int(self.positives.shape[0])

    @property
    def class_count(self) -> int:
        """Number of classes, those without boxes included."""
        return int(self.positives.shape[1])

    def of_class(self, class_index: int) -> "ScoredDetections":
        """The detections and ground truth of one class, as a set of that class alone."""
        chosen = self.class_index == class_index
        return ScoredDetections(
            image_index=self.image_index[chosen],
            class_index=np.zeros(int(chosen.sum()), np.int64),
            scores=self.scores[chosen],
            hit=self.hit[chosen],
            positives=self.positives[:, class_index : class_index + 1],
            floor=self.floor,
        )

    def _check_hits(self) -> None:
        cell = self.image_index[self.hit] * self.class_count + self.class_index[self.hit]
        hits = np.bincount(cell, minlength=self.positives.size).reshape(self.positives.shape)
        if (hits > self.positives).any():
            image, class_ = np.argwhere(hits > self.positives)[0]
            raise DataError(
                f"On image {image} there are {hits[image, class_]} hits of class {class_}, but"
                f" {self.positives[image, class_]} boxes; each box can be matched once."
            )
