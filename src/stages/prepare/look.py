"""What there is to see in a prepared data set before anything is trained on it."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from src.core.detections import GroundTruth
from src.core.files import write_text
from src.data.ground_truth import ground_truth
from src.data.images import open_picture
from src.data.options import DataOptions
from src.data.prepared import PreparedData, read_manifest
from src.data.suspicious import labelled_twice
from src.render.printed import prepared_page
from src.render.printed.prepared_page import Sample

FOLDER = Path("outputs/data")
SAMPLES = 6  # of each class and split
_SIDE_PX = 320


def look(data: PreparedData, options: DataOptions, folder: Path = FOLDER) -> Path:
    """Write the page about a data set.

    Args:
        data: The prepared data set.
        options: Its options, which name the image sizes that will be trained with.
        folder: Where the page goes.

    Returns:
        `NAME.html` in the folder.

    Raises:
        DataError: an image or label file is gone or damaged.
    """
    truths = {split: ground_truth(data, split) for split, count in data.counts.items() if count.images}
    twice = [(split, pair) for split, truth in truths.items() for pair in labelled_twice(truth)]
    path = folder / f"{data.name}.html"
    write_text(
        path,
        prepared_page.as_html(
            read_manifest(data.root),
            truths,
            imgsz_choices=options.imgsz_choices,
            samples=[sample for split, truth in truths.items() for sample in _samples(data, split, truth)],
            labelled_twice=[(split, pair.file, pair.class_name, pair.iou) for split, pair in twice],
        ),
    )
    return path


def _samples(data: PreparedData, split: str, truth: GroundTruth) -> list[Sample]:
    """Images of each class, evenly over the split, and of none."""
    of_class = {name: np.unique(truth.image_index[truth.class_index == c]) for c, name in enumerate(truth.class_names)}
    empty = np.setdiff1d(np.arange(truth.image_count), truth.image_index)
    return [
        Sample(split, name, truth.files[image], _jpeg(data.root / truth.files[image], _boxes(truth, image)))
        for name, images in {**of_class, "": empty}.items()
        for image in _evenly(images)
    ]


def _evenly(images: NDArray[np.int64]) -> Sequence[int]:
    places = np.linspace(0, len(images) - 1, min(SAMPLES, len(images))).astype(int)
    return [int(images[place]) for place in places]


def _boxes(truth: GroundTruth, image: int) -> NDArray[np.float64]:
    boxes_xyxy: NDArray[np.float64] = truth.boxes_xyxy[truth.image_index == image]
    return boxes_xyxy


def _jpeg(path: Path, boxes_xyxy: NDArray[np.float64]) -> bytes:
    with open_picture(path) as image:
        drawn = prepared_page.with_boxes(np.asarray(image.convert("RGB")), boxes_xyxy)
    drawn.thumbnail((_SIDE_PX, _SIDE_PX))
    content = io.BytesIO()
    drawn.save(content, "JPEG", quality=85)
    return content.getvalue()
