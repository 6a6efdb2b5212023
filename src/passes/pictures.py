"""A detector's look at pictures for monitoring: what they are like, and what it finds on them."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detections import Detections, RawBoxes
from src.detector.predict import Predictor
from src.detector.suppression import suppress
from src.monitoring.statistics import Statistics, of_outputs, of_picture, of_pictures
from src.thresholds.operating_point import OperatingPoint


@dataclass(frozen=True, eq=False)
class SeenPictures:
    """What there is to know of I pictures.

    Attributes:
        statistics: Of the pictures and of the outputs.
        raw: The boxes before suppression.
        found: The detections at the operating point.
    """

    statistics: Statistics
    raw: RawBoxes
    found: Detections


def look(predictor: Predictor, images_bgr: Iterable[NDArray[np.uint8]], point: OperatingPoint) -> SeenPictures:
    """Pass pictures through the network, once, and keep their statistics.

    Args:
        predictor: The model.
        images_bgr: (H, W, 3) each; the next one is read and measured while the network looks at one.
        point: Where the model is operated.
    """
    rows: list[tuple[float, ...]] = []

    def measured() -> Iterator[NDArray[np.uint8]]:
        for image_bgr in images_bgr:
            rows.append(of_picture(image_bgr))
            yield image_bgr

    raw = predictor.raw_boxes(_one_ahead(measured()))
    kept = suppress(raw, iou=point.iou, confidence=point.score)
    found = kept.where(point.keeps(kept.scores, kept.class_index))
    outputs = of_outputs(found.image_index, found.scores, found.boxes_xyxy, raw.sizes_wh)
    return SeenPictures({**of_pictures(rows), **outputs}, raw, found)


def _one_ahead(images_bgr: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """The same, each next one made in a thread while the last one is used."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, images_bgr, None)
        while (image_bgr := coming.result()) is not None:
            coming = thread.submit(next, images_bgr, None)
            yield image_bgr
