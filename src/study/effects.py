"""What each searched parameter did, as far as the study's own results tell.

A search spends its trials on every parameter in its space. One that does nothing (a learning rate that the optimizer
`auto` throws away) or next to nothing can be left out of the next search. Three kinds of evidence are put together:

- trials with equal results to the last digit although the parameter differs: in them it was dead;
- pairs of settings that differ in the parameter and in nothing else, or hardly, and whether their results differ by
  more than noise. A random or a model-guided search of many continuous parameters has few such pairs, a grid many;
- whether its importance is more than chance gives (src/study/importance.py).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

NEAR = 0.1  # of a parameter's range: hardly another value
FAR = 0.25  # of its range: another value
FEWEST_PAIRS = 2  # that agree before a parameter is said to have had no effect


class Verdict(StrEnum):
    """What a parameter did."""

    DEAD = "dead"
    NO_EFFECT = "no effect seen"
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
    """A setting in the search space: its place on the leader board, trials, parameters, mean, and number of runs."""

    place: int
    numbers: tuple[int, ...]
    params: Mapping[str, object]
    mean: float
    count: int = 1


Differ = Callable[[Point, Point, float], bool | None]


@dataclass(frozen=True)
class Effect:
    """What is known about a parameter.

    Attributes:
        param: Its name.
        verdict: What follows.
        pairs: How many pairs of settings differ in it (nearly) alone.
        beyond_noise: In how many of them the results differ by more than noise.
        largest: The largest difference of two such settings; None without pairs.
        identical: The groups of trials with identical results in which it differs.
    """

    param: str
    verdict: Verdict
    pairs: int
    beyond_noise: int
    largest: float | None
    identical: tuple[tuple[int, ...], ...]


def effects(
    points: Sequence[Point],
    axes: Mapping[str, Axis],
    differ: Differ,
    identical: Mapping[str, Sequence[tuple[int, ...]]],
    real: Mapping[str, bool],
) -> tuple[Effect, ...]:
    """Judge each parameter.

    Args:
        points: The settings.
        axes: The parameters and their ranges.
        differ: Whether the results of two settings differ by more than noise at a confidence; None where that cannot be
            said.
        identical: By parameter, the groups of trials with identical results in which it differs.
        real: By parameter, whether its importance is more than chance gives; those not known are missing.

    Returns:
        One for each parameter, the dead ones first.
    """
    found = [
        _effect(name, points, axes=axes, differ=differ, identical=identical.get(name, ()), real=real.get(name))
        for name in axes
    ]
    order = list(Verdict)
    return tuple(sorted(found, key=lambda effect: (order.index(effect.verdict), effect.param)))


def _effect(
    name: str,
    points: Sequence[Point],
    *,
    axes: Mapping[str, Axis],
    differ: Differ,
    identical: Sequence[tuple[int, ...]],
    real: bool | None,
) -> Effect:
    pairs = [(a, b) for a, b in combinations(points, 2) if _differ_in_alone(name, a, b, axes, NEAR)]
    # Bonferroni: of forty pairs that do not differ, two would seem to at 95 %
    confidence = 1 - 0.05 / max(len(pairs), 1)
    judged = [(abs(a.mean - b.mean), differ(a, b, confidence)) for a, b in pairs]
    beyond = [pair for pair, (_, differs) in zip(pairs, judged, strict=True) if differs]
    # what another parameter, hardly another, may have done as well is no proof
    matters = real or any(_differ_in_alone(name, a, b, axes, 0.0) for a, b in beyond)
    known = [differs for _, differs in judged if differs is not None]
    if identical and not matters:
        verdict = Verdict.DEAD
    elif matters:
        verdict = Verdict.MATTERS
    elif len(known) >= FEWEST_PAIRS and not beyond:
        verdict = Verdict.NO_EFFECT
    else:
        verdict = Verdict.UNKNOWN
    largest = max((size for size, _ in judged), default=None)
    return Effect(name, verdict, len(pairs), len(beyond), largest, tuple(identical))


def _differ_in_alone(name: str, a: Point, b: Point, axes: Mapping[str, Axis], near: float) -> bool:
    """Whether two settings differ in a parameter, and in the others by no more than a share of their ranges."""
    if set(a.params) != set(b.params) or name not in a.params:
        return False
    if axes[name].distance(a.params[name], b.params[name]) < FAR:
        return False
    others = (other for other in a.params if other != name)
    return all(axes.get(other, Axis()).distance(a.params[other], b.params[other]) <= near for other in others)
