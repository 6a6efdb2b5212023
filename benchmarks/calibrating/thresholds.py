"""The statements about a tuned threshold: floors that it keeps, what val says of it, and its own interval."""

from collections.abc import Iterator, Mapping

import numpy as np

from benchmarks.calibrating.populations import Population
from benchmarks.calibrating.single import NEW, OLD
from benchmarks.calibrating.table import Row, coverage, share
from src.core.detection_records import DetectionRecords
from src.core.interval import Interval, image_weights, percentile_interval
from src.thresholds.bootstrap import reselect
from src.thresholds.criteria import Criterion, best_f, few_false_alarms, most_precision, most_recall
from src.thresholds.curve import CountsByThreshold, sweep
from src.thresholds.held_out import held_out_counts
from src.thresholds.operating_point import OperatingPoint, counts_by_image, intervals, samples
from src.thresholds.select import Selection, select
from src.thresholds.sure import select_surely

IOU = 0.7
RESAMPLES = 400


def rows(population: Population, images: int, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """How often floors and limits are broken in truth, and how often intervals at the best F1 hold."""
    whole = sweep(population.models[0])
    constraints = _constraints(whole)
    missed: dict[tuple[str, str], list[bool]] = {}
    chosen: dict[tuple[str, str], int] = {}
    stated: dict[tuple[str, str], list[tuple[Interval, float]]] = {}
    gains: dict[str, list[float]] = {OLD: [], NEW: []}
    for _ in range(repetitions):
        [records] = population.draw(images, rng, models=1)
        curves = {IOU: sweep(records)}
        for criterion in constraints:
            for method, found in (
                (OLD, select(curves, criterion)),
                (NEW, select_surely({IOU: records}, curves, criterion)),
            ):
                key = (criterion.text, method)
                missed.setdefault(key, []).append(_is_broken(found, criterion, whole))
                chosen[key] = chosen.get(key, 0) + (found.point is not None)
        for key, value in _at_best_f1(records, curves, whole, gains).items():
            stated.setdefault(key, []).append(value)
    for (text, method), events in missed.items():
        note = f"a threshold in {chosen[text, method] / repetitions:.2f}"
        yield share(f"broken in truth: {text}", population.name, images, method, events, "≤ 0.05", note)
    for (name, method), values in stated.items():
        found_intervals, truths = zip(*values, strict=True)
        row = coverage(name, population.name, images, method, found_intervals, truths)
        yield row
    for method, values in gains.items():
        mean = float(np.mean(values))
        yield Row("val F1 minus truth", population.name, images, method, 0, "0", mean, note="a mean, no share")


def _constraints(whole: CountsByThreshold) -> list[Criterion]:
    """A floor and a limit each that a part of the thresholds keeps: those at the best F1, a little harder."""
    best = whole.counts.at(int(np.argmax(whole.counts.f())))
    precision, recall = min(0.95, float(best.precision) + 0.05), max(0.05, float(best.recall) - 0.05)
    return [
        most_recall(round(precision, 2)),
        most_precision(round(recall, 2)),
        few_false_alarms(round(float(best.false_alarms) / best.images, 2)),
    ]


def _is_broken(found: Selection, criterion: Criterion, whole: CountsByThreshold) -> bool:
    if found.point is None:
        return False
    return bool(criterion.shortfall(whole.counts)[_place(whole, found.point.score)] > 1e-9)


def _place(whole: CountsByThreshold, score: float) -> int:
    """Which of the population's thresholds keeps what this one keeps."""
    return int(np.searchsorted(-whole.scores, -score, side="left"))


def _at_best_f1(
    records: DetectionRecords,
    curves: Mapping[float, CountsByThreshold],
    whole: CountsByThreshold,
    gains: Mapping[str, list[float]],
) -> dict[tuple[str, str], tuple[Interval, float]]:
    """The statements about the threshold with the best F1, each with its truth."""
    selection = select(curves, best_f())
    if selection.point is None:
        return {}
    score = selection.point.score
    point = OperatingPoint(IOU, score)
    truth = float(whole.counts.f()[_place(whole, score)])
    weights = image_weights(records.image_count, RESAMPLES, 0)
    before = percentile_interval(samples(counts_by_image(records, point), weights)["F1"])
    now = intervals(held_out_counts({IOU: records}, _best, point)).f1
    gains[OLD].append(before.estimate - truth)
    gains[NEW].append(now.estimate - truth)
    best = float(whole.thresholds[int(np.argmax(whole.counts.f()))])
    again = reselect({IOU: records}, curves, best_f(), chosen=score, weights=weights).score
    return {
        ("F1 of val at the tuned threshold", OLD): (before, truth),
        ("F1 of val at the tuned threshold", NEW): (now, truth),
        ("threshold with the best F1", NEW): (again, best),
    }


def _best(detections: Mapping[float, DetectionRecords]) -> OperatingPoint | None:
    found = select({iou: sweep(each) for iou, each in detections.items()}, best_f()).point
    return None if found is None else OperatingPoint(found.iou, found.score)
