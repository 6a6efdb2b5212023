"""What a detector's head says about images, before any threshold, and the non-maximum suppression of deployment.

Suppression with another IoU needs the candidates again but no second pass through the network, so they are kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detections import Detections, check_range

FLOOR = 0.001  # candidates below it are noise: about one in a thousand would be right
DEFAULT_IOU = 0.7  # what Ultralytics' predict uses unless it is told otherwise
DEFAULT_CONFIDENCE = 0.25  # likewise
MAX_DETECTIONS = 300  # an image, likewise

_CLASS_OFFSET_PX = 7680  # puts the classes out of each other's reach, as Ultralytics does


@dataclass(frozen=True, eq=False)
class Candidates:
    """K boxes on I images, each with its best class, in the order in which the head puts them out.

    Attributes:
        image_index: Which image each is on, (K,) int64, ascending.
        class_index: Its best class, (K,) int64.
        scores: That class's score, (K,) float32, greater than `FLOOR`.
        boxes_xyxy: Corners in pixels of the network's input, (K, 4) float32.
        input_sizes_wh: Width and height of the network's input for each image, (I, 2) int64.
        sizes_wh: Width and height of each image, (I, 2) int64.

    Raises:
        DataError: a score is no number from 0 to 1.
    """

    image_index: NDArray[np.int64]
    class_index: NDArray[np.int64]
    scores: NDArray[np.float32]
    boxes_xyxy: NDArray[np.float32]
    input_sizes_wh: NDArray[np.int64]
    sizes_wh: NDArray[np.int64]

    def __post_init__(self) -> None:
        check_range("scores", self.scores, 0, 1)

    def by_image(self) -> Iterator[tuple[int, slice]]:
        """The candidates of each image that has any."""
        images, starts = np.unique(self.image_index, return_index=True)
        for image, start, end in zip(images, starts, [*starts[1:], len(self.image_index)], strict=True):
            yield int(image), slice(int(start), int(end))


def suppress(candidates: Candidates, *, iou: float = DEFAULT_IOU, confidence: float = FLOOR) -> Detections:
    """The detections that deployment would report: the boxes that `model.predict(conf=…, iou=…)` returns.

    Args:
        candidates: Of some images.
        iou: Boxes of one class that overlap a better one by more are dropped.
        confidence: Boxes have to score higher.

    Returns:
        Detections in pixels of the images, at most 300 an image.
    """
    from src.detector.engine import ops, torch, torchvision

    kept: list[NDArray[np.int64]] = []
    boxes: list[NDArray[np.float32]] = []
    for image, rows in candidates.by_image():
        above = np.flatnonzero(candidates.scores[rows] > confidence) + rows.start
        corners = torch.from_numpy(candidates.boxes_xyxy[above])
        apart = torch.from_numpy(candidates.class_index[above].astype(np.float32))[:, None] * _CLASS_OFFSET_PX
        best = torchvision.ops.nms(corners + apart, torch.from_numpy(candidates.scores[above]), iou)[:MAX_DETECTIONS]
        (input_width, input_height), (width, height) = candidates.input_sizes_wh[image], candidates.sizes_wh[image]
        scaled = ops.scale_boxes((int(input_height), int(input_width)), corners[best], (int(height), int(width)))
        kept.append(above[best.numpy()])
        boxes.append(scaled.numpy())
    chosen = np.concatenate([np.zeros(0, np.int64), *kept])
    return Detections(
        image_index=candidates.image_index[chosen],
        class_index=candidates.class_index[chosen],
        scores=candidates.scores[chosen].astype(np.float64),
        boxes_xyxy=np.concatenate([np.zeros((0, 4), np.float32), *boxes]).astype(np.float64),
    )
