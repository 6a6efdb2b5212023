"""Gates are judged on the interval of what was measured, and not on the point.

A value measured on few images may lie beyond a limit by luck. So a gate is passed when the whole 95 % interval of its
value fulfils it: a model just on the limit passes in 2.5 of 100 cases. All gates together are passed no more often than
that by a model that misses one of them (Berger, Multiparameter Hypothesis Testing, 1982). A gate is failed when none of
the interval fulfils it. Where several gates are judged, the interval is made wider for that, so that a model that is
good enough in all is rejected in at most 5 of 100 cases (Bonferroni). Between the two it is undecided.
"""

import math
from statistics import NormalDist

from src.core.interval import Interval
from src.core.jackknife import student_t
from src.documents.gates import Gate, JudgedGate, Judgement, Measurement, SamplesNeeded

_EVEN, _LIKELY = 0.5, 0.8  # chances of a decision
_MOST_TIMES_MORE = 1e4
_NORMAL = NormalDist()


def judge(gate: Gate, measurement: Measurement, among: int = 1) -> JudgedGate:
    """Judge a gate by the interval of what was measured.

    Args:
        gate: The gate.
        measurement: What was measured.
        among: How many gates are judged on intervals, this one included.
    """
    value = measurement.value
    if value is None or math.isnan(value.estimate):
        return JudgedGate(
            gate, measurement, Judgement.UNDECIDED, f"Not known: {measurement.remark or 'it is not defined'}"
        )
    if math.isnan(value.low) or math.isnan(value.high):
        return JudgedGate(gate, measurement, Judgement.UNDECIDED, "How sure the value is, is not known.")
    wider = value if measurement.exact else widened(value, among * 0.5, measurement.samples)
    if all(gate.comparison.holds(end, gate.limit) for end in (value.low, value.high)):
        return JudgedGate(gate, measurement, Judgement.PASSED, _all_of_it(measurement, "fulfils the gate"))
    if not any(gate.comparison.holds(end, gate.limit) for end in (wider.low, wider.high)):
        return JudgedGate(gate, measurement, Judgement.FAILED, _all_of_it(measurement, "misses the limit"))
    needed = samples_needed(value, gate.limit, measurement.samples) if measurement.samples else None
    return JudgedGate(gate, measurement, Judgement.UNDECIDED, _spans(gate, measurement, among, needed), needed)


def widened(value: Interval, times_rarer: float, samples: int | None = None) -> Interval:
    """A 95 % interval as wide as one that misses the truth so many times more rarely; never narrower.

    Args:
        value: The interval.
        times_rarer: By which the chance to miss is to be divided; below 1 for the same interval.
        samples: What it was measured on; None for very many.
    """
    if times_rarer <= 1:
        return value
    freedom = math.inf if samples is None else max(samples - 1, 1)
    wider = student_t(freedom, 1 - 0.05 / times_rarer) / student_t(freedom)
    below, above = value.estimate - value.low, value.high - value.estimate
    return Interval(value.estimate, value.estimate - wider * below, value.estimate + wider * above)


def samples_needed(value: Interval, limit: float, samples: int) -> SamplesNeeded:
    """How many images it would take until the interval no longer reaches the limit, in some of the cases that may be.

    The true value is about normal around the estimate, and so is the estimate of other images around the true value;
    what is computed is how often it then lies beyond the limit by the half-width that so many images have.

    Args:
        value: What was measured; its interval spans the limit.
        limit: The gate's limit.
        samples: How many images it was measured on.

    Reference: O'Hagan, Stevens and Campbell, Assurance in Clinical Trial Design, 2005.
    """
    margin = abs(value.estimate - limit)
    end = value.low if value.estimate > limit else value.high
    distance = max(abs(value.estimate - end), margin) or (value.high - value.low) / 2

    def times_more(chance: float) -> float:
        low, high = 1.0, _MOST_TIMES_MORE
        while high / low > 1.001:
            middle = math.sqrt(low * high)
            low, high = (low, middle) if _decided(margin / distance, middle) >= chance else (middle, high)
        return high

    return SamplesNeeded(math.ceil(samples * times_more(_EVEN)), math.ceil(samples * times_more(_LIKELY)))


def _decided(margin: float, times_more: float) -> float:
    """The chance of a decision with so many times more images.

    Args:
        margin: From the estimate to the limit, in half-widths of the interval.
        times_more: At least 1.
    """
    z = student_t(math.inf)
    error = 1 / math.sqrt(times_more)  # in standard errors of the images at hand
    spread = math.sqrt(1 + error**2)
    return _NORMAL.cdf(z * (margin - error) / spread) + _NORMAL.cdf(-z * (margin + error) / spread)


def _all_of_it(measurement: Measurement, what: str) -> str:
    return f"It {what}." if measurement.exact else f"All of the interval {what}."


def _spans(gate: Gate, measurement: Measurement, among: int, needed: SamplesNeeded | None) -> str:
    value = measurement.value
    spans = "The interval spans the limit"
    if value is not None and not any(gate.comparison.holds(end, gate.limit) for end in (value.low, value.high)):
        spans = f"The interval misses the limit, as that of one of {among} gates may by chance"
    if needed is None:
        return f"{spans}: more data is needed."
    in_place_of = f"in place of {measurement.samples:,}"
    return f"{spans}: more data is needed, about {needed} {measurement.of} {in_place_of}."
