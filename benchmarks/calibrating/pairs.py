"""The difference of two models on the same images: its interval, and the verdict that this gives."""

from collections.abc import Iterator

import numpy as np

from benchmarks.calibrating.populations import Population
from benchmarks.calibrating.single import NEW, OLD, RESAMPLES, mean_over_frequent, point
from benchmarks.calibrating.table import Row, coverage
from src.core.detection_records import DetectionRecords
from src.core.detections import DEFAULT_CONFIDENCE
from src.core.interval import Interval, image_weights, percentile_interval
from src.evaluation.average_precision import COCO, average_precision
from src.evaluation.headline import HEADLINES, headline_differences, headline_samples


def rows(population: Population, images: int, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """How often a difference is stated where there is none, and how often its interval holds it where there is one."""
    first, second = population.models[:2]
    ap = [average_precision(model, COCO).per_class for model in (first, second)]
    difference = {name: value - point(second)[name] for name, value in point(first).items()}
    for equal in (True, False):
        truths: dict[str, list[float]] = {name: [] for name in HEADLINES}
        found: dict[tuple[str, str], list[Interval]] = {}
        for _ in range(repetitions):
            a, b = population.draw(images, rng, equal=equal, models=2)
            about = [mean_over_frequent(each, a) for each in ap]
            for name, values in truths.items():
                true = about[0][name] - about[1][name] if name in about[0] else difference[name]
                values.append(0.0 if equal else true)
            now = headline_differences(a, b, DEFAULT_CONFIDENCE, exchanges=RESAMPLES, seed=0)
            for method, intervals in ((OLD, _before(a, b)), (NEW, now)):
                for name, interval in intervals.items():
                    found.setdefault((name, method), []).append(interval)
        for name in HEADLINES:
            kind = "no difference" if equal else f"difference {np.mean(truths[name]):+.3f}"
            for method in (OLD, NEW):
                yield coverage(
                    f"{name}, {kind}", population.name, images, method, found[name, method], truths[name], "0.95"
                )


def _before(a: DetectionRecords, b: DetectionRecords) -> dict[str, Interval]:
    """What was stated before: percentiles of the differences on resampled images."""
    weights, classes = image_weights(a.image_count, RESAMPLES, 0), a.positives.any(axis=0)
    samples = [headline_samples(records, weights, DEFAULT_CONFIDENCE, classes) for records in (a, b)]
    return {name: percentile_interval(samples[0][name] - samples[1][name]) for name in HEADLINES}
