"""Labelled pictures of a window: what the watched version, and another one, reach on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from src.core.detections import GroundTruth, RawBoxes
from src.core.errors import DataError
from src.data.labels import Box, LabelReader, corners
from src.detector.predict import read_image
from src.documents.monitor import Canary, LabelledWindow, MonitoringReference
from src.documents.predictions import Predictions
from src.monitoring.labelled import change, fallen, pictures_for
from src.monitoring.scenes import sums
from src.passes.matched import match_at
from src.stages.monitor.deployed import DeployedVersion
from src.stages.monitor.window import Window
from src.thresholds.operating_point import differences, intervals

_EXCHANGES, _SEED = 1000, 0


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of a window.

    Attributes:
        truth: Of all its pictures; those without a label file have no boxes.
        known: Which pictures have a label file, (I,).
        scenes: Of these.
    """

    truth: GroundTruth
    known: NDArray[np.bool_]
    scenes: Sequence[str]

    def counts(self, raw: RawBoxes, model: DeployedVersion) -> NDArray[np.int64]:
        """Detections kept, hits and boxes of each labelled scene, (S, 3)."""
        counts = match_at(Predictions(self.truth, raw), model.point.iou).counts(model.point)
        return sums(counts[self.known], self.scenes)


def read_labels(folder: Path, window: Window, class_names: Sequence[str]) -> Labels:
    """Read the label files of a window's pictures; one without lines says that nothing is on its picture.

    Args:
        folder: Where they lie: `a/b.txt` for the picture `a/b.jpg`.
        window: The pictures.
        class_names: The model's, by whose ids the labels name them.

    Raises:
        DataError: there are none, or one cannot be right; the message names file and line.
    """
    reader = LabelReader(class_names)
    paths = [folder / file.with_suffix(".txt") for file in window.files]
    known = np.array([path.is_file() for path in paths])
    if not known.any():
        raise DataError(f"labels={folder}: has no label file for any of the pictures; expected {paths[0]}, for one.")
    sizes_wh = window.seen.raw.sizes_wh
    boxes = [
        _boxes(path, reader, (int(width), int(height))) if path.is_file() else []
        for path, (width, height) in zip(paths, sizes_wh, strict=True)
    ]
    image_index = np.repeat(np.arange(len(boxes), dtype=np.int64), [len(own) for own in boxes])
    rows = corners(np.array([box.xywh for own in boxes for box in own], np.float64).reshape(-1, 4))
    truth = GroundTruth(
        files=tuple(file.as_posix() for file in window.files),
        sizes_wh=sizes_wh,
        class_names=tuple(class_names),
        image_index=image_index,
        class_index=np.array([box.class_id for own in boxes for box in own], np.int64),
        boxes_xyxy=rows * np.tile(sizes_wh[image_index], 2),
    )
    return Labels(truth, known, [scene for scene, has in zip(window.scenes, known, strict=True) if has])


def _boxes(path: Path, reader: LabelReader, size_wh: tuple[int, int]) -> list[Box]:
    try:
        return reader.read(path.read_text(encoding="utf-8-sig"), str(path), lambda: size_wh)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a text file in UTF-8 ({error.reason} at byte {error.start})") from None


def judged(
    labels: Labels,
    window: Window,
    model: DeployedVersion,
    reference: MonitoringReference | None,
    other: DeployedVersion | None,
    *,
    alias: str | None,
) -> LabelledWindow:
    """What the labels say.

    Args:
        labels: Of the window.
        window: The pictures.
        model: The version that is watched.
        reference: What it is compared with; None, or one without labels, for nothing.
        other: The version on trial; None without one.
        alias: The other's.
    """
    counts = labels.counts(window.seen.raw, model)
    metrics = intervals(counts)
    pictures = int(labels.known.sum())
    before = intervals(np.array(reference.counts)) if reference and reference.counts else None
    changes = None if before is None else change(metrics, before)
    canary = None
    if other is not None and alias is not None:
        raw = other.predictor.raw_boxes(read_image(window.root / file) for file in window.files)
        others = labels.counts(raw, other)
        difference = differences(others, counts, exchanges=_EXCHANGES, seed=_SEED)
        canary = Canary(
            alias, other.version.number, intervals(others), difference, pictures_for(difference.f1, pictures)
        )
    return LabelledWindow(
        pictures=pictures,
        scenes=len(counts),
        metrics=metrics,
        reference=before,
        change=changes,
        fallen=() if changes is None else fallen(changes),
        canary=canary,
    )
