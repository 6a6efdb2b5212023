"""Whether a packaged model gives the boxes that the stage evaluate recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from src.core.detections import Detections
from src.core.errors import RegistryError

# Between machines and devices a box may differ in its last digits, but not by what anybody could see.
TOLERANCE_PX, TOLERANCE_CONFIDENCE = 0.5, 0.01
_CORNERS = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True)
class Likeness:
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

    def require(self, what: str) -> None:
        """Refuse a package that gives other boxes.

        Raises:
            RegistryError: it does.
        """
        if not self.is_same:
            raise RegistryError(
                f"{what} gives {self}. Nothing was registered: the weights do not reproduce their evaluation on this"
                " machine; run `python -m src.evaluate` again, with the versions of requirements.lock."
            )


def likeness(found: Sequence[Mapping[str, Any]], recorded: Detections, class_names: Sequence[str]) -> Likeness:
    """Compare what a package says about images with what was recorded about them.

    Args:
        found: Its boxes, in the form of `src.mlflow.registry.package.predict`; images by their place in `recorded`.
        recorded: At the package's threshold and NMS IoU.
        class_names: What the classes of `recorded` are called.
    """
    counts = len(found), len(recorded)
    names = [class_names[index] for index in recorded.class_index]
    same = [box["class"] for box in found] == names and [box["image"] for box in found] == list(recorded.image_index)
    if not same:
        return Likeness(*counts, np.inf, np.inf)
    corners = np.array([[box[corner] for corner in _CORNERS] for box in found]).reshape(-1, 4)
    scores = np.array([box["confidence"] for box in found])
    box_px = np.abs(corners - recorded.boxes_xyxy).max(initial=0)
    return Likeness(*counts, float(box_px), float(np.abs(scores - recorded.scores).max(initial=0)))
