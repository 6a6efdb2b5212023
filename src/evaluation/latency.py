"""What timings of single images say: percentiles of each phase, and how sure the one in the tail is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from src.core.errors import DataError
from src.core.interval import Interval, percentile_interval

PHASES = ("preprocess", "inference", "postprocess")
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Latency:
    """How long one image takes.

    Attributes:
        phases_ms: Percentiles of each phase and of their sum, in milliseconds: `{"total": {"p50": …, "p95": …}, …}`.
        p95_ms: The 95th percentile of the sum, with the interval that resampling the runs gives. Runs that follow
            each other are alike, so that another hour may lie outside of it.
        throughput_fps: Images a second, one after the other: the reciprocal of the mean; its interval likewise.
        runs: How many were timed.
    """

    phases_ms: dict[str, dict[str, float]]
    p95_ms: Interval
    throughput_fps: Interval
    runs: int

    def as_json(self) -> dict[str, Any]:
        """As it stands in `latency.json`."""
        return {
            **{f"{phase}_ms": percentiles for phase, percentiles in self.phases_ms.items()},
            "p95_interval": self.p95_ms.as_json(),
            "throughput_fps": self.throughput_fps.estimate,
            "throughput_interval": self.throughput_fps.as_json(),
            "images": self.runs,
        }


def summarise(durations_ms: NDArray[np.float64], *, resamples: int = 1000, seed: int = 0) -> Latency:
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
    return Latency(
        phases_ms={
            name: {f"p{p}": float(np.percentile(values, p)) for p in PERCENTILES} for name, values in columns.items()
        },
        p95_ms=percentile_interval(np.quantile(samples, 0.95, axis=1)),
        throughput_fps=percentile_interval(1000 / samples.mean(axis=1)),
        runs=len(total),
    )
