"""Gates: limits that a figure has to keep, judged on its interval and not on the point.

A figure measured on few images may lie beyond a limit by luck. So a gate is passed when the whole 95 % interval of its
figure fulfils it, failed when none of the interval does, and undecided when the interval spans the limit.
"""

import math
from dataclasses import dataclass
from enum import Enum, StrEnum

from src.core.interval import Interval

# The wanted number of images grows without bound as the estimate nears the limit: beyond this many times the images
# at hand, the estimate is said to sit on the limit.
_MOST_TIMES_MORE = 10_000
UNKNOWN = "–"


class Comparison(Enum):
    """How a figure is compared with its limit."""

    MORE_THAN = ">"
    AT_LEAST = "≥"
    LESS_THAN = "<"
    AT_MOST = "≤"

    def holds(self, value: float, limit: float) -> bool:
        """Whether a single value fulfils the comparison; NaN does not."""
        if self is Comparison.MORE_THAN:
            return value > limit
        if self is Comparison.AT_LEAST:
            return value >= limit
        if self is Comparison.LESS_THAN:
            return value < limit
        return value <= limit


class Judgement(StrEnum):
    """What became of a gate."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Gate:
    """A limit that a figure has to keep.

    Attributes:
        name: What the user calls it.
        metric: Which figure, by its name in `src.decision.figures`.
        comparison: How it is compared.
        limit: With what.
    """

    name: str
    metric: str
    comparison: Comparison
    limit: float

    def __str__(self) -> str:
        return f"{self.metric} {self.comparison.value} {self.limit:g}"


@dataclass(frozen=True)
class Figure:
    """A figure about the candidate, or the reason why there is none.

    Attributes:
        value: The figure with its interval; None where it is not known.
        exact: Whether it is counted, so that it has no interval; otherwise its ends say how sure it is.
        samples: How many images it was measured on; None where it is counted.
        of: What the samples are, if not images.
        remark: What a reader has to know beside the number, or why there is none.
    """

    value: Interval | None
    exact: bool = False
    samples: int | None = None
    remark: str = ""
    of: str = "images"

    def __str__(self) -> str:
        """The figure with its interval; – where it is not known."""
        if self.value is None:
            return UNKNOWN
        estimate = self.value.estimate
        if self.exact:
            return f"{estimate:,.0f}" if estimate == round(estimate) else f"{estimate:,.4g}"
        spec = ".3f" if abs(estimate) < 10 else ".1f"
        if math.isnan(self.value.low) or math.isnan(self.value.high):
            return f"{estimate:{spec}} [{UNKNOWN}]"
        return format(self.value, spec)

    @staticmethod
    def counted(value: float, remark: str = "") -> "Figure":
        """A figure without uncertainty, such as a number of epochs."""
        return Figure(Interval(value, value, value), exact=True, remark=remark)

    @staticmethod
    def unknown(reason: str) -> "Figure":
        """A figure that is not at hand."""
        return Figure(None, remark=reason)


@dataclass(frozen=True)
class JudgedGate:
    """A gate with what was measured and what follows.

    Attributes:
        gate: The gate.
        figure: What was measured.
        judgement: What follows.
        reason: The same in a sentence.
        samples_needed: Of an undecided gate, how many images are likely to decide it; None where that cannot be said.
    """

    gate: Gate
    figure: Figure
    judgement: Judgement
    reason: str
    samples_needed: int | None = None


def judge(gate: Gate, figure: Figure) -> JudgedGate:
    """Judge a gate by the interval of its figure."""
    value = figure.value
    if value is None or math.isnan(value.estimate):
        return JudgedGate(gate, figure, Judgement.UNDECIDED, f"Not known: {figure.remark or 'the figure is undefined'}")
    if math.isnan(value.low) or math.isnan(value.high):
        return JudgedGate(gate, figure, Judgement.UNDECIDED, "How sure the figure is, is not known.")
    ends = {gate.comparison.holds(end, gate.limit) for end in (value.low, value.high)}
    if ends == {True}:
        return JudgedGate(gate, figure, Judgement.PASSED, _all_of_it(figure, "fulfils the gate"))
    if ends == {False}:
        return JudgedGate(gate, figure, Judgement.FAILED, _all_of_it(figure, "misses the limit"))
    needed = samples_needed(value, gate.limit, figure.samples) if figure.samples else None
    return JudgedGate(gate, figure, Judgement.UNDECIDED, _spans(figure, needed), needed)


def samples_needed(value: Interval, limit: float, samples: int) -> int | None:
    """How many images it would take until the interval no longer reaches the limit, if the estimate stays as it is.

    An interval shrinks as 1/√n: with d the distance from the estimate to the end on the limit's side, it takes
    n · (d / |estimate - limit|)² images.

    Args:
        value: The figure; its interval spans the limit.
        limit: The gate's limit.
        samples: How many images it was measured on.

    Returns:
        None where the estimate sits on the limit, so that no number of images is likely to tell.
    """
    margin = abs(value.estimate - limit)
    end = value.low if value.estimate > limit else value.high
    distance = abs(value.estimate - end)
    if margin * math.sqrt(_MOST_TIMES_MORE) < distance or margin == 0:
        return None
    return math.ceil(samples * (distance / margin) ** 2)


def _all_of_it(figure: Figure, what: str) -> str:
    return f"It {what}." if figure.exact else f"All of the interval {what}."


def _spans(figure: Figure, needed: int | None) -> str:
    spans = "The interval spans the limit: more data is needed"
    if figure.samples is None:
        return f"{spans}."
    if needed is None:
        return f"{spans}; how much cannot be said, because the estimate sits on the limit."
    return f"{spans}, about {round_up(needed):,} {figure.of} in place of {figure.samples:,} if the estimate stays."


def round_up(count: int, digits: int = 2) -> int:
    """A count rounded up to so many significant digits: more would claim a precision that an estimate lacks."""
    unit: int = 10 ** max(0, len(str(count)) - digits)
    return -(-count // unit) * unit
