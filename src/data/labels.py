"""Boxes and the YOLO label text that holds them: one line `class x_centre y_centre width height` per box."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from src.core.errors import DataError

_COLUMNS = ("class", "x_centre", "y_centre", "width", "height")
# Writers round to six decimals, so a box that touches the border may reach out by that much.
_ROUNDING = 1e-5


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

    def __post_init__(self) -> None:
        for name in _COLUMNS[1:]:
            value = getattr(self, name)
            if not math.isfinite(value):
                raise DataError(f"{name} is {value}, not a finite number")
            if not 0 <= value <= 1:
                raise DataError(f"{name} is {value:g}, outside [0, 1] (fractions of the image, not pixels)")
        if self.width <= 0 or self.height <= 0:
            raise DataError(f"the box has no area (width {self.width:g}, height {self.height:g})")
        for axis, centre, length in (("x", self.x_centre, self.width), ("y", self.y_centre, self.height)):
            low, high = centre - length / 2, centre + length / 2
            if low < -_ROUNDING or high > 1 + _ROUNDING:
                raise DataError(f"the box reaches beyond the image: {axis} from {low:g} to {high:g}, outside [0, 1]")

    def as_line(self) -> str:
        """The box as a line of a label file."""
        numbers = (self.x_centre, self.y_centre, self.width, self.height)
        return " ".join([str(self.class_id), *(f"{number:.6f}" for number in numbers)])


def box_from_corners(class_id: int, left: float, top: float, right: float, bottom: float) -> Box:
    """A box from its corners, as fractions of the image's size."""
    return Box(class_id, (left + right) / 2, (top + bottom) / 2, right - left, bottom - top)


def parse_labels(text: str, origin: str, class_names: Sequence[str]) -> list[Box]:
    """Read the text of a label file; blank lines are skipped.

    Args:
        text: the file's content.
        origin: what to call the file in messages.
        class_names: names in the order of the ids that may occur.

    Raises:
        DataError: naming `origin` and the line of the first mistake.
    """
    boxes = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                boxes.append(_parse_line(line, class_names))
            except DataError as error:
                raise DataError(f"{origin}:{number}: {error}") from None
    return boxes


def format_labels(boxes: Sequence[Box]) -> str:
    """The text of a label file; empty for no boxes."""
    return "".join(f"{box.as_line()}\n" for box in boxes)


def _parse_line(line: str, class_names: Sequence[str]) -> Box:
    columns = line.split()
    if len(columns) != len(_COLUMNS):
        raise DataError(f"{len(columns)} columns, expected {len(_COLUMNS)}: {' '.join(_COLUMNS)}")
    numbers = []
    for name, column in zip(_COLUMNS, columns, strict=True):
        try:
            numbers.append(float(column))
        except ValueError:
            raise DataError(f"{name} is '{column}', not a number") from None
    class_id = numbers[0]
    if not class_id.is_integer():  # also for NaN and infinity
        raise DataError(f"class is '{columns[0]}', not a whole number")
    if not 0 <= class_id < len(class_names):
        last = len(class_names) - 1
        raise DataError(f"class {columns[0]} is out of range: the data set has {last + 1} classes, 0 to {last}")
    return Box(int(class_id), *numbers[1:])
