"""What makes one threshold better than another.

All classes are taken together (micro): each box counts the same, so that frequent classes weigh more.
A threshold must find something to be chosen, whatever the criterion; only by costs may keeping nothing be best.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.thresholds.bounds import least_share, most_per_image
from src.thresholds.curve import Counts

_Values = Callable[[Counts], NDArray[np.float64]]


def _finds_something(counts: Counts) -> NDArray[np.bool_]:
    return counts.hits > 0


def _zero(counts: Counts) -> NDArray[np.float64]:
    return np.zeros_like(counts.kept)


@dataclass(frozen=True)
class Criterion:
    """An order of thresholds by what they do.

    Where several are equally good, `second` decides, and where that is equal too, the highest one: it gives the
    same for fewer boxes.

    Attributes:
        text: The criterion in words.
        goodness: What is to be as large as possible, from counts at K thresholds to (…, K).
        second: What decides between thresholds of the same goodness, likewise.
        allowed: Which thresholds can be chosen, likewise.
        shortfall: How far thresholds are from satisfying the constraint, likewise; 0 where there is no constraint.
        margin: How far thresholds surely are within the constraint on images of the same kind, negative where that is
            not sure, from the counts of each image (I, K) to (K,); None where there is no constraint.
        with_limit: The criterion with another floor or limit: the one that a point, arrays of shape (), just keeps.
    """

    text: str
    goodness: _Values
    second: _Values = _zero
    allowed: Callable[[Counts], NDArray[np.bool_]] = _finds_something
    shortfall: _Values = _zero
    margin: _Values | None = None
    with_limit: "Callable[[Counts], Criterion] | None" = None


def best_f(beta: float = 1.0) -> Criterion:
    """F-beta as large as possible."""
    return Criterion(f"F{beta:g} as large as possible", goodness=lambda counts: counts.f(beta))


def most_recall(precision_floor: float) -> Criterion:
    """Recall as large as possible, of the same recall the highest precision, with precision not below a floor."""
    return Criterion(
        f"recall as large as possible with precision at least {precision_floor:g}",
        goodness=lambda counts: counts.recall,
        second=lambda counts: counts.precision,
        allowed=lambda counts: (counts.hits > 0) & (counts.precision >= precision_floor),
        shortfall=lambda counts: precision_floor - counts.precision,
        margin=lambda counts: least_share(counts.hits, counts.kept) - precision_floor,
        with_limit=lambda counts: most_recall(float(counts.precision)),
    )


def most_precision(recall_floor: float) -> Criterion:
    """Precision as large as possible, of the same precision the highest recall, with recall not below a floor."""
    return Criterion(
        f"precision as large as possible with recall at least {recall_floor:g}",
        goodness=lambda counts: counts.precision,
        second=lambda counts: counts.recall,
        allowed=lambda counts: (counts.hits > 0) & (counts.recall >= recall_floor),
        shortfall=lambda counts: recall_floor - counts.recall,
        margin=lambda counts: least_share(counts.hits, counts.positives) - recall_floor,
        with_limit=lambda counts: most_precision(float(counts.recall)),
    )


def least_cost(false_alarm: float, miss: float) -> Criterion:
    """The cost of false alarms and misses as small as possible; keeping nothing may be cheapest."""
    return Criterion(
        f"cost as small as possible, {false_alarm:g} for a false alarm and {miss:g} for a miss",
        goodness=lambda counts: -(false_alarm * counts.false_alarms + miss * counts.misses),
        allowed=lambda counts: np.ones(counts.kept.shape, np.bool_),
    )


def few_false_alarms(per_image: float) -> Criterion:
    """Recall as large as possible, of the same recall the fewest false alarms, with a limit of them per image."""
    return Criterion(
        f"recall as large as possible with at most {per_image:g} false alarms per image",
        goodness=lambda counts: counts.recall,
        second=lambda counts: -counts.false_alarms,
        allowed=lambda counts: (counts.hits > 0) & (counts.false_alarms <= per_image * counts.images),
        shortfall=lambda counts: counts.false_alarms / counts.images - per_image,
        margin=lambda counts: per_image - most_per_image(counts.false_alarms),
        with_limit=lambda counts: few_false_alarms(float(counts.false_alarms) / counts.images),
    )
