"""What labelled pictures of production say about the figures of the reference."""

import math

from src.core.interval import Interval
from src.documents.metrics import PointMetrics

DIFFERENCES = (0.02, 0.05, 0.1)  # in F1, for which is said how many pictures it takes to see them


def change(now: PointMetrics, before: PointMetrics) -> PointMetrics:
    """By how much the figures on other pictures are higher, from the interval of each.

    The ends are as far from the difference as the two ends that make it small, or large, together are from their
    estimates.

    Reference: Zou and Donner, Construction of Confidence Limits about Effect Measures, 2008.
    """
    first, second = now.by_name(), before.by_name()
    return PointMetrics.of({name: _difference(value, second[name]) for name, value in first.items()})


def fallen(changes: PointMetrics) -> tuple[str, ...]:
    """The figures that have fallen beyond chance: those whose interval of the change lies below zero."""
    return tuple(name for name, value in changes.by_name().items() if value.high < 0)


def pictures_for(difference: Interval, pictures: int) -> dict[str, int]:
    """How many pictures it takes for the interval of a paired difference to leave out 0, by the size of the difference.

    An interval's width falls with the square root of their number.

    Args:
        difference: As it was found.
        pictures: On how many.
    """
    half = (difference.high - difference.low) / 2
    if math.isnan(half):
        return {}
    return {f"{size:g}": math.ceil(pictures * (half / size) ** 2) for size in DIFFERENCES}


def _difference(now: Interval, before: Interval) -> Interval:
    estimate = now.estimate - before.estimate
    down = math.hypot(now.estimate - now.low, before.high - before.estimate)
    up = math.hypot(now.high - now.estimate, before.estimate - before.low)
    return Interval(estimate, estimate - down, estimate + up)
