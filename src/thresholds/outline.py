"""A curve reduced to as many points as a plot needs."""

import numpy as np
from numpy.typing import NDArray

from src.thresholds.bootstrap import selectable
from src.thresholds.curve import CountsByThreshold


def outline(curve: CountsByThreshold, most: int = 1000, keep: int | None = None) -> NDArray[np.int64]:
    """Which thresholds of a curve to draw, ascending indices; the one that keeps nothing is left out.

    Half of the points are where hits are, since there precision and recall turn; the others are spread evenly.

    Args:
        curve: The curve.
        most: How many points at most.
        keep: A threshold to draw in any case.
    """
    count = len(curve.scores)
    if count <= most:
        return np.arange(1, count + 1)
    evenly = np.linspace(1, count, most - most // 2 - 1).round().astype(np.int64)
    drawn = np.concatenate([selectable(curve, most // 2)[1:], evenly, [keep or count]])
    return np.unique(drawn)
