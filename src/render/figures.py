"""What all pictures and tables of the reports share."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from src.core.files import write_text
from src.render.table import csv_text

# blue, orange, green, purple: distinct under the common colour vision deficiencies; lines and markers differ as well
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D")

_DPI = 120
_OF_TICKS = r"\mathdefault"  # begins the formulas that Matplotlib itself writes, on axes with powers of ten


@dataclass(frozen=True, eq=False)
class Line:
    """What a detector does at K descending thresholds, to be drawn.

    Attributes:
        thresholds: (K,).
        precision: (K,).
        recall: (K,).
        f1: (K,).
    """

    thresholds: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]


def frame(axes: Axes, x: str, y: str, title: str) -> None:
    """Name the axes of a panel whose values go from 0 to 1, and give it a grid; of rows only where x has no name."""
    axes.set(xlabel=x, ylabel=y, ylim=(0, 1.02))
    axes.set_title(title, fontsize=11)
    axes.grid(visible=True, axis="both" if x else "y", color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def save(figure: Figure, path: Path) -> None:
    """Write a picture, whole; the ending says as what. Names of classes and data may hold any character.

    Side effects: creates the parent folders.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".partial.{path.name}")
    for text in figure.findobj(Text):
        if text.get_text() and _OF_TICKS not in text.get_text():
            text.set_parse_math(False)  # else a name with two dollars is read as a formula, and may be a wrong one
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # what the font lacks is a box
        figure.savefig(scratch, dpi=_DPI)
    scratch.replace(path)


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, whole, for `dvc plots`; numbers with six digits."""
    texts = ([f"{value:.6g}" if isinstance(value, float) else value for value in row] for row in rows)
    write_text(path, csv_text(header, texts))
