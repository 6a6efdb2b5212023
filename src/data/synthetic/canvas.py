"""A drawing surface that remembers which object every pixel belongs to."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

SCENERY: Final = 0  # the owner of everything that is not labelled
MAX_OWNER: Final = 255


class Canvas:
    """A square picture, drawn larger than it is shown and with a margin that is cut off at the end.

    All coordinates are pixels of the finished picture, origin at its top left corner; the margin has negative
    coordinates, so that something half outside can be drawn whole. Drawing larger and shrinking gives smooth edges.

    Attributes:
        side: width and height of the finished picture, in pixels.
    """

    def __init__(self, side: int, scale: int = 2) -> None:
        self.side = side
        self._scale = scale
        self._margin = side // 2
        full = (side + 2 * self._margin) * scale
        self._picture = Image.new("RGB", (full, full))
        self._owners = Image.new("L", (full, full), SCENERY)
        self._brush = ImageDraw.Draw(self._picture)
        self._stamp = ImageDraw.Draw(self._owners)
        self.owner = SCENERY

    def background(self, pixels: npt.NDArray[np.uint8]) -> None:
        """Lay `pixels`, shape (height, width, 3), stretched under the visible part."""
        visible = self.side * self._scale
        layer = Image.fromarray(pixels).resize((visible, visible), Image.Resampling.BILINEAR)
        self._picture.paste(layer, (self._margin * self._scale, self._margin * self._scale))

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon."""
        corners = [self._place(point) for point in points]
        self._brush.polygon(corners, fill=colour)
        self._stamp.polygon(corners, fill=self.owner)

    def disc(self, centre: Point, radius_x: float, radius_y: float, colour: Colour) -> None:
        """Fill an ellipse with axes along the picture's."""
        x, y = self._place(centre)
        wide, high = radius_x * self._scale, radius_y * self._scale
        self._brush.ellipse((x - wide, y - high, x + wide, y + high), fill=colour)
        self._stamp.ellipse((x - wide, y - high, x + wide, y + high), fill=self.owner)

    def rectangle(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def limb(self, start: Point, end: Point, start_width: float, end_width: float, colour: Colour) -> None:
        """Fill a tapering stroke with round ends."""
        direction = np.subtract(end, start)
        length = float(np.hypot(*direction)) or 1.0
        normal_x, normal_y = -direction[1] / length / 2, direction[0] / length / 2
        self.polygon(
            [
                (start[0] + normal_x * start_width, start[1] + normal_y * start_width),
                (end[0] + normal_x * end_width, end[1] + normal_y * end_width),
                (end[0] - normal_x * end_width, end[1] - normal_y * end_width),
                (start[0] - normal_x * start_width, start[1] - normal_y * start_width),
            ],
            colour,
        )
        self.disc(start, start_width / 2, start_width / 2, colour)
        self.disc(end, end_width / 2, end_width / 2, colour)

    def area_of(self, owner: int) -> float:
        """The area that `owner` covers now, margin included, in square pixels."""
        return float(np.count_nonzero(np.asarray(self._owners) == owner)) / self._scale**2

    def visible_part(self, owner: int) -> tuple[float, tuple[float, float, float, float]] | None:
        """What of `owner` can be seen within the picture, or None when nothing can.

        Returns:
            Its area in square pixels and its extent (left, top, right, bottom).
        """
        start, stop = self._margin * self._scale, (self._margin + self.side) * self._scale
        seen = np.asarray(self._owners)[start:stop, start:stop] == owner
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        if not len(rows):
            return None
        extent = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        left, top, right, bottom = (float(edge) / self._scale for edge in extent)
        return float(np.count_nonzero(seen)) / self._scale**2, (left, top, right, bottom)

    def finished(self) -> Image.Image:
        """The picture without its margin, in its final size."""
        start, stop = self._margin * self._scale, (self._margin + self.side) * self._scale
        return self._picture.crop((start, start, stop, stop)).reduce(self._scale)

    def _place(self, point: Point) -> Point:
        return (point[0] + self._margin) * self._scale, (point[1] + self._margin) * self._scale


def shade(colour: Colour, factor: float) -> Colour:
    """`colour` made darker (factor below 1) or lighter (above 1)."""
    red, green, blue = (min(255, max(0, round(channel * factor))) for channel in colour)
    return red, green, blue


def random_colour(rng: np.random.Generator, low: int = 20, high: int = 235) -> Colour:
    """Any colour with channels from `low` to `high`."""
    red, green, blue = (int(channel) for channel in rng.integers(low, high, 3))
    return red, green, blue
