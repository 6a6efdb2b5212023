"""What the choice of a threshold prints at its end."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from rich.console import Console

from src.core.detections import DEFAULT_CONFIDENCE
from src.core.interval import Interval
from src.documents.metrics import PointMetrics
from src.documents.splits import TEST, VAL
from src.documents.threshold import ChosenPoint, NearestPoint, OnTest, OnVal, Threshold
from src.render import terminal
from src.render.table import Column, Kind, Row, Table, texts

_NARROW = 0.5  # an interval whose ends are further apart than half the threshold leaves it open
_METRICS = ("precision", "recall", "F1")
_TITLE = "At the operating point (IoU 0.50, all classes together)"


class Rates(Protocol):
    """What a point does on a split."""

    @property
    def precision(self) -> float:
        """The share of the detections that are right."""

    @property
    def recall(self) -> float:
        """The share of the boxes that are found."""

    @property
    def false_alarms_per_image(self) -> float:
        """Wrong detections an image."""


def show(threshold: Threshold, broken_on_test: Rates | None, folder: Path, console: Console) -> None:
    """Print the metrics at the chosen point and at the default, and what is known and what is not.

    Args:
        threshold: The choice.
        broken_on_test: What the chosen point does on test where it breaks the criterion's constraint there.
        folder: Where everything was written.
        console: Where to print.
    """
    terminal.show(metrics_table(threshold), console, _TITLE)
    terminal.say((*remarks(threshold, broken_on_test), f"Folder: {folder}"), console)


def metrics_table(threshold: Threshold) -> Table:
    """A row for each point and split; precision, recall and F1 with their intervals."""
    rows = [_row("val, held out", threshold.val.tuned if threshold.val else None)]
    if (test := threshold.test) is not None:
        rows.append(_row("test, tuned", test.tuned))
        if test.all_classes is not None:
            rows.append(_row("test, one for all classes", test.all_classes))
        rows.append(_row(f"test, default {DEFAULT_CONFIDENCE:g}", test.default))
        rows.append(_row("test, tuned - default", test.difference, spec="+.3f"))
    if (reported := threshold.ultralytics) is not None:
        split = VAL if test is None else TEST
        rows.append(Row((f"{split}, Ultralytics", f"{reported.precision:.3f}", f"{reported.recall:.3f}", "")))
    columns = (Column(name, Kind.INTERVAL, ".3f", "none") for name in _METRICS)
    return Table((*texts(""), *columns), tuple(rows))


def remarks(threshold: Threshold, broken_on_test: Rates | None = None) -> list[str]:
    """The sentences below the table."""
    lines = _none(threshold)
    if threshold.chosen is not None and threshold.val is not None:
        lines = _choice(threshold.criterion, threshold.chosen, threshold.val)
    lines += _on_test(threshold.test, broken_on_test)
    if threshold.chosen is not None and threshold.chosen.per_class is not None:
        classes = threshold.chosen.per_class.items()
        lines += [f"Class {name}: threshold {each.score:.3g}, {each.reason}." for name, each in classes]
    errors = {split: each.ece_kept for split, each in threshold.calibration.items() if each.ece_kept is not None}
    return [*lines, *_calibration(errors)]


def _choice(criterion: str, chosen: ChosenPoint, val: OnVal) -> list[str]:
    score = chosen.score_interval
    lines = [
        f"Chosen on val ({val.images} images, {val.boxes} boxes): {criterion}. Threshold {score:.3g}, NMS IoU "
        f"{chosen.iou:g} (as in {chosen.iou_shares[f'{chosen.iou:g}']:.0%} of the resamples).",
        _deployment(chosen),
        "Held out: each image of val at the threshold that is chosen without it; the chosen one looks better on val.",
    ]
    if math.isnan(val.tuned.precision.estimate):
        lines.append("At these costs it is cheapest to keep nothing: this model saves no cost.")
    if score.high - score.low > _NARROW * score.estimate:
        lines.append(
            f"With {val.images} images in val the threshold is known no better than that interval; more images narrow "
            "it."
        )
    if chosen.feasible_share < 1:
        lines.append(f"In {1 - chosen.feasible_share:.1%} of the resamples no threshold keeps the constraint as well.")
    return lines


def _deployment(chosen: ChosenPoint) -> str:
    if chosen.per_class is None:
        call = f"model.predict(conf={chosen.score!r}, iou={chosen.iou:g})"
        return f"Deploy it as {call}: kept is what scores higher."
    lowest = min(each.score for each in chosen.per_class.values())
    return (
        f"Deploy it as model.predict(conf={lowest!r}, iou={chosen.iou:g}) and drop what does not score higher than the "
        "threshold of its class."
    )


def _none(threshold: Threshold) -> list[str]:
    lines = [f"NO THRESHOLD WAS CHOSEN. {threshold.reason or ''}"]
    return lines if threshold.nearest is None else [*lines, _nearest(threshold.nearest)]


def _nearest(point: NearestPoint) -> str:
    return (
        f"The nearest attainable point on val: threshold {point.score:.3g} at NMS IoU {point.iou:g} with precision "
        f"{point.precision:.3f}, recall {point.recall:.3f}, {point.false_alarms_per_image:.3g} false alarms per image."
    )


def _on_test(test: OnTest | None, broken: Rates | None) -> list[str]:
    if test is None:
        return ["There is no test split: nothing says what the threshold does on images that it was not chosen on."]
    lines = []
    if test.difference is not None:
        lines.append(f"Tuned against default on test: {_said(test.difference.f1, test.images)}")
    if test.per_class_difference is not None:
        said = _said(test.per_class_difference.f1, test.images)
        lines.append(f"Thresholds per class against one for all on test: {said}")
    if broken is not None:
        lines.append(
            f"On test the constraint does NOT hold: precision {broken.precision:.3f}, recall {broken.recall:.3f}, "
            f"{broken.false_alarms_per_image:.3g} false alarms per image."
        )
    return lines


def _said(difference: Interval, images: int) -> str:
    metric = f"F1 {difference:+.3f}"
    if difference.excludes_zero:
        return f"{metric}, {'better' if difference.estimate > 0 else 'WORSE'}."
    if math.isnan(difference.estimate):
        return "F1 is not defined without boxes."
    return f"{metric}: no significant difference on {images} test images."


def _calibration(errors: Mapping[str, float]) -> list[str]:
    if not errors:
        return []
    said = ", ".join(f"{value:.3f} on {split}" for split, value in errors.items())
    return [f"Expected calibration error of the detections kept: {said}."]


def _row(name: str, metrics: PointMetrics | None, spec: str = "") -> Row:
    if metrics is None:
        return Row((name, None, None, None))
    cells = (None if math.isnan(value.estimate) else value for value in (metrics.precision, metrics.recall, metrics.f1))
    return Row((name, *(format(cell, spec) if cell is not None and spec else cell for cell in cells)))
