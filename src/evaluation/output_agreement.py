"""Whether a packaged model gives the boxes that were recorded when it was evaluated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from src.core.detections import Detections

# Between machines and devices a box may differ in its last digits, but not by anything visible.
TOLERANCE_PX, TOLERANCE_CONFIDENCE = 0.5, 0.01
_CORNERS = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True)
class OutputAgreement:
    """How far boxes lie from those that were recorded.

    Attributes:
        boxes: How many the package gives.
        recorded: How many were recorded.
        box_px: The largest difference of a corner, in pixels of the image; infinite where the boxes are others.
        confidence: The largest difference of a confidence; likewise.
    """

    boxes: int
    recorded: int
    box_px: float
    confidence: float

    @property
    def is_same(self) -> bool:
        """Whether they are the same boxes, but for the last digits."""
        return self.box_px <= TOLERANCE_PX and self.confidence <= TOLERANCE_CONFIDENCE

    def __str__(self) -> str:
        if self.boxes != self.recorded:
            return f"{self.boxes} boxes, not {self.recorded}"
        if self.box_px == np.inf:
            return f"{self.boxes} boxes, of other classes or on other images"
        boxes = "1 box" if self.boxes == 1 else f"{self.boxes} boxes"
        return f"{boxes}, off by at most {self.box_px:.2g} px and {self.confidence:.2g} in confidence"


def output_agreement(
    found: Sequence[Mapping[str, Any]], recorded: Detections, class_names: Sequence[str]
) -> OutputAgreement:
    """Compare what a package says about images with what was recorded about them.

    Args:
        found: Its boxes, each with `image`, `class`, `confidence` and the corners `x1`, `y1`, `x2`,
            `y2`; images by their place in `recorded`.
        recorded: At the package's threshold and NMS IoU.
        class_names: What the classes of `recorded` are called.
    """
    counts = len(found), len(recorded)
    names = [class_names[index] for index in recorded.class_index]
    same = [box["class"] for box in found] == names and [box["image"] for box in found] == list(recorded.image_index)
    if not same:
        return OutputAgreement(*counts, np.inf, np.inf)
    corners = np.array([[box[corner] for corner in _CORNERS] for box in found]).reshape(-1, 4)
    scores = np.array([box["confidence"] for box in found])
    box_px = np.abs(corners - recorded.boxes_xyxy).max(initial=0)
    return OutputAgreement(*counts, float(box_px), float(np.abs(scores - recorded.scores).max(initial=0)))
