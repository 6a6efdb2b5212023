"""What each searched parameter did, as far as the study's own results tell.

A search spends its trials on every parameter in its space. One that does nothing (a learning rate that the optimizer
`auto` throws away) or next to nothing can be left out of the next search. Three kinds of evidence are put together:

- trials with equal results to the last digit although the parameter differs: in them it was dead;
- pairs of settings that differ in the parameter and in nothing else, or hardly. Their mean difference is the main
  effect, with a 95 % interval over images and seeds. A random or a model-guided search of many continuous parameters
  has few such pairs, a grid many;
- where no such interval is known, whether its importance is more than chance gives (src/study/importance.py): on these
  images, whatever others would say.

That no difference was seen does not say that there is none. A parameter is said to have no effect only where the whole
interval lies within the smallest effect that matters in practice (two one-sided tests: Schuirmann, Journal of
Pharmacokinetics and Biopharmaceutics 15, 1987).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from src.core.interval import Interval

NEAR = 0.1  # of a parameter's range: hardly another value
FAR = 0.25  # of its range: another value
SMALLEST_EFFECT = 0.01  # of a share such as mAP50-95: a percentage point


class Verdict(StrEnum):
    """What a parameter did."""

    DEAD = "dead"
    NO_EFFECT = "no effect that matters"
    MATTERS = "matters"
    UNKNOWN = "cannot be told"


@dataclass(frozen=True)
class Axis:
    """A parameter's range, for telling near from far.

    Attributes:
        low: Its least value; None for a choice.
        high: Its greatest value.
        log: Whether it was searched by its logarithm.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False

    def distance(self, a: object, b: object) -> float:
        """How far two values lie from each other: a share of the range; 0 or 1 for a choice."""
        if a == b:
            return 0.0
        numbers = isinstance(a, int | float) and isinstance(b, int | float)
        if self.low is None or self.high is None or not numbers or self.low >= self.high:
            return 1.0
        low, high, x, y = (self._scale(float(value)) for value in (self.low, self.high, a, b))  # type: ignore[arg-type]
        return abs(x - y) / (high - low)

    def _scale(self, value: float) -> float:
        return math.log(value) if self.log else value


@dataclass(frozen=True)
class Point:
    """A setting in the search space: its place on the leader board, its trials, parameters, and mean."""

    place: int
    numbers: tuple[int, ...]
    params: Mapping[str, object]
    mean: float


# the interval of a weighted sum of settings, by their places, at a confidence; None where nothing is known of chance
Contrast = Callable[[Mapping[int, float], float], Interval | None]


@dataclass(frozen=True)
class Effect:
    """What is known about a parameter.

    Attributes:
        param: Its name.
        verdict: What follows.
        pairs: How many pairs of settings differ in it (nearly) alone.
        change: By how much the results change with it, on average over the pairs: from its smaller to its greater
            values, or from the first to the second of its choices; of several choices the largest change, in an
            interval that holds all. None without pairs, without ends where nothing is known of chance.
        identical: The groups of trials with identical results in which it differs.
    """

    param: str
    verdict: Verdict
    pairs: int
    change: Interval | None
    identical: tuple[tuple[int, ...], ...]


def effects(
    points: Sequence[Point],
    axes: Mapping[str, Axis],
    contrast: Contrast,
    *,
    identical: Mapping[str, Sequence[tuple[int, ...]]],
    real: Mapping[str, bool],
    smallest: float,
) -> tuple[Effect, ...]:
    """Judge each parameter.

    Args:
        points: The settings.
        axes: The parameters and their ranges.
        contrast: The interval that chance leaves a weighted sum of settings.
        identical: By parameter, the groups of trials with identical results in which it differs.
        real: By parameter, whether its importance is more than chance gives; those not known are missing.
        smallest: The smallest effect that matters in practice; smaller ones are called none.

    Returns:
        One for each parameter, the dead ones first.
    """
    found = []
    for name in axes:
        exact = _pairs(name, points, axes, 0.0)
        pairs = exact or _pairs(name, points, axes, NEAR)
        changes = _changes(name, pairs, axes[name], contrast)
        same = tuple(identical.get(name, ()))
        # what another parameter may have done as well is no proof, and an importance knows nothing of other images
        known = exact and not all(math.isnan(change.low) for change in changes)
        if any(change.excludes_zero for change in changes) if known else real.get(name):
            verdict = Verdict.MATTERS
        elif same:
            verdict = Verdict.DEAD
        elif changes and all(-smallest < change.low and change.high < smallest for change in changes):
            verdict = Verdict.NO_EFFECT
        else:
            verdict = Verdict.UNKNOWN
        found.append(Effect(name, verdict, len(pairs), _hull(changes), same))
    order = list(Verdict)
    return tuple(sorted(found, key=lambda effect: (order.index(effect.verdict), effect.param)))


def _pairs(name: str, points: Sequence[Point], axes: Mapping[str, Axis], near: float) -> list[tuple[Point, Point]]:
    """Pairs that differ in a parameter alone; the smaller value, or the choice that comes first, stands first."""
    found = []
    for a, b in combinations(points, 2):
        if _differ_in_alone(name, a, b, axes, near):
            numbers = isinstance(a.params[name], int | float) and isinstance(b.params[name], int | float)
            swapped = numbers and a.params[name] > b.params[name]  # type: ignore[operator]
            found.append((b, a) if swapped else (a, b))
    return found


def _changes(name: str, pairs: Sequence[tuple[Point, Point]], axis: Axis, contrast: Contrast) -> list[Interval]:
    """The mean difference of the pairs; of choices one for each two values."""
    by_values: dict[frozenset[str], list[tuple[Point, Point]]] = {}
    for a, b in pairs:
        values = frozenset((str(a.params[name]), str(b.params[name]))) if axis.low is None else frozenset[str]()
        group = by_values.setdefault(values, [])
        same_way = not group or axis.low is not None or group[0][0].params[name] == a.params[name]
        group.append((a, b) if same_way else (b, a))
    found = []
    for group in by_values.values():
        weights: dict[int, float] = {}
        for a, b in group:
            for point, sign in ((b, 1), (a, -1)):
                weights[point.place] = weights.get(point.place, 0.0) + sign / len(group)
        mean = math.fsum(b.mean - a.mean for a, b in group) / len(group)
        # Bonferroni: each of several choices may seem to differ from another by chance
        found.append(contrast(weights, 1 - 0.05 / len(by_values)) or Interval(mean, math.nan, math.nan))
    return found


def _hull(changes: Sequence[Interval]) -> Interval | None:
    """The largest change with an interval that holds all of them; None where there is none."""
    if not changes:
        return None
    largest = max(changes, key=lambda change: abs(change.estimate))
    return Interval(largest.estimate, min(each.low for each in changes), max(each.high for each in changes))


def _differ_in_alone(name: str, a: Point, b: Point, axes: Mapping[str, Axis], near: float) -> bool:
    """Whether two settings differ in a parameter, and in the others by no more than a share of their ranges."""
    if set(a.params) != set(b.params) or name not in a.params:
        return False
    if axes[name].distance(a.params[name], b.params[name]) < FAR:
        return False
    others = (other for other in a.params if other != name)
    return all(axes.get(other, Axis()).distance(a.params[other], b.params[other]) <= near for other in others)
