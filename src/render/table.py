"""One table for all that shows one: pages in HTML and Markdown, files of comma separated values, the terminal.

What a cell holds is data, never markup: each form escapes what would mean something else in it. The terminal's form is
in src/render/terminal.py, that of HTML is the macro `table` of src/render/templates/macros.html.jinja.
"""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from src.core.interval import Interval

Cell = str | float | Interval | None  # None is not known; a whole number is an int, which counts as a float

# What Markdown, and the HTML that it may hold, would take for something else than text.
_ESCAPES = str.maketrans(
    {c: f"\\{c}" for c in "\\`*_[]|"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": " ", "\r": " "}
)


class Kind(Enum):
    """What a column holds."""

    TEXT = auto()
    NUMBER = auto()
    INTERVAL = auto()


class Tone(StrEnum):
    """What a row, or a verdict, says at a glance."""

    NONE = ""
    GOOD = "good"
    BAD = "bad"
    UNSURE = "unsure"
    CANDIDATE = "candidate"
    BEST = "best"
    WORSE = "worse"


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        title: Its title.
        kind: What it holds; numbers and intervals are set to the right, and no number is broken between two lines.
        spec: How its numbers are formatted, such as `.4f`; of a whole number all digits are shown.
        missing: What stands for a value that is not known.
    """

    title: str
    kind: Kind = Kind.TEXT
    spec: str = ".4g"
    missing: str = ""

    @property
    def is_numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.kind is not Kind.TEXT

    def text(self, cell: Cell) -> str:
        """A cell for people; an interval whose ends are not known is its estimate alone."""
        if cell is None:
            return self.missing
        if isinstance(cell, Interval):
            return format(cell.estimate if math.isnan(cell.low) else cell, self.spec)
        return format(cell, self.spec) if isinstance(cell, float) else str(cell)


def texts(*titles: str) -> tuple[Column, ...]:
    """Columns of words."""
    return tuple(Column(title) for title in titles)


def numbers(*titles: str, spec: str = ".4g") -> tuple[Column, ...]:
    """Columns of numbers, or of what is written like one, such as `3 of 4`."""
    return tuple(Column(title, Kind.NUMBER, spec) for title in titles)


def intervals(*titles: str, spec: str = ".3f") -> tuple[Column, ...]:
    """Columns of values with their intervals."""
    return tuple(Column(title, Kind.INTERVAL, spec) for title in titles)


@dataclass(frozen=True)
class Strip:
    """An interval and a limit, drawn: positions from 0 at the left to 100 at the right."""

    low: float
    estimate: float
    high: float
    limit: float

    @staticmethod
    def of(low: float, estimate: float, high: float, limit: float) -> "Strip":
        """The strip of four values, which fill it but for a margin on each side."""
        values = (low, estimate, high, limit)
        left, span = min(values), max(values) - min(values)
        return Strip(*(10 + 80 * (value - left) / span if span else 50 for value in values))

    @staticmethod
    def on(scale: tuple[float, float], low: float, estimate: float, high: float) -> "Strip":
        """An interval on a scale that all rows of a table share, with a mark at 0."""
        left, right = min(scale[0], 0.0), max(scale[1], 0.0)
        span = (right - left) or 1.0
        return Strip(*(min(max(4 + 92 * (value - left) / span, 0), 100) for value in (low, estimate, high, 0.0)))


@dataclass(frozen=True)
class Row:
    """A row.

    Attributes:
        cells: One for each column.
        tone: What the row says at a glance.
        strip: A drawing in a further column of pages.
    """

    cells: tuple[Cell, ...]
    tone: Tone = Tone.NONE
    strip: Strip | None = None


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        columns: At least one; the first says what a row is about.
        rows: Each with as many cells.
        notes: Sentences below it.

    Raises:
        ValueError: a row has another number of cells.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(f"A row has {len(row.cells)} cells for {len(self.columns)} columns: {row.cells}.")

    @property
    def has_strips(self) -> bool:
        """Whether any row has a drawing."""
        return any(row.strip is not None for row in self.rows)

    def texts(self, row: Row) -> tuple[str, ...]:
        """A row's cells for people."""
        return tuple(column.text(cell) for column, cell in zip(self.columns, row.cells, strict=True))


def as_markdown(table: Table) -> str:
    """The rows in GitHub's Markdown, those of the candidate in bold."""
    lines = [
        [markdown_text(column.title) for column in table.columns],
        ["---:" if column.is_numeric else "---" for column in table.columns],
    ]
    for row in table.rows:
        cells = [markdown_text(text) for text in table.texts(row)]
        lines.append([f"**{cell}**" if row.tone is Tone.CANDIDATE and cell else cell for cell in cells])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def markdown_text(text: str) -> str:
    """Text that Markdown shows as it is."""
    return text.translate(_ESCAPES)


def as_csv(table: Table) -> str:
    """The values as they are, not as they are shown; an interval has three columns: `X`, `X low`, `X high`."""
    titles = [title for column in table.columns for title in _csv_titles(column)]
    rows = (
        [value for column, cell in zip(table.columns, row.cells, strict=True) for value in _csv_values(column, cell)]
        for row in table.rows
    )
    return csv_text(titles, rows)


def csv_text(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Comma separated values, with a line of titles."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows(rows)
    return text.getvalue()


def _csv_titles(column: Column) -> tuple[str, ...]:
    ends = ("", " low", " high") if column.kind is Kind.INTERVAL else ("",)
    return tuple(column.title + end for end in ends)


def _csv_values(column: Column, cell: Cell) -> tuple[object, ...]:
    if column.kind is not Kind.INTERVAL:
        return ("" if cell is None else cell,)
    if not isinstance(cell, Interval):
        return ("" if cell is None else cell, "", "")
    return (cell.estimate, "", "") if math.isnan(cell.low) else (cell.estimate, cell.low, cell.high)
