"""The intervals of latency, of timings that resemble those before them and that something interrupts at times."""

from collections.abc import Iterator

import numpy as np

from benchmarks.calibrating.single import NEW, OLD
from benchmarks.calibrating.table import Row, coverage
from src.core.interval import Interval, percentile_interval
from src.evaluation.latency import summarise

RUNS = 200  # as `evaluate.latency_runs`
ALIKE = (0.0, 0.5, 0.8)  # correlations of neighbouring timings
_LONG, _RESAMPLES = 400_000, 400


def rows(repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """How often the intervals of p95 and of the throughput hold what very many timings give."""
    for alike in ALIKE:
        very_many = timings(_LONG, alike, rng)
        truth = {"p95_ms": float(np.quantile(very_many, 0.95)), "images/s": 1000 / float(very_many.mean())}
        found: dict[tuple[str, str], list[Interval]] = {}
        for _ in range(repetitions):
            drawn = timings(RUNS, alike, rng)
            latency = summarise(np.stack([0 * drawn, drawn, 0 * drawn], axis=1))
            for method, p95, throughput in ((NEW, latency.p95_ms, latency.throughput_fps), (OLD, *_before(drawn, rng))):
                found.setdefault(("p95_ms", method), []).append(p95)
                found.setdefault(("images/s", method), []).append(throughput)
        for name, value in truth.items():
            for method in (OLD, NEW):
                statement = f"latency, {name}, neighbours' correlation {alike:g}"
                yield coverage(statement, "200 timings", RUNS, method, found[name, method], value)


def timings(count: int, alike: float, rng: np.random.Generator) -> np.ndarray:
    """Milliseconds: log-normal, each like the one before; one of twenty is interrupted."""
    noise = rng.normal(0, 1, count)
    level = np.empty(count)
    level[0] = noise[0]
    for place in range(1, count):
        level[place] = alike * level[place - 1] + np.sqrt(1 - alike**2) * noise[place]
    return 50 * np.exp(0.1 * level) + (rng.random(count) < 0.05) * rng.exponential(20, count)


def _before(drawn: np.ndarray, rng: np.random.Generator) -> tuple[Interval, Interval]:
    """What was stated before: percentiles of resampled timings."""
    samples = np.concatenate([drawn[None], rng.choice(drawn, (_RESAMPLES, len(drawn)))])
    return percentile_interval(np.quantile(samples, 0.95, axis=1)), percentile_interval(1000 / samples.mean(axis=1))
