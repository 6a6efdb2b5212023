"""Boxes, and the YOLO label text that holds them: one line `class x_centre y_centre width height` per box."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.errors import DataError

STRICT, BOXES = "strict", "boxes"
ROWS = (STRICT, BOXES)
# What the manifest says of rows that were changed.
CLIPPED, POLYGONS, POSES, CONFIDENCES = (
    "boxes_clipped_at_the_border",
    "polygons_turned_into_boxes",
    "key_points_left_out",
    "confidences_left_out",
)

_COLUMNS = ("class", "x_centre", "y_centre", "width", "height")
_BOX, _BOX_AND_CONFIDENCE, _SMALLEST_POLYGON = 5, 6, 7
_VISIBILITIES = (0.0, 1.0, 2.0)  # of a key point in COCO's sense
# Writers round to six decimals, so a box that touches the border may reach out by that much.
_ROUNDING = 1e-5
_DECIMALS = 6  # of the numbers in the label files that are written
# Annotation tools round to pixels, and writers to few decimals: what sticks out by no more than this is cut off.
TOLERANCE_PX = 1.0


@dataclass(frozen=True)
class Box:
    """One labelled object; lengths are fractions of the image's width and height.

    Raises:
        DataError: a number that is not finite, outside [0, 1], or a box without area or beyond the image.
    """

    class_id: int
    x_centre: float
    y_centre: float
    width: float
    height: float

    @property
    def xywh(self) -> tuple[float, float, float, float]:
        """Its centre, width and height."""
        return self.x_centre, self.y_centre, self.width, self.height

    def __post_init__(self) -> None:
        for name in _COLUMNS[1:]:
            value = getattr(self, name)
            if not math.isfinite(value):
                raise DataError(f"{name} is {value}, not a finite number")
            if not 0 <= value <= 1:
                raise DataError(f"{name} is {value:g}, outside [0, 1] (fractions of the image, not pixels)")
        if not (round(self.width, _DECIMALS) and round(self.height, _DECIMALS)):  # as it would be written
            raise DataError(f"the box has no area (width {self.width:g}, height {self.height:g})")
        for axis, centre, length in (("x", self.x_centre, self.width), ("y", self.y_centre, self.height)):
            low, high = centre - length / 2, centre + length / 2
            if low < -_ROUNDING or high > 1 + _ROUNDING:
                raise DataError(f"the box reaches beyond the image: {axis} from {low:g} to {high:g}, outside [0, 1]")

    def as_line(self) -> str:
        """The box as a line of a label file."""
        numbers = (self.x_centre, self.y_centre, self.width, self.height)
        return " ".join([str(self.class_id), *(f"{number:.{_DECIMALS}f}" for number in numbers)])


def corners(boxes_xywh: NDArray[np.float64]) -> NDArray[np.float64]:
    """Left upper and right lower corners, (N, 4), of boxes by their centres, widths and heights, (N, 4)."""
    half = boxes_xywh[:, 2:] / 2
    return np.concatenate([boxes_xywh[:, :2] - half, boxes_xywh[:, :2] + half], axis=1)


def box_from_corners(class_id: int, left: float, top: float, right: float, bottom: float) -> Box:
    """A box from its corners, as fractions of the image's size."""
    return Box(class_id, (left + right) / 2, (top + bottom) / 2, right - left, bottom - top)


class LabelReader:
    """Reads the text of label files, and counts what it changes.

    Attributes:
        changes: how many rows were changed, by kind of change.
    """

    def __init__(self, class_names: Sequence[str], rows: str = STRICT, *, poses: bool = False) -> None:
        """Read rows with these classes.

        Args:
            class_names: names in the order of the ids that may occur.
            rows: `strict` refuses all rows but boxes; `boxes` takes the box around a polygon, and leaves out the key
                points or the confidence that follow a box.
            poses: whether the data set says that its rows have key points, which then need no visibility.
        """
        self._class_names = class_names
        self._rows = rows
        self._poses = poses
        self.changes: Counter[str] = Counter()

    def read(self, text: str, origin: str, size_wh: Callable[[], tuple[int, int]] | None = None) -> list[Box]:
        """The boxes of a label file; blank lines are skipped.

        Args:
            text: the file's content.
            origin: what to call the file in messages.
            size_wh: tells width and height of the image in pixels, asked only for a box that reaches beyond it; a box
                that does so by no more than a pixel is cut off there.

        Raises:
            DataError: naming `origin` and the line of the first mistake.
        """
        boxes = []
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    boxes.append(self._box(line.split(), size_wh))
                except DataError as error:
                    raise DataError(f"{origin}:{number}: {error}") from None
        return boxes

    def _box(self, columns: Sequence[str], size_wh: Callable[[], tuple[int, int]] | None) -> Box:
        if len(columns) < _BOX:
            raise DataError(f"{len(columns)} columns, expected {_BOX}: {' '.join(_COLUMNS)}")
        numbers = _numbers(columns)
        class_id = self._class_id(numbers[0], columns[0])
        x, y, width, height = self._xywh(numbers)
        try:
            return Box(class_id, x, y, width, height)
        except DataError as problem:
            if size_wh is None or not all(map(math.isfinite, (x, y, width, height))):
                raise
            clipped = _clipped(x, y, width, height, size_wh())
            if clipped is None:
                raise problem from None
            self.changes[CLIPPED] += 1
            return box_from_corners(class_id, *clipped)

    def _class_id(self, number: float, text: str) -> int:
        if not number.is_integer():  # also for NaN and infinity
            raise DataError(f"class is '{text}', not a whole number")
        if not 0 <= number < len(self._class_names):
            last = len(self._class_names) - 1
            raise DataError(f"class {text} is out of range: the data set has {last + 1} classes, 0 to {last}")
        return int(number)

    def _xywh(self, numbers: Sequence[float]) -> tuple[float, float, float, float]:
        """Centre and size of the row's box; the row is counted if it is more than a box."""
        if len(numbers) == _BOX:
            return numbers[1], numbers[2], numbers[3], numbers[4]
        kind, change = _kind_of(numbers, poses=self._poses)
        if self._rows != BOXES or not change:
            way = "; data.rows=boxes takes its box" if change else ""
            raise DataError(f"{len(numbers)} columns, expected {_BOX} ({' '.join(_COLUMNS)}): {kind}{way}")
        self.changes[change] += 1
        if change != POLYGONS:
            return numbers[1], numbers[2], numbers[3], numbers[4]
        xs, ys = numbers[1::2], numbers[2::2]
        left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
        return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def format_labels(boxes: Sequence[Box]) -> str:
    """The text of a label file; empty for no boxes."""
    return "".join(f"{box.as_line()}\n" for box in boxes)


def _numbers(columns: Sequence[str]) -> list[float]:
    numbers = []
    for place, column in enumerate(columns):
        try:
            numbers.append(float(column))
        except ValueError:
            name = _COLUMNS[place] if place < len(_COLUMNS) else f"column {place + 1}"
            raise DataError(f"{name} is '{column}', not a number") from None
    return numbers


def _kind_of(numbers: Sequence[float], *, poses: bool) -> tuple[str, str]:
    """What a row with more than five columns is, and the change that makes a box of it; no change if none can.

    A polygon is `class x1 y1 x2 y2 x3 y3 …`, a box with key points `class x_centre y_centre width height` and then
    `x y visibility` for each point, or, where the data set says that it is of poses, `x y`.
    """
    count = len(numbers)
    if poses and count > _BOX_AND_CONFIDENCE:
        return "a box with key points, for pose estimation", POSES
    if count == _BOX_AND_CONFIDENCE:
        return "a box and a sixth number, the confidence of a prediction perhaps", CONFIDENCES
    key_points, rest = divmod(count - _BOX, 3)
    if rest == 0 and all(number in _VISIBILITIES for number in numbers[7::3]):
        return f"a box with {key_points} key points, for pose estimation", POSES
    if count >= _SMALLEST_POLYGON and count % 2 == 1:
        points = (count - 1) // 2
        what = "a polygon or a rotated box" if points == 4 else "a polygon"
        return f"{what} of {points} points", POLYGONS
    return "neither a box, nor a polygon, nor a box with key points", ""


def _clipped(
    x: float, y: float, width: float, height: float, size_wh: tuple[int, int]
) -> tuple[float, float, float, float] | None:
    """The corners (left, top, right, bottom) cut off at the border; None if the box reaches out too far."""
    corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    for corner, side in zip(corners, size_wh * 2, strict=True):
        if not -TOLERANCE_PX / side <= corner <= 1 + TOLERANCE_PX / side:
            return None
    left, top, right, bottom = (min(max(corner, 0.0), 1.0) for corner in corners)
    return left, top, right, bottom
