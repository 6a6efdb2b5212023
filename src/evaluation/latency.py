"""What timings of single images say: percentiles of each phase, and how sure the one in the tail is.

Timings that follow each other are alike, so that they are left out in blocks (Künsch, The Jackknife and the Bootstrap
for General Stationary Observations, 1989). The interval of a percentile is that of the share of timings below it, read
off the timings (Woodruff, Confidence Intervals for Medians and Other Position Measures, 1952).
"""

import math

import numpy as np
from numpy.typing import NDArray

from src.core.errors import DataError
from src.core.interval import Interval
from src.core.jackknife import jackknife_weights, mean_interval, proportion_interval
from src.documents.latency import Percentiles, RuntimeLatency

PHASES = ("preprocess", "inference", "postprocess")
PERCENTILES = (50, 95, 99)

_BLOCKS = 10


def summarise(durations_ms: NDArray[np.float64]) -> RuntimeLatency:
    """Percentiles of timings.

    Args:
        durations_ms: (runs, 3), a column for each of `PHASES`.

    Raises:
        DataError: there are no timings, or they have another shape.
    """
    if durations_ms.ndim != 2 or durations_ms.shape[1] != len(PHASES) or not len(durations_ms):
        raise DataError(
            f"durations_ms has shape {durations_ms.shape}; expected (runs, {len(PHASES)}), at least one run."
        )
    total = durations_ms.sum(axis=1)
    columns = {**dict(zip(PHASES, durations_ms.T, strict=True)), "total": total}
    weights = jackknife_weights(len(total), _BLOCKS)
    means = weights @ total / np.maximum(weights.sum(axis=1), 1)
    return RuntimeLatency(
        **{f"{name}_ms": _percentiles(values) for name, values in columns.items()},
        p95_ms=_percentile_interval(total, 0.95, weights),
        throughput_fps=mean_interval(1000 / np.where(means > 0, means, np.nan)),
        images=len(total),
    )


def _percentile_interval(values: NDArray[np.float64], share: float, weights: NDArray[np.int64]) -> Interval:
    estimate = float(np.quantile(values, share))
    below = weights @ (values <= estimate) / np.maximum(weights.sum(axis=1), 1)
    shares = proportion_interval(below, len(values))
    if math.isnan(shares.low):
        return Interval(estimate, math.nan, math.nan)
    low, high = np.quantile(values, [min(shares.low, share), max(shares.high, share)])
    return Interval(estimate, float(low), float(high))


def _percentiles(values: NDArray[np.float64]) -> Percentiles:
    return Percentiles(*(float(np.percentile(values, percent)) for percent in PERCENTILES))
