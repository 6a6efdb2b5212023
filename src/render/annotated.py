"""An image with what a model makes of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detections import Detections, GroundTruth
from src.render.boxes import draw_boxes


@dataclass(frozen=True, eq=False)
class Annotated:
    """The picture, and how many boxes of each kind are on it.

    Attributes:
        picture: RGB, (H, W, 3); small images are enlarged.
        found: Boxes that a detection takes.
        wrong: Detections that take none.
        missed: Boxes that none takes.
    """

    picture: NDArray[np.uint8]
    found: int
    wrong: int
    missed: int

    @property
    def counts(self) -> str:
        """How many boxes of each kind there are, in words."""
        return f"{self.found} found, {self.wrong} wrong, {self.missed} missed"


def annotate(
    image_rgb: NDArray[np.uint8],
    image: int,
    *,
    detections: Detections,
    taken: NDArray[np.int64],
    truth: GroundTruth,
    kept: NDArray[np.bool_],
) -> Annotated:
    """Draw what was found, missed and wrong.

    Args:
        image_rgb: (H, W, 3).
        image: Its index.
        detections: Of all images.
        taken: The labelled box that each detection takes, -1 for none, (N,).
        truth: What is on the images.
        kept: Which detections are above the threshold, (N,).
    """
    here = np.flatnonzero((detections.image_index == image) & kept)
    hit, wrong = here[taken[here] >= 0], here[taken[here] < 0]
    missed = np.setdiff1d(np.flatnonzero(truth.image_index == image), taken[here])
    picture = draw_boxes(
        image_rgb,
        missed_xyxy=truth.boxes_xyxy[missed],
        hit_xyxy=detections.boxes_xyxy[hit],
        hit_scores=detections.scores[hit],
        wrong_xyxy=detections.boxes_xyxy[wrong],
        wrong_scores=detections.scores[wrong],
    )
    return Annotated(picture, len(hit), len(wrong), len(missed))
