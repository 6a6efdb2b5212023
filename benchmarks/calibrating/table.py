"""What a simulation counts, and the table it prints: nominal against actual, with the Monte-Carlo error."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from src.core.interval import Interval

HEADER = ("statement", "population", "images", "method", "runs", "nominal", "actual", "above", "below", "width", "note")


@dataclass(frozen=True)
class Row:
    """One statement, made in many repetitions of one situation.

    Attributes:
        statement: What is stated.
        population: About what.
        images: How many images each data set had.
        method: How it is computed.
        runs: How many repetitions made the statement.
        nominal: What the share should be, such as `0.95` or `≤ 0.025`.
        actual: The share it is.
        above: Of intervals, the share that lies wholly above the truth: a gate that is passed wrongly.
        below: The share that lies wholly below it.
        width: The mean width.
        note: What else there is to know.
    """

    statement: str
    population: str
    images: int
    method: str
    runs: int
    nominal: str
    actual: float
    above: float | None = None
    below: float | None = None
    width: float | None = None
    note: str = ""

    @property
    def error(self) -> float:
        """The Monte-Carlo standard error of the share."""
        return math.sqrt(self.actual * (1 - self.actual) / self.runs) if self.runs else math.nan

    @property
    def cells(self) -> list[str]:
        """The row as text."""
        return [
            *(self.statement, self.population, f"{self.images:,}", self.method, f"{self.runs:,}", self.nominal),
            f"{self.actual:.3f} ± {self.error:.3f}",
            *("" if value is None else f"{value:.3f}" for value in (self.above, self.below, self.width)),
            self.note,
        ]


def coverage(  # noqa: PLR0917 as the columns stand
    statement: str,
    population: str,
    images: int,
    method: str,
    intervals: Sequence[Interval],
    truth: float | Sequence[float],
    nominal: str = "0.95",
) -> Row:
    """How often intervals hold the truth.

    Args:
        statement: See `Row`.
        population: See `Row`.
        images: See `Row`.
        method: See `Row`.
        intervals: One a repetition; those without ends count as not stated.
        truth: The true value, one for all or one for each.
        nominal: See `Row`.
    """
    ends = np.array([(each.low, each.high) for each in intervals]).reshape(-1, 2)
    truths = np.broadcast_to(np.asarray(truth, float), len(ends))
    known = ~np.isnan(ends).any(axis=1)
    (low, high), truths = ends[known].T, truths[known]
    tiny = 1e-9  # rounding
    above, below = low > truths + tiny, high < truths - tiny
    without_width = (high - low <= 0).mean() if known.any() else 0.0
    notes = [f"no width {without_width:.3f}"] if without_width else []
    notes += [f"not stated {1 - known.mean():.3f}"] if not known.all() else []
    if not known.any():
        return Row(statement, population, images, method, 0, nominal, math.nan, note="never stated")
    return Row(
        *(statement, population, images, method, int(known.sum()), nominal, float(1 - (above | below).mean())),
        *(float(above.mean()), float(below.mean()), float((high - low).mean())),
        note=", ".join(notes),
    )


def share(  # noqa: PLR0917 as the columns stand
    statement: str, population: str, images: int, method: str, events: Sequence[bool], nominal: str, note: str = ""
) -> Row:
    """How often something is said."""
    actual = float(np.mean(events)) if len(events) else math.nan
    return Row(statement, population, images, method, len(events), nominal, actual, note=note)


def markdown(rows: Iterable[Row]) -> Iterable[str]:
    """The lines of a table."""
    yield f"| {' | '.join(HEADER)} |"
    yield f"|{'---|' * len(HEADER)}"
    for row in rows:
        yield f"| {' | '.join(row.cells)} |"
