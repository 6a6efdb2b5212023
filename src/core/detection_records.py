"""The detections of one pass over a data set, matched with the ground truth: what metrics are computed from."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from src.core.detections import check_range
from src.core.errors import DataError

IOU_THRESHOLDS = tuple(round(0.5 + 0.05 * index, 2) for index in range(10))


@dataclass(frozen=True, eq=False)
class DetectionRecords:
    """N detections on I images of C classes: what metrics, thresholds and bootstraps are computed from.

    Attributes:
        image_index: Which image each detection is on, (N,) integers in [0, I).
        class_index: Which class it is of, (N,) integers in [0, C).
        scores: Its confidence, (N,) in [0, 1].
        true_positive: Whether it matches a ground truth box at each IoU threshold of 0.50, 0.55, …, 0.95, (N, 10) bool.
        positives: Number of ground truth boxes by image and class, (I, C) integers.

    Raises:
        DataError: an array has the wrong shape or values out of range, or matches more boxes than there are.
    """

    image_index: NDArray[np.int64]
    class_index: NDArray[np.int64]
    scores: NDArray[np.float64]
    true_positive: NDArray[np.bool_]
    positives: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.positives.ndim != 2:
            raise DataError(f"positives has shape {self.positives.shape}; expected (images, classes).")
        count = len(self.scores)
        expected: dict[str, tuple[int, ...]] = {"image_index": (count,), "class_index": (count,), "scores": (count,)}
        expected["true_positive"] = (count, len(IOU_THRESHOLDS))
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise DataError(f"{name} has shape {getattr(self, name).shape}; expected {shape}.")
        if self.true_positive.dtype != np.bool_:
            raise DataError(f"true_positive is of type {self.true_positive.dtype}; expected bool.")
        check_range("image_index", self.image_index, 0, self.image_count - 1)
        check_range("class_index", self.class_index, 0, self.class_count - 1)
        check_range("scores", self.scores, 0, 1)
        check_range("positives", self.positives, 0, np.iinfo(np.int64).max)
        self._check_matches()

    @property
    def image_count(self) -> int:
        """Number of images, those without boxes and without detections included."""
        return int(self.positives.shape[0])

    @property
    def class_count(self) -> int:
        """Number of classes."""
        return int(self.positives.shape[1])

    @property
    def hit(self) -> NDArray[np.bool_]:
        """Whether each detection matches a ground truth box at IoU 0.50, (N,)."""
        hit: NDArray[np.bool_] = self.true_positive[:, 0]
        return hit

    def of_class(self, class_index: int) -> "DetectionRecords":
        """The detections and ground truth of one class, as records of that class alone."""
        chosen = self.class_index == class_index
        return DetectionRecords(
            image_index=self.image_index[chosen],
            class_index=np.zeros(int(chosen.sum()), np.int64),
            scores=self.scores[chosen],
            true_positive=self.true_positive[chosen],
            positives=self.positives[:, class_index : class_index + 1],
        )

    def on_images(self, images: NDArray[np.int64]) -> "DetectionRecords":
        """The detections and ground truth of some images, each once, as records of these in the order given.

        Args:
            images: Their places, (J,).
        """
        place = np.full(self.image_count, -1)
        place[images] = np.arange(len(images))
        chosen = place[self.image_index] >= 0
        return DetectionRecords(
            image_index=place[self.image_index[chosen]],
            class_index=self.class_index[chosen],
            scores=self.scores[chosen],
            true_positive=self.true_positive[chosen],
            positives=self.positives[images],
        )

    def save(self, path: Path) -> None:
        """Write the records to an `.npz` file.

        Side effects: creates the parent folders.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        scratch = path.with_name(f".{path.stem}.partial.npz")
        np.savez_compressed(scratch, **arrays)
        scratch.replace(path)

    @classmethod
    def load(cls, path: Path) -> "DetectionRecords":
        """Read records that `save` has written.

        Raises:
            DataError: the file is missing, or is no file of records.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(**{field.name: arrays[field.name] for field in fields(cls)})
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise DataError(f"{path} is no file of detection records ({error}); evaluate the model again.") from error

    def _check_matches(self) -> None:
        matched = np.zeros((len(IOU_THRESHOLDS), *self.positives.shape), np.int64)
        detection, threshold = np.nonzero(self.true_positive)
        np.add.at(matched, (threshold, self.image_index[detection], self.class_index[detection]), 1)
        if (matched > self.positives).any():
            _, image, class_ = np.argwhere(matched > self.positives)[0]
            raise DataError(
                f"On image {image} more detections of class {class_} are true positives than the"
                f" {self.positives[image, class_]} boxes it has; each box can be matched once."
            )
