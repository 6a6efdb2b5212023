"""Challenges of an alias: whether challengers that are no better, one after another, ever take it."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from benchmarks.calibrating.populations import RECIPES, Population, synthetic
from benchmarks.calibrating.table import Row, share
from src.core.detections import DEFAULT_CONFIDENCE
from src.mlflow.registry.challenges import confidence_of
from src.thresholds.operating_point import OperatingPoint, counts_by_image, differences

CHALLENGERS = 10
EXCHANGES = 2000
POINT = OperatingPoint(0.7, DEFAULT_CONFIDENCE)


def rows(population: Population, images: int, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """How often one of ten equal models replaces the incumbent, as `promote` judges their F1; of synthetic images."""
    if population.name not in RECIPES:
        return
    taken: list[bool] = []
    for _ in range(repetitions):
        incumbent, *others = _models(population.name).draw(images, rng, equal=True)
        held = counts_by_image(incumbent, POINT)
        gains = (
            differences(
                counts_by_image(other, POINT), held, exchanges=EXCHANGES, seed=0, confidence=confidence_of(number)
            ).f1
            for number, other in enumerate(others, start=1)
        )
        taken.append(any(gain.low > 0 for gain in gains))
    statement = f"one of {CHALLENGERS} equal challengers takes an alias"
    yield share(statement, population.name, images, "alpha spending", taken, "≤ 0.05")


@lru_cache
def _models(name: str) -> Population:
    return synthetic(name, models=CHALLENGERS + 1)
