"""What an evaluation prints at its end."""

import math
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from src.core.detections import DEFAULT_CONFIDENCE
from src.core.interval import Interval
from src.documents.evaluation import CrossValidation, EvaluatedSplit, Evaluation, OverFolds
from src.documents.latency import Latency
from src.documents.splits import TEST, VAL
from src.render import terminal
from src.render.table import Column, Kind, Row, Table, numbers, texts

_METRICS = ("mAP50-95", "mAP50", "precision", "recall", "F1")
_MISSING = "–"
_MOST_NAMES = 10


def show(evaluation: Evaluation, latency: Latency, folder: Path, console: Console) -> None:
    """Print the metrics with their intervals, beside those of the starting weights, and how fast the model is.

    Args:
        evaluation: What was found.
        latency: How fast the model is.
        folder: Where everything was written.
        console: Where to print.
    """
    terminal.show(metrics_table(evaluation), console, "In deployment mode")
    if evaluation.robustness:
        split = TEST if evaluation.splits.test else VAL
        terminal.show(robustness_table(evaluation), console, f"Under corruptions, {split}")
    terminal.show(latency_table(latency), console, f"One image at a time, {_machines(latency)}")
    terminal.say(remarks(evaluation, latency), console)
    next_step = f"Next: python -m src.tune_threshold threshold.evaluation={folder}"
    terminal.say((f"Folder: {folder}", next_step), console)


def metrics_table(evaluation: Evaluation) -> Table:
    """A row for each metric, a column for each split and model."""
    columns: dict[str, Mapping[str, Interval]] = {}
    untrained = dict(evaluation.untrained.items())
    for split, own in evaluation.splits.items():
        columns[f"{split} ({own.images} images)"] = own.metrics.by_name()
        if split in untrained:
            columns[f"{split}, untrained"] = untrained[split].metrics.by_name()
    rows = (Row((name, *(_known(metrics[name]) for metrics in columns.values()))) for name in _METRICS)
    return Table((*texts("metric"), *_intervals(*columns)), tuple(rows))


def robustness_table(evaluation: Evaluation) -> Table:
    """A row for each corruption, after one for the images as they are."""
    rows = [Row((name, _known(found.map50), _known(found.recall))) for name, found in evaluation.robustness.items()]
    if (clean := evaluation.splits.last) is not None:
        rows.insert(0, Row(("(clean)", _known(clean.metrics.map50), _known(clean.metrics.recall))))
    return Table((*texts("corruption"), *_intervals("mAP50", "recall")), tuple(rows))


def latency_table(latency: Latency) -> Table:
    """A row for each runtime."""
    rows = []
    for backend, found in latency.items():
        total = found.total_ms
        phases = " / ".join(f"{of.p50:.1f}" for of in (found.preprocess_ms, found.inference_ms, found.postprocess_ms))
        rows.append(Row((str(backend), total.p50, total.p95, total.p99, phases, found.throughput_fps.estimate)))
    titles = ("p50 ms", "p95 ms", "p99 ms", "pre / inference / post p50 ms", "images/s")
    return Table((*texts("runtime"), *numbers(*titles, spec=".1f")), tuple(rows))


def _machines(latency: Latency) -> str:
    """What the runtimes were timed on: one machine, or each its own."""
    machines = {str(backend): latency.machine(backend) for backend, _ in latency.items()}
    if len(set(machines.values())) == 1:
        return latency.device
    return ", ".join(f"{backend} on {machine}" for backend, machine in machines.items())


def remarks(evaluation: Evaluation, latency: Latency) -> list[str]:
    """The sentences below the tables."""
    lines = [
        f"Precision, recall and F1 are those at the default confidence {DEFAULT_CONFIDENCE}; tune_threshold finds a "
        "better one. Intervals: 95 % over images."
    ]
    for split, own in evaluation.splits.items():
        if own.rare_classes:
            lines.append(rare_classes(split, own))
    for split, metrics in evaluation.difference.items():
        difference = metrics.map50_95
        lines.append(f"Against the starting weights on {split}: mAP50-95 {difference:+.3f}, {_said(difference)}.")
    if (onnx := latency.onnx_difference) is not None:
        lines.append(
            f"ONNX and PyTorch differ by at most {onnx.boxes_px:.2g} px in a box, {onnx.scores:.2g} in a score."
        )
    if evaluation.cross_validation is not None:
        lines.append(_folds(evaluation.cross_validation))
    return lines


def rare_classes(split: str, own: EvaluatedSplit) -> str:
    """Which classes mAP leaves out, and why."""
    names = ", ".join(own.rare_classes[:_MOST_NAMES])
    if len(own.rare_classes) > _MOST_NAMES:
        names += f" and {len(own.rare_classes) - _MOST_NAMES} more"
    if math.isnan(own.metrics.map50.low):
        return f"Too few images of {split} show each class ({names}) for an interval of mAP, which is likely too high."
    return f"mAP on {split} leaves out classes that too few images show, whose AP is mostly luck: {names}."


def _said(difference: Interval) -> str:
    if not difference.excludes_zero:
        return "no significant difference"
    return "better" if difference.estimate > 0 else "WORSE than not training"


def _folds(validation: CrossValidation) -> str:
    said = f"mAP50-95 {_mean(validation.map50_95)}, mAP50 {_mean(validation.map50)}"
    return f"Cross-validation over {len(validation.folds)} folds: {said}; ± is the spread between folds, no interval."


def _mean(metric: OverFolds) -> str:
    mean, std = (_MISSING if value is None else f"{value:.3f}" for value in (metric.mean, metric.std))
    return f"{mean} ± {std}"


def _intervals(*titles: str) -> tuple[Column, ...]:
    return tuple(Column(title, Kind.INTERVAL, ".3f", _MISSING) for title in titles)


def _known(value: Interval) -> Interval | None:
    """None where the metric is not defined, as precision without detections."""
    return None if math.isnan(value.estimate) else value
