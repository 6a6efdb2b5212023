"""Gates are judged on the interval of what was measured, and not on the point.

A value measured on few images may lie beyond a limit by luck. So a gate is passed when the whole 95 % interval of its
value fulfils it, failed when none of the interval does, and undecided when the interval spans the limit.
"""

import math

from src.core.interval import Interval
from src.documents.gates import Gate, JudgedGate, Judgement, Measurement, round_up

# The wanted number of images grows without bound as the estimate nears the limit: beyond this many times the images
# at hand, the estimate is said to sit on the limit.
_MOST_TIMES_MORE = 10_000


def judge(gate: Gate, measurement: Measurement) -> JudgedGate:
    """Judge a gate by the interval of what was measured."""
    value = measurement.value
    if value is None or math.isnan(value.estimate):
        return JudgedGate(
            gate, measurement, Judgement.UNDECIDED, f"Not known: {measurement.remark or 'it is not defined'}"
        )
    if math.isnan(value.low) or math.isnan(value.high):
        return JudgedGate(gate, measurement, Judgement.UNDECIDED, "How sure the value is, is not known.")
    ends = {gate.comparison.holds(end, gate.limit) for end in (value.low, value.high)}
    if ends == {True}:
        return JudgedGate(gate, measurement, Judgement.PASSED, _all_of_it(measurement, "fulfils the gate"))
    if ends == {False}:
        return JudgedGate(gate, measurement, Judgement.FAILED, _all_of_it(measurement, "misses the limit"))
    needed = samples_needed(value, gate.limit, measurement.samples) if measurement.samples else None
    return JudgedGate(gate, measurement, Judgement.UNDECIDED, _spans(measurement, needed), needed)


def samples_needed(value: Interval, limit: float, samples: int) -> int | None:
    """How many images it would take until the interval no longer reaches the limit, if the estimate stays as it is.

    An interval shrinks as 1/√n: with d the distance from the estimate to the end on the limit's side, it takes
    n · (d / |estimate - limit|)² images.

    Args:
        value: What was measured; its interval spans the limit.
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


def _all_of_it(measurement: Measurement, what: str) -> str:
    return f"It {what}." if measurement.exact else f"All of the interval {what}."


def _spans(measurement: Measurement, needed: int | None) -> str:
    spans = "The interval spans the limit: more data is needed"
    if measurement.samples is None:
        return f"{spans}."
    if needed is None:
        return f"{spans}; how much cannot be said, because the estimate sits on the limit."
    in_place_of = f"in place of {measurement.samples:,} if the estimate stays"
    return f"{spans}, about {round_up(needed):,} {measurement.of} {in_place_of}."
