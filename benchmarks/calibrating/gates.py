"""The judgements of gates: a truth just at its limit, several gates at once, and as many images as are named."""

from collections.abc import Iterator

import numpy as np

from benchmarks.calibrating.populations import RECIPES, Population, synthetic
from benchmarks.calibrating.single import NEW, OLD, before, point
from benchmarks.calibrating.table import Row, share
from src.core.detections import DEFAULT_CONFIDENCE
from src.core.interval import Interval
from src.decision.gates import judge
from src.decision.metrics import worst_of
from src.documents.gates import Comparison, Gate, JudgedGate, Judgement, Measurement
from src.evaluation.headline import headline_intervals
from src.thresholds.operating_point import OperatingPoint, counts_by_image, intervals

NAMES = ("precision", "recall", "F1", "mAP50", "mAP50-95")
MARGINS = (0.03, 0.06, 0.10)
MOST_IMAGES = 4000
CORRUPTIONS = 9
POINT = OperatingPoint(0.7, DEFAULT_CONFIDENCE)


def rows(population: Population, images: int, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """How often a gate on the truth passes, one of five fails, and the upper number of images decides."""
    if population.models[0].class_count > 1:
        return
    truth = point(population.models[0])
    passed: dict[tuple[str, str], list[bool]] = {}
    rejected: dict[str, list[bool]] = {OLD: [], NEW: []}
    decided: dict[float, list[bool]] = {margin: [] for margin in MARGINS}
    for _ in range(repetitions):
        [records] = population.draw(images, rng, models=1)
        for method, found in ((NEW, headline_intervals(records, DEFAULT_CONFIDENCE)), (OLD, before(records))):
            among = len(NAMES) if method == NEW else 1
            gates = [_judged(found[name], truth[name], images, among) for name in NAMES]
            for name, judged in zip(NAMES, gates, strict=True):
                passed.setdefault((name, method), []).append(judged.judgement == Judgement.PASSED)
            rejected[method].append(any(judged.judgement == Judgement.FAILED for judged in gates))
            if method == NEW:
                for margin in MARGINS:
                    _enlarge(population, _judged(found["F1"], truth["F1"] - margin, images), decided[margin], rng)
    for (name, method), events in passed.items():
        yield share(f"gate on {name}, truth at the limit: passed", population.name, images, method, events, "≤ 0.025")
    for method, events in rejected.items():
        yield share("five gates, truth at all limits: rejected", population.name, images, method, events, "≤ 0.05")
    for margin, events in decided.items():
        statement = f"gate on F1, truth {margin:g} beyond: decided by the upper number of images"
        yield share(statement, population.name, images, NEW, events, "≥ 0.75")
    together = [event for events in decided.values() for event in events]
    yield share("the same, all three", population.name, images, NEW, together, "≥ 0.75")
    if population.name in RECIPES:
        yield from _of_corruptions(population.name, images, repetitions, rng)


def _of_corruptions(name: str, images: int, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """The recall that is worst of nine: all nine at the limit, or one of them and the others better."""
    for equal, gap in ((True, 0.0), (False, 0.5)):
        corrupted = synthetic(name, images=MOST_IMAGES, models=CORRUPTIONS, gap=gap)
        truths = [intervals(counts_by_image(model, POINT)).recall.estimate for model in corrupted.models]
        limit, judged = float(np.mean(truths)) if equal else min(truths), []
        for _ in range(repetitions):
            drawn = corrupted.draw(images, rng, equal=equal)
            found = worst_of([intervals(counts_by_image(records, POINT)).recall for records in drawn], images)
            judged.append(_judged(found, limit, images).judgement)
        what = f"worst of {CORRUPTIONS} corruptions, {'all' if equal else 'one'} at the limit"
        for event, judgement, nominal in (
            ("passed", Judgement.PASSED, "≤ 0.025"),
            ("rejected", Judgement.FAILED, "≤ 0.05"),
        ):
            yield share(f"{what}: {event}", name, images, NEW, [each is judgement for each in judged], nominal)


def _judged(value: Interval, limit: float, images: int, among: int = 1) -> JudgedGate:
    gate = Gate("gate", "test/F1", Comparison.AT_LEAST, limit)
    return judge(gate, Measurement(value, samples=images), among)


def _enlarge(population: Population, judged: JudgedGate, decided: list[bool], rng: np.random.Generator) -> None:
    """Judge an undecided gate again on the upper number of images, if that is no more than can be simulated."""
    if judged.samples_needed is None:
        return
    images = min(judged.samples_needed.likely, MOST_IMAGES)
    [records] = population.draw(images, rng, models=1)
    value = headline_intervals(records, DEFAULT_CONFIDENCE)["F1"]
    decided.append(_judged(value, judged.gate.limit, images).judgement != Judgement.UNDECIDED)
