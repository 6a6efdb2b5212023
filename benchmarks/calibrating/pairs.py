"""The difference of two models on the same images: its interval, and the verdict that this gives."""

from collections.abc import Iterator

import numpy as np

from benchmarks.calibrating.populations import Population
from benchmarks.calibrating.single import NEW, OLD, RESAMPLES, is_compared, mean_over_frequent, point
from benchmarks.calibrating.table import Row, coverage
from src.core.detection_records import DetectionRecords
from src.core.detections import DEFAULT_CONFIDENCE
from src.core.interval import Interval, image_weights, percentile_interval
from src.evaluation.average_precision import COCO, average_precision
from src.evaluation.headline import HEADLINES, headline_samples
from src.evaluation.paired import headline_differences

EXCHANGES = 400


def rows(population: Population, images: int, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """How often a difference is stated where there is none, and how often its interval holds it where there is one."""
    first, second = population.models[:2]
    ap = [average_precision(model, COCO).per_class for model in (first, second)]
    difference = {name: value - point(second)[name] for name, value in point(first).items()}
    for equal in (True, False):
        stated: dict[tuple[str, str], list[tuple[Interval, float]]] = {}
        for repetition in range(repetitions):
            a, b = population.draw(images, rng, equal=equal, models=2)
            better, worse = (mean_over_frequent(each, a) for each in ap)
            about = difference | {name: better[name] - worse[name] for name in better}
            found = [(NEW, headline_differences(a, b, DEFAULT_CONFIDENCE, exchanges=EXCHANGES, seed=0), about)]
            found += [(OLD, _before(a, b), difference)] if is_compared(repetition, images) else []
            for method, intervals, true in found:
                for name, interval in intervals.items():
                    stated.setdefault((name, method), []).append((interval, 0.0 if equal else true[name]))
        for name in HEADLINES:
            for method in (OLD, NEW):
                intervals, truths = zip(*stated[name, method], strict=True)
                statement = f"{name}, " + ("no difference" if equal else f"difference {difference[name]:+.3f}")
                yield coverage(statement, population.name, images, method, intervals, truths)


def _before(a: DetectionRecords, b: DetectionRecords) -> dict[str, Interval]:
    """What was stated before: percentiles of the differences on resampled images."""
    weights, classes = image_weights(a.image_count, RESAMPLES, 0), a.positives.any(axis=0)
    samples = [headline_samples(records, weights, DEFAULT_CONFIDENCE, classes) for records in (a, b)]
    return {name: percentile_interval(samples[0][name] - samples[1][name]) for name in HEADLINES}
