"""What the choice of a threshold prints at its end."""

import math

import numpy as np
from rich.console import Console
from rich.table import Table

from src.core.interval import Interval
from src.stages.tune_threshold.record import nearest
from src.stages.tune_threshold.stage import DEFAULT, Figures, TuneOutcome
from src.thresholds.curve import Counts
from src.thresholds.operating_point import METRICS

_NARROW = 0.5  # an interval whose ends are further apart than half the threshold leaves it open


def show(outcome: TuneOutcome, console: Console) -> None:
    """Print the figures at the chosen point and at the default, and what is known and what is not."""
    console.print(_table(outcome))
    for line in remarks(outcome):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def remarks(outcome: TuneOutcome) -> list[str]:
    """The sentences below the table."""
    lines = _choice(outcome) if outcome.point is not None else _infeasible(outcome)
    lines += _on_test(outcome)
    lines += _classes(outcome)
    lines += _calibration(outcome)
    lines.append(f"Folder: {outcome.folder}")
    return lines


def _choice(outcome: TuneOutcome) -> list[str]:
    point, reselection = outcome.point, outcome.reselection
    if point is None or reselection is None:
        return []
    truth = outcome.views["val"].truth
    share = reselection.iou_shares[point.iou]
    lines = [
        f"Chosen on val ({truth.image_count} images, {len(truth.boxes_xyxy)} boxes): {outcome.options.rule.text}. "
        f"Threshold {reselection.score:.3g}, NMS IoU {point.iou:g} (as in {share:.0%} of the resamples).",
        f"Deploy it as model.predict(conf={point.score!r}, iou={point.iou:g}): kept is what scores higher."
        if point.class_scores is None
        else f"Deploy it as model.predict(conf={min(point.class_scores)!r}, iou={point.iou:g}) and drop what does not "
        "score higher than the threshold of its class.",
    ]
    score = reselection.score
    if not outcome.views["val"].kept(point).any():
        lines.append("At these costs it is cheapest to keep nothing: the model is worth nothing here.")
    if score.high - score.low > _NARROW * score.estimate:
        lines.append(
            f"With {truth.image_count} images in val the threshold is known no better than that interval; more images "
            "narrow it."
        )
    if reselection.feasible_share < 1:
        lines.append(f"In {1 - reselection.feasible_share:.1%} of the resamples no threshold satisfies the criterion.")
    return lines


def _infeasible(outcome: TuneOutcome) -> list[str]:
    lines = [f"NO THRESHOLD WAS CHOSEN. {outcome.selection.reason}"]
    if outcome.selection.nearest is not None:
        point = nearest(outcome.selection.nearest)
        lines.append(
            "The nearest attainable point on val: threshold {score:.3g} at NMS IoU {iou:g} with precision "
            "{precision:.3f}, recall {recall:.3f}, {false_alarms_per_image:.3g} false alarms per image.".format(**point)
        )
    return lines


def _on_test(outcome: TuneOutcome) -> list[str]:
    test = outcome.test
    if test is None:
        return ["There is no test split: nothing says what the threshold does on images that it was not chosen on."]
    lines = []
    images = outcome.views["test"].truth.image_count
    if test.difference is not None:
        lines.append(f"Tuned against default on test: {_said(test.difference['F1'], images)}")
    if test.per_class_difference is not None:
        lines.append(
            f"Thresholds per class against one for all on test: {_said(test.per_class_difference['F1'], images)}"
        )
    if outcome.point is not None:
        of = outcome.views["test"]
        lines += _constraint(outcome, of.counts(outcome.point).sum(axis=0).tolist(), images)
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
    figures = f"F1 {difference:+.3f}"
    if difference.excludes_zero:
        return f"{figures}, {'better' if difference.estimate > 0 else 'WORSE'}."
    if math.isnan(difference.estimate):
        return "F1 is not defined without boxes."
    return f"{figures}: the difference on {images} test images cannot be told from none."


def _classes(outcome: TuneOutcome) -> list[str]:
    classes = (outcome.classes or {}).items()
    return [f"Class {name}: threshold {each.score:.3g}, {each.reason}." for name, each in classes]


def _calibration(outcome: TuneOutcome) -> list[str]:
    known = {split: table.ece_kept for split, table in outcome.calibration.items() if not math.isnan(table.ece_kept)}
    if not known:
        return []
    said = ", ".join(f"{value:.3f} on {split}" for split, value in known.items())
    return [f"Expected calibration error of the detections kept: {said}."]


def _table(outcome: TuneOutcome) -> Table:
    rows: dict[str, Figures | None] = {"val, tuned": outcome.val}
    if outcome.test is not None:
        rows["test, tuned"] = outcome.test.tuned
        if outcome.test.all_classes is not None:
            rows["test, one for all classes"] = outcome.test.all_classes
        rows[f"test, default {DEFAULT.score:g}"] = outcome.test.default
        rows["test, tuned - default"] = outcome.test.difference
    table = Table(title="At the operating point (IoU 0.50, all classes together)", title_justify="left")
    table.add_column("")
    for metric in METRICS:
        table.add_column(metric, justify="right")
    for name, figures in rows.items():
        table.add_row(name, *(_cell(figures, metric, signed=" - " in name) for metric in METRICS))
    if reported := (outcome.evaluation.get("ultralytics") or {}).get(outcome.last_split):
        cells = (f"{reported[metric]:.3f}" if metric in reported else "" for metric in METRICS)
        table.add_row(f"{outcome.last_split}, Ultralytics", *cells)
    return table


def _cell(figures: Figures | None, metric: str, *, signed: bool) -> str:
    if figures is None or math.isnan(figures[metric].estimate):
        return "none"
    return f"{figures[metric]:+.3f}" if signed else f"{figures[metric]:.3f}"
