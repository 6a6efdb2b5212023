"""What the choice of a threshold prints at its end."""

import math

import numpy as np
from rich.console import Console
from rich.table import Table

from src.core.interval import Interval
from src.documents.metrics import PointMetrics
from src.documents.threshold import ChosenPoint, Threshold
from src.stages.tune_threshold.stage import DEFAULT, TuneOutcome
from src.thresholds.curve import Counts

_METRICS = ("precision", "recall", "F1")
_NARROW = 0.5  # an interval whose ends are further apart than half the threshold leaves it open


def show(outcome: TuneOutcome, console: Console) -> None:
    """Print the figures at the chosen point and at the default, and what is known and what is not."""
    console.print(_table(outcome))
    for line in remarks(outcome):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def remarks(outcome: TuneOutcome) -> list[str]:
    """The sentences below the table."""
    threshold = outcome.threshold
    lines = _infeasible(threshold) if threshold.chosen is None else _choice(outcome, threshold.chosen)
    lines += _on_test(outcome)
    lines += _classes(threshold)
    lines += _calibration(threshold)
    lines.append(f"Folder: {outcome.folder}")
    return lines


def _choice(outcome: TuneOutcome, chosen: ChosenPoint) -> list[str]:
    truth = outcome.views["val"].truth
    share = chosen.iou_shares[f"{chosen.iou:g}"]
    score = chosen.score_interval
    lines = [
        f"Chosen on val ({truth.image_count} images, {len(truth.boxes_xyxy)} boxes): {outcome.threshold.criterion}. "
        f"Threshold {score:.3g}, NMS IoU {chosen.iou:g} (as in {share:.0%} of the resamples).",
        f"Deploy it as model.predict(conf={chosen.score!r}, iou={chosen.iou:g}): kept is what scores higher."
        if chosen.per_class is None
        else f"Deploy it as model.predict(conf={min(each.score for each in chosen.per_class.values())!r},"
        f" iou={chosen.iou:g}) and drop what does not score higher than the threshold of its class.",
    ]
    if outcome.point is not None and not outcome.views["val"].kept(outcome.point).any():
        lines.append("At these costs it is cheapest to keep nothing: the model is worth nothing here.")
    if score.high - score.low > _NARROW * score.estimate:
        lines.append(
            f"With {truth.image_count} images in val the threshold is known no better than that interval; more images "
            "narrow it."
        )
    if chosen.feasible_share < 1:
        lines.append(f"In {1 - chosen.feasible_share:.1%} of the resamples no threshold satisfies the criterion.")
    return lines


def _infeasible(threshold: Threshold) -> list[str]:
    lines = [f"NO THRESHOLD WAS CHOSEN. {threshold.reason}"]
    if (point := threshold.nearest) is not None:
        lines.append(
            f"The nearest attainable point on val: threshold {point.score:.3g} at NMS IoU {point.iou:g} with precision "
            f"{point.precision:.3f}, recall {point.recall:.3f}, {point.false_alarms_per_image:.3g} false alarms per"
            " image."
        )
    return lines


def _on_test(outcome: TuneOutcome) -> list[str]:
    test = outcome.threshold.test
    if test is None:
        return ["There is no test split: nothing says what the threshold does on images that it was not chosen on."]
    lines = []
    if test.difference is not None:
        lines.append(f"Tuned against default on test: {_said(test.difference.f1, test.images)}")
    if test.per_class_difference is not None:
        lines.append(
            f"Thresholds per class against one for all on test: {_said(test.per_class_difference.f1, test.images)}"
        )
    if outcome.point is not None:
        of = outcome.views["test"]
        lines += _constraint(outcome, of.counts(outcome.point).sum(axis=0).tolist(), test.images)
    return lines


def _constraint(outcome: TuneOutcome, totals: list[int], images: int) -> list[str]:
    """Whether the criterion's constraint, which holds on val, holds on test too."""
    kept, hits, positives = np.array(totals, np.float64)
    counts = Counts(np.asarray(kept), np.asarray(hits), np.asarray(positives), images)
    shortfall = float(outcome.options.rule.shortfall(counts))
    if shortfall <= 0:
        return []
    return [
        f"On test the constraint does NOT hold: precision {float(counts.precision):.3f}, recall "
        f"{float(counts.recall):.3f}, {float(counts.false_alarms) / images:.3g} false alarms per image."
    ]


def _said(difference: Interval, images: int) -> str:
    said = f"F1 {difference:+.3f}"
    if difference.excludes_zero:
        return f"{said}, {'better' if difference.estimate > 0 else 'WORSE'}."
    if math.isnan(difference.estimate):
        return "F1 is not defined without boxes."
    return f"{said}: the difference on {images} test images cannot be told from none."


def _classes(threshold: Threshold) -> list[str]:
    classes = (threshold.chosen and threshold.chosen.per_class) or {}
    return [f"Class {name}: threshold {each.score:.3g}, {each.reason}." for name, each in classes.items()]


def _calibration(threshold: Threshold) -> list[str]:
    known = {split: each.ece_kept for split, each in threshold.calibration.items() if each.ece_kept is not None}
    if not known:
        return []
    said = ", ".join(f"{value:.3f} on {split}" for split, value in known.items())
    return [f"Expected calibration error of the detections kept: {said}."]


def _table(outcome: TuneOutcome) -> Table:
    val, test = outcome.threshold.val, outcome.threshold.test
    table = Table(title="At the operating point (IoU 0.50, all classes together)", title_justify="left")
    table.add_column("")
    for metric in _METRICS:
        table.add_column(metric, justify="right")
    table.add_row("val, tuned", *_cells(None if val is None else val.tuned))
    if test is not None:
        table.add_row("test, tuned", *_cells(test.tuned))
        if test.all_classes is not None:
            table.add_row("test, one for all classes", *_cells(test.all_classes))
        table.add_row(f"test, default {DEFAULT.score:g}", *_cells(test.default))
        table.add_row("test, tuned - default", *_cells(test.difference, spec="+.3f"))
    if reported := outcome.threshold.ultralytics:
        name = f"{outcome.last_split}, Ultralytics"
        table.add_row(name, f"{reported.precision:.3f}", f"{reported.recall:.3f}", "")
    return table


def _cells(metrics: PointMetrics | None, spec: str = ".3f") -> list[str]:
    if metrics is None:
        return ["none"] * len(_METRICS)
    found = (metrics.precision, metrics.recall, metrics.f1)
    return ["none" if math.isnan(value.estimate) else format(value, spec) for value in found]
