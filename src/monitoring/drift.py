"""Which statistics of a window of pictures have moved away from those of the reference.

Each statistic is compared by the two-sample test of Kolmogorov and Smirnov, with one picture a scene, because frames of
one scene are no independent samples. The p-values are corrected for their number by Holm's rule, so that windows like
the reference alarm in no more than `ALPHA` of the cases, whatever the distributions are.

References: Hodges, The Significance Probability of the Smirnov Two-Sample Test, 1958; Holm, A Simple Sequentially
Rejective Multiple Test Procedure, 1979.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from src.documents.monitor import StatisticChange
from src.monitoring.statistics import Statistics

ALPHA = 0.01
FEWEST_SCENES = 30  # with fewer, that nothing was noticed means nothing
_FEWEST_VALUES = 5  # of a statistic: no fewer can be tested


def changes(reference: Statistics, window: Statistics) -> tuple[StatisticChange, ...]:
    """How each statistic compares with the reference, in the order of the reference's.

    Args:
        reference: One picture a scene.
        window: Likewise.
    """
    known = {name: (_known(values), _known(window[name])) for name, values in reference.items()}
    tests = {
        name: ks_2samp(_rounded(before), _rounded(now))
        for name, (before, now) in known.items()
        if min(len(before), len(now)) >= _FEWEST_VALUES
    }
    corrected = dict(zip(tests, holm([float(test.pvalue) for test in tests.values()]), strict=True))
    return tuple(
        StatisticChange(
            name=name,
            reference=_median(before),
            window=_median(now),
            distance=float(tests[name].statistic) if name in tests else None,
            p=corrected.get(name),
            has_moved=corrected.get(name, 1.0) < ALPHA,
        )
        for name, (before, now) in known.items()
    )


def has_moved(reference: Statistics, window: Statistics) -> bool:
    """Whether any statistic has moved."""
    return any(change.has_moved for change in changes(reference, window))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number: below a level at which, of all true hypotheses, any would be rejected."""
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, np.float64)[order] * np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in corrected]


def strangeness(reference: Statistics, window: Statistics) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """How far each picture of the window lies outside the reference, and by which statistic.

    That is the largest distance of a statistic from the reference's median, in units of its interquartile range.

    Returns:
        The distances, (I,), and the places of the statistics, (I,).
    """
    distances = []
    for name, values in reference.items():
        known = _known(values)
        low, middle, high = np.quantile(known, [0.25, 0.5, 0.75]) if len(known) else (0.0, 0.0, 0.0)
        spread = high - low or 1.0
        distances.append(np.nan_to_num(np.abs(window[name] - middle) / spread))
    table = np.stack(distances)
    return table.max(axis=0), table.argmax(axis=0)


def power(clean: Statistics, corrupted: Statistics, *, scenes: int, repetitions: int = 100, seed: int = 0) -> float:
    """The share of corrupted windows that are noticed, on scenes that the reference does not have.

    In each repetition the scenes are split at random: the first part is the reference, the window is of the others. So
    the reference is smaller than the one in use, and the true share rather larger.

    Args:
        clean: The statistics of I scenes, more than are in a window.
        corrupted: Those of the same scenes under a corruption.
        scenes: How many a window has.
        repetitions: How many windows.
        seed: Of the splitting.
    """
    count = len(next(iter(clean.values())))
    rng = np.random.default_rng(seed)
    noticed = 0
    for _ in range(repetitions):
        order = rng.permutation(count)
        before = {name: values[order[scenes:]] for name, values in clean.items()}
        noticed += has_moved(before, {name: values[order[:scenes]] for name, values in corrupted.items()})
    return noticed / repetitions


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """To four significant digits: the last ones are other on another machine, and the test compares the order alone."""
    with np.errstate(divide="ignore"):
        magnitude = np.floor(np.log10(np.abs(values)))
    step = np.where(values == 0, 1.0, 10.0 ** (magnitude - 3))
    return np.asarray(np.round(values / step) * step)


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[~np.isnan(values)]


def _median(values: NDArray[np.float64]) -> float | None:
    return float(np.median(values)) if len(values) else None
