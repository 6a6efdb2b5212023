"""What timings of single images say: percentiles of each phase, and how sure the one in the tail is."""

import numpy as np
from numpy.typing import NDArray

from src.core.errors import DataError
from src.core.interval import percentile_interval
from src.documents.latency import Percentiles, RuntimeLatency

PHASES = ("preprocess", "inference", "postprocess")
PERCENTILES = (50, 95, 99)


def summarise(durations_ms: NDArray[np.float64], *, resamples: int = 1000, seed: int = 0) -> RuntimeLatency:
    """Percentiles of timings.

    Args:
        durations_ms: (runs, 3), a column for each of `PHASES`.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.

    Raises:
        DataError: there are no timings, or they have another shape.
    """
    if durations_ms.ndim != 2 or durations_ms.shape[1] != len(PHASES) or not len(durations_ms):
        raise DataError(
            f"durations_ms has shape {durations_ms.shape}; expected (runs, {len(PHASES)}), at least one run."
        )
    total = durations_ms.sum(axis=1)
    columns = {**dict(zip(PHASES, durations_ms.T, strict=True)), "total": total}
    drawn = np.random.default_rng(seed).choice(total, size=(resamples, len(total)))
    samples = np.concatenate([total[None], drawn])
    return RuntimeLatency(
        **{f"{name}_ms": _percentiles(values) for name, values in columns.items()},
        p95_ms=percentile_interval(np.quantile(samples, 0.95, axis=1)),
        throughput_fps=percentile_interval(1000 / samples.mean(axis=1)),
        images=len(total),
    )


def _percentiles(values: NDArray[np.float64]) -> Percentiles:
    return Percentiles(*(float(np.percentile(values, percent)) for percent in PERCENTILES))
