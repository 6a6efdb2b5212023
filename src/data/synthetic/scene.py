"""One picture of the drawn data set and the boxes of the people in it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from src.data.synthetic.canvas import SCENERY, Canvas
from src.data.synthetic.person import draw_person
from src.data.synthetic.scenery import draw_background, draw_distractor

# A figure is labelled when at least this share of it can be seen and its box has at least this side, in pixels.
_MIN_VISIBLE_SHARE = 0.3
_MIN_BOX_SIDE_PX = 4.0

_SMALLEST, _LARGEST = 0.4, 1.0  # heights of figures, as fractions of the picture's
_BACKGROUND_SHARE = 0.1  # pictures without people


@dataclass(frozen=True)
class Scene:
    """A picture and the visible extents of the people in it.

    Attributes:
        boxes_xyxy: shape (N, 4), pixels.
    """

    picture: Image.Image
    boxes_xyxy: npt.NDArray[np.float64]


def draw_scene(seed: int, index: int, side: int) -> Scene:
    """Draw picture number `index` of the set that `seed` names; it does not depend on how many there are."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, index]))
    canvas = Canvas(side)
    horizon = draw_background(canvas, rng)
    people = 0 if rng.random() < _BACKGROUND_SHARE else 1 + int(rng.geometric(0.45) - 1) % 5
    things = int(rng.integers(0, 5))
    is_person = rng.permutation([True] * people + [False] * things)
    heights = side * np.exp(rng.uniform(np.log(_SMALLEST), np.log(_LARGEST), people + things))
    # Whoever is nearer is larger, stands lower in the picture and hides what is behind.
    near = np.argsort(heights)
    areas: dict[int, float] = {}
    for number, which in enumerate(near, start=1):
        height = float(heights[which])
        depth = np.log(height / side / _SMALLEST) / np.log(_LARGEST / _SMALLEST)
        foot_y = horizon + (side * 1.12 - horizon) * depth + float(rng.normal(0, 0.04)) * side
        foot = (float(rng.uniform(-0.02, 1.02)) * side, max(foot_y, horizon))
        if is_person[which]:
            canvas.owner = number
            draw_person(canvas, rng, foot, height)
            areas[number] = canvas.area_of(number)
            canvas.owner = SCENERY
        else:
            draw_distractor(canvas, rng, foot, height * float(rng.uniform(0.6, 1.1)))
    boxes = [box for number, area in areas.items() if (box := _label(canvas, number, area))]
    return Scene(_as_photographed(canvas.finished(), rng), np.asarray(boxes, dtype=float).reshape(-1, 4))


def _label(canvas: Canvas, owner: int, area: float) -> tuple[float, float, float, float] | None:
    seen = canvas.visible_part(owner)
    if seen is None or seen[0] < _MIN_VISIBLE_SHARE * area:
        return None
    left, top, right, bottom = seen[1]
    return seen[1] if min(right - left, bottom - top) >= _MIN_BOX_SIDE_PX else None


def _as_photographed(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Exposure, focus and sensor noise."""
    if rng.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.0))))
    gain, offset = float(rng.uniform(0.7, 1.15)), float(rng.uniform(-15, 15))
    noise = rng.normal(0, float(rng.uniform(1, 9)), (picture.height, picture.width, 3))
    return Image.fromarray((np.asarray(picture) * gain + offset + noise).clip(0, 255).astype(np.uint8))
