"""What a model says about the images of a split, kept as Parquet so that no later question needs another pass."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from src.core.detections import GroundTruth, RawBoxes
from src.core.errors import DataError
from src.core.files import folder_when_complete

VAL, TEST, CORRUPTED, UNTRAINED = "val", "test", "corrupted", "untrained"

_CORNERS = ("x1", "y1", "x2", "y2")
_IMAGES, _TRUTH = "images.parquet", "ground_truth.parquet"
_RAW = "candidates.parquet"  # the raw boxes' first name, which the runs that were recorded with it keep

_WITHOUT_NMS = "without_nms"  # of the boxes of a head that leaves one box an object


@dataclass(frozen=True, eq=False)
class Predictions:
    """The images of a split, what is on them and what a model's head says about them.

    Attributes:
        truth: The images and their labelled boxes.
        raw: The head's boxes above the noise floor, before suppression.
    """

    truth: GroundTruth
    raw: RawBoxes

    def save(self, folder: Path) -> None:
        """Write `images.parquet`, `ground_truth.parquet` and `candidates.parquet`.

        Side effects: replaces the folder, whole.
        """
        truth, found = self.truth, self.raw
        images = {
            "file": truth.files,
            **_columns(("width", "height"), truth.sizes_wh),
            **_columns(("input_width", "input_height"), found.input_sizes_wh),
        }
        labelled = {"image": truth.image_index, "class": truth.class_index, **_columns(_CORNERS, truth.boxes_xyxy)}
        boxes = {"image": found.image_index, "class": found.class_index, "score": found.scores}
        boxes |= _columns(_CORNERS, found.boxes_xyxy)
        with folder_when_complete(folder) as scratch:
            classes = {"classes": "\n".join(truth.class_names)}
            pq.write_table(pa.table(images).replace_schema_metadata(classes), scratch / _IMAGES)
            pq.write_table(pa.table(labelled), scratch / _TRUTH)
            nms = {} if found.needs_nms else {_WITHOUT_NMS: "true"}
            pq.write_table(pa.table(boxes).replace_schema_metadata(nms), scratch / _RAW)

    @staticmethod
    def load(folder: Path) -> "Predictions":
        """Read what `save` has written.

        Raises:
            DataError: there are no predictions in the folder, or they are damaged.
        """
        try:
            images, labelled, found = (pq.read_table(folder / name) for name in (_IMAGES, _TRUTH, _RAW))
            sizes_wh = _rows(images, ("width", "height"), np.int64)
            truth = GroundTruth(
                files=tuple(images["file"].to_pylist()),
                sizes_wh=sizes_wh,
                class_names=tuple((images.schema.metadata or {})[b"classes"].decode().split("\n")),
                image_index=_column(labelled, "image", np.int64),
                class_index=_column(labelled, "class", np.int64),
                boxes_xyxy=_rows(labelled, _CORNERS, np.float64),
            )
            raw = RawBoxes(
                image_index=_column(found, "image", np.int64),
                class_index=_column(found, "class", np.int64),
                scores=_column(found, "score", np.float32),
                boxes_xyxy=_rows(found, _CORNERS, np.float32),
                input_sizes_wh=_rows(images, ("input_width", "input_height"), np.int64),
                sizes_wh=sizes_wh,
                needs_nms=_WITHOUT_NMS.encode() not in (found.schema.metadata or {}),
            )
        except (OSError, KeyError, pa.ArrowException) as error:
            raise DataError(f"{folder} holds no predictions ({error}); run `python -m src.evaluate` again.") from error
        return Predictions(truth, raw)


def folder_of(evaluation: Path, *parts: str) -> Path:
    """Where an evaluation keeps predictions, e.g. `folder_of(evaluation, CORRUPTED, "fog")`."""
    return evaluation.joinpath("predictions", *parts)


def corruptions_in(evaluation: Path) -> list[str]:
    """The corruptions of the test set that an evaluation has predictions for."""
    return sorted(path.parent.name for path in folder_of(evaluation, CORRUPTED).glob(f"*/{_IMAGES}"))


def _columns(names: tuple[str, ...], array: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {name: array[:, index] for index, name in enumerate(names)}


def _column(table: pa.Table, name: str, dtype: type) -> NDArray[Any]:
    return np.asarray(table[name].to_numpy(), dtype)


def _rows(table: pa.Table, names: tuple[str, ...], dtype: type) -> NDArray[Any]:
    return np.stack([_column(table, name, dtype) for name in names], axis=1)
