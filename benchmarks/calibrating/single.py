"""The intervals of one model's figures."""

from collections.abc import Iterator

import numpy as np

from benchmarks.calibrating.populations import Population
from benchmarks.calibrating.table import Row, coverage
from src.core.detection_records import DetectionRecords
from src.core.detections import DEFAULT_CONFIDENCE
from src.core.interval import Interval, image_weights, percentile_interval
from src.evaluation.headline import HEADLINES, headline_intervals, headline_samples

OLD, NEW = "bootstrap", "now"
RESAMPLES = 1000


def rows(population: Population, images: int, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """How often the interval of each headline figure holds what it is about."""
    truth = point(population.models[0])
    found: dict[tuple[str, str], list[Interval]] = {}
    for _ in range(repetitions):
        [records] = population.draw(images, rng, models=1)
        for method, intervals in ((OLD, _before(records)), (NEW, headline_intervals(records, DEFAULT_CONFIDENCE))):
            for name, interval in intervals.items():
                found.setdefault((name, method), []).append(interval)
    for name in HEADLINES:
        for method in (OLD, NEW):
            yield coverage(name, population.name, images, method, found[name, method], truth[name])


def point(records: DetectionRecords) -> dict[str, float]:
    """The headline figures as they are."""
    weights = np.ones((1, records.image_count), np.int64)
    return {name: float(values[0]) for name, values in headline_samples(records, weights, DEFAULT_CONFIDENCE).items()}


def _before(records: DetectionRecords) -> dict[str, Interval]:
    """What was stated before: percentiles of resampled images."""
    weights = image_weights(records.image_count, RESAMPLES, 0)
    samples = headline_samples(records, weights, DEFAULT_CONFIDENCE)
    return {name: percentile_interval(values) for name, values in samples.items()}
