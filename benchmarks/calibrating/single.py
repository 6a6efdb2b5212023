"""The intervals of one model's figures."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.calibrating.populations import Population
from benchmarks.calibrating.table import Row, coverage
from src.core.detection_records import DetectionRecords
from src.core.detections import DEFAULT_CONFIDENCE
from src.core.interval import Interval, image_weights, percentile_interval
from src.evaluation.average_precision import COCO, METRICS, average_precision, mean_over_classes
from src.evaluation.headline import HEADLINES, frequent_classes, headline_intervals, headline_samples

OLD, NEW = "bootstrap", "now"
RESAMPLES = 1000
BEFORE_EVERY, BEFORE_EVERY_OF_MANY = 4, 20  # repetitions, because the bootstrap takes ten times as long
MANY = 200  # images


def rows(population: Population, images: int, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """How often the interval of each headline figure holds what it is about."""
    model = population.models[0]
    truth, ap = point(model), average_precision(model, COCO).per_class
    stated: dict[tuple[str, str], list[tuple[Interval, float]]] = {}
    for repetition in range(repetitions):
        [records] = population.draw(images, rng, models=1)
        about = truth | mean_over_frequent(ap, records)  # which classes a data set speaks of depends on it
        found = [(NEW, headline_intervals(records, DEFAULT_CONFIDENCE), about)]
        found += [(OLD, before(records), truth)] if is_compared(repetition, images) else []
        for method, intervals, true in found:
            for name, interval in intervals.items():
                stated.setdefault((name, method), []).append((interval, true[name]))
    for name in HEADLINES:
        for method in (OLD, NEW):
            intervals, truths = zip(*stated[name, method], strict=True)
            yield coverage(name, population.name, images, method, intervals, truths)


def is_compared(repetition: int, images: int) -> bool:
    """Whether what was stated before is computed as well."""
    return repetition % (BEFORE_EVERY_OF_MANY if images >= MANY else BEFORE_EVERY) == 0


def mean_over_frequent(ap: NDArray[np.float64], records: DetectionRecords) -> dict[str, float]:
    """The true mAP over the classes that are frequent in a data set, of their true AP, (C, 10); NaN where none is."""
    chosen = ap[frequent_classes(records.positives)][None]
    return {metric: float(mean_over_classes(chosen, metric)[0]) for metric in METRICS}


def point(records: DetectionRecords) -> dict[str, float]:
    """The headline figures as they are."""
    classes = np.ones(records.class_count, bool)
    weights = np.ones((1, records.image_count), np.int64)
    return {
        name: float(values[0])
        for name, values in headline_samples(records, weights, DEFAULT_CONFIDENCE, classes).items()
    }


def before(records: DetectionRecords) -> dict[str, Interval]:
    """What was stated before: percentiles of resampled images."""
    weights = image_weights(records.image_count, RESAMPLES, 0)
    classes = records.positives.any(axis=0)
    samples = headline_samples(records, weights, DEFAULT_CONFIDENCE, classes)
    return {name: percentile_interval(values) for name, values in samples.items()}
