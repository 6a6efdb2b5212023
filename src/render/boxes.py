"""Boxes drawn on an image: what was found, what was missed, and what is wrong.

The kinds differ in colour and in line, so that readers without colour vision distinguish them too: detections that hit
are solid, those that are wrong are solid and thick, ground truth that was missed is dashed.
"""

import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

# Blue, orange and yellow: distinct under the common colour vision deficiencies, and rare in photographs.
HIT = "#0091FF"
WRONG = "#D55E00"
MISSED = "#F0E442"

_LONG_SIDE_PX = 640  # smaller images are enlarged to it, so that scores can be read
_FONT_PX = 14
_DASH_PX = 7
_SMALL_PX = 320
_NO_BOXES, _NO_SCORES = np.zeros((0, 4)), np.zeros(0)

_Pen = ImageDraw.ImageDraw
_Corners = tuple[float, float, float, float]


def draw_boxes(
    image: NDArray[np.uint8],
    *,
    missed_xyxy: NDArray[np.float64] = _NO_BOXES,
    hit_xyxy: NDArray[np.float64] = _NO_BOXES,
    hit_scores: NDArray[np.float64] = _NO_SCORES,
    wrong_xyxy: NDArray[np.float64] = _NO_BOXES,
    wrong_scores: NDArray[np.float64] = _NO_SCORES,
) -> NDArray[np.uint8]:
    """A copy of an image with boxes on it, the scores beside them; those of high score lie on top.

    Args:
        image: RGB, (H, W, 3).
        missed_xyxy: Ground truth boxes that no detection matches, in pixels of `image`, (M, 4).
        hit_xyxy: Detections that match a ground truth box, (K, 4).
        hit_scores: (K,).
        wrong_xyxy: Detections that match none, (L, 4).
        wrong_scores: (L,).

    Returns:
        (H', W', 3): enlarged by a whole factor where the longer side is under 640 pixels.
    """
    factor = max(1, round(_LONG_SIDE_PX / max(image.shape[:2])))
    height, width = image.shape[:2]
    picture = Image.fromarray(image).resize((width * factor, height * factor), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for box in missed_xyxy * factor:
        _dashed(pen, _corners(box), MISSED)
    scores = np.concatenate([wrong_scores, hit_scores])
    boxes = np.concatenate([wrong_xyxy, hit_xyxy]) * factor
    for index in np.argsort(scores, kind="stable"):
        hits = index >= len(wrong_scores)
        pen.rectangle(_corners(boxes[index]), outline=HIT if hits else WRONG, width=2 if hits else 3)
    for index in np.argsort(scores, kind="stable"):
        _label(pen, _corners(boxes[index]), f"{scores[index]:.2g}", HIT if index >= len(wrong_scores) else WRONG)
    return np.asarray(picture)


def small_jpeg(picture: NDArray[np.uint8]) -> bytes:
    """A picture, RGB, (H, W, 3), as a JPEG for a page that has many: 320 pixels along the longer side at most."""
    small = Image.fromarray(picture)
    small.thumbnail((_SMALL_PX, _SMALL_PX))
    content = io.BytesIO()
    small.save(content, "JPEG", quality=85)
    return content.getvalue()


def _corners(box_xyxy: NDArray[np.float64]) -> _Corners:
    left, top, right, bottom = map(float, box_xyxy)
    return left, top, max(left, right), max(top, bottom)


def _label(pen: _Pen, box: _Corners, text: str, colour: str) -> None:
    """White on the box's colour, at its upper left corner; inside where there is no room above."""
    font = ImageFont.load_default(_FONT_PX)
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    width, height = right - left + 4, bottom - top + 4
    x = min(max(box[0], 0), pen.im.size[0] - width)
    y = box[1] - height if box[1] >= height else box[1]
    pen.rectangle((x, y, x + width, y + height), fill=colour)
    pen.text((x + 2 - left, y + 2 - top), text, fill="white", font=font)


def _dashed(pen: _Pen, box: _Corners, colour: str) -> None:
    left, top, right, bottom = box
    for y in (top, bottom):
        for start, end in _dashes(left, right):
            pen.line((start, y, end, y), fill=colour, width=3)
    for x in (left, right):
        for start, end in _dashes(top, bottom):
            pen.line((x, start, x, end), fill=colour, width=3)


def _dashes(start: float, end: float) -> Iterator[tuple[float, float]]:
    for dash in np.arange(start, end, 2 * _DASH_PX):
        yield float(dash), float(min(dash + _DASH_PX, end))
