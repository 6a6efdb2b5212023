"""Gates: limits that a metric has to keep, what was measured, and how they were judged."""

import math
from dataclasses import dataclass
from enum import StrEnum

from src.core.interval import Interval

UNKNOWN = "–"


class Comparison(StrEnum):
    """How a metric is compared with its limit."""

    MORE_THAN = "more_than"
    AT_LEAST = "at_least"
    LESS_THAN = "less_than"
    AT_MOST = "at_most"

    @property
    def sign(self) -> str:
        """As in mathematics."""
        return {"more_than": ">", "at_least": "≥", "less_than": "<", "at_most": "≤"}[self]

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
    """A limit that a metric has to keep.

    Attributes:
        name: What the user calls it.
        metric: Which metric, by its name in `src.decision.metrics`.
        comparison: How it is compared.
        limit: With what.
    """

    name: str
    metric: str
    comparison: Comparison
    limit: float

    def __str__(self) -> str:
        return f"{self.metric} {self.comparison.sign} {self.limit:g}"


class Samples(StrEnum):
    """What a measurement was made on."""

    IMAGES = "images"
    TIMINGS = "timings"


@dataclass(frozen=True)
class Measurement:
    """The value of a metric of the candidate, or the reason why there is none.

    Attributes:
        value: With its interval; None where it is not known.
        exact: Whether it is counted, so that it has no interval; otherwise its ends say how sure it is.
        samples: How many images or timings it was measured on; None where it is counted.
        remark: What a reader has to know beside the number, or why there is none.
        of: What the samples are.
    """

    value: Interval | None
    exact: bool = False
    samples: int | None = None
    remark: str = ""
    of: Samples = Samples.IMAGES

    def __str__(self) -> str:
        """The value with its interval; – where it is not known."""
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
    def counted(value: float, remark: str = "") -> "Measurement":
        """A value without uncertainty, such as a number of epochs."""
        return Measurement(Interval(value, value, value), exact=True, remark=remark)

    @staticmethod
    def unknown(reason: str) -> "Measurement":
        """A metric that was not measured."""
        return Measurement(None, remark=reason)


@dataclass(frozen=True)
class SamplesNeeded:
    """How many samples would decide an undecided gate: a range, since nobody knows how far the truth is from the limit.

    Attributes:
        even: They decide it in one of two cases.
        likely: They decide it in four of five.
    """

    even: int
    likely: int

    def __str__(self) -> str:
        even, likely = f"{round_up(self.even):,}", f"{round_up(self.likely):,}"
        return even if even == likely else f"{even} to {likely}"


@dataclass(frozen=True)
class JudgedGate:
    """A gate with what was measured and what follows.

    Attributes:
        gate: The gate.
        measurement: What was measured.
        judgement: What follows.
        reason: The same in a sentence.
        samples_needed: Of an undecided gate, how many samples would decide it; None where that cannot be said.
    """

    gate: Gate
    measurement: Measurement
    judgement: Judgement
    reason: str
    samples_needed: SamplesNeeded | None = None

    def __str__(self) -> str:
        """In one line, such as `recall: test/recall > 0.7, found 0.660 [0.620, 0.700]`."""
        found = "not known" if self.measurement.value is None else f"found {self.measurement}"
        return f"{self.gate.name}: {self.gate}, {found}"


def round_up(count: int, digits: int = 2) -> int:
    """A count rounded up to so many significant digits: more would claim a precision that an estimate lacks."""
    unit: int = 10 ** max(0, len(str(count)) - digits)
    return -(-count // unit) * unit
