"""What an evaluation prints at its end."""

import math
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from src.core.detections import DEFAULT_CONFIDENCE
from src.core.interval import Interval
from src.documents.evaluation import CrossValidation, OverFolds
from src.documents.latency import Latency
from src.stages.evaluate.stage import EvaluateOutcome

_METRICS = ("mAP50-95", "mAP50", "precision", "recall", "F1")


def show(outcome: EvaluateOutcome, console: Console) -> None:
    """Print the figures with their intervals, beside those of the untrained weights, and how fast the model is."""
    console.print(_figures(outcome))
    if outcome.evaluation.robustness:
        console.print(_robustness(outcome))
    console.print(_latency(outcome.latency))
    for line in remarks(outcome):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def remarks(outcome: EvaluateOutcome) -> list[str]:
    """The sentences below the tables."""
    evaluation = outcome.evaluation
    lines = [
        f"Precision, recall and F1 are those at the default confidence {DEFAULT_CONFIDENCE}; tune_threshold finds a "
        "better one. Intervals: 95 % over images."
    ]
    for split, metrics in evaluation.difference.items():
        difference = metrics.map50_95
        said = "not to be told apart"
        if difference.excludes_zero:
            said = "better" if difference.estimate > 0 else "WORSE than not training"
        lines.append(f"Against the untrained weights on {split}: mAP50-95 {difference:+.3f}, {said}.")
    if (onnx := outcome.latency.onnx_difference) is not None:
        lines.append(
            f"ONNX and PyTorch differ by at most {onnx.boxes_px:.2g} px in a box, {onnx.scores:.2g} in a score."
        )
    if evaluation.cross_validation is not None:
        lines.append(_folds(evaluation.cross_validation))
    lines.append(f"Folder: {outcome.folder}")
    lines.append(f"Next: python -m src.tune_threshold threshold.evaluation={outcome.folder}")
    return lines


def _folds(validation: CrossValidation) -> str:
    folds = len(validation.folds)
    said = f"mAP50-95 {_mean(validation.map50_95)}, mAP50 {_mean(validation.map50)}"
    return f"Cross-validation over {folds} folds (mean ± standard deviation): {said}."


def _mean(metric: OverFolds) -> str:
    mean, std = ("–" if value is None else f"{value:.3f}" for value in (metric.mean, metric.std))
    return f"{mean} ± {std}"


def _figures(outcome: EvaluateOutcome) -> Table:
    columns: dict[str, Mapping[str, Interval]] = {}
    untrained = dict(outcome.evaluation.untrained.items())
    for split, own in outcome.evaluation.splits.items():
        columns[f"{split} ({own.images} images)"] = own.metrics.by_name()
        if split in untrained:
            columns[f"{split}, untrained"] = untrained[split].metrics.by_name()
    table = _table("In deployment mode", "metric", list(columns))
    for name in _METRICS:
        table.add_row(name, *(_cell(metrics[name]) for metrics in columns.values()))
    return table


def _robustness(outcome: EvaluateOutcome) -> Table:
    table = _table(f"Under corruptions, {outcome.last_split}", "corruption", ["mAP50", "recall"])
    if clean := outcome.evaluation.splits.last:
        table.add_row("(clean)", _cell(clean.metrics.map50), _cell(clean.metrics.recall))
    for name, corrupted in outcome.evaluation.robustness.items():
        table.add_row(name, _cell(corrupted.map50), _cell(corrupted.recall))
    return table


def _latency(latency: Latency) -> Table:
    columns = ["p50 ms", "p95 ms", "p99 ms", "pre / inference / post p50 ms", "images/s"]
    table = _table(f"One image at a time, {latency.device}", "runtime", columns)
    for backend, found in latency.items():
        total = found.total_ms
        phases = " / ".join(f"{of.p50:.1f}" for of in (found.preprocess_ms, found.inference_ms, found.postprocess_ms))
        percentiles = (f"{percentile:.1f}" for percentile in (total.p50, total.p95, total.p99))
        table.add_row(backend, *percentiles, phases, f"{found.throughput_fps.estimate:.1f}")
    return table


def _cell(interval: Interval) -> str:
    """The figure with its interval, kept on one line each; a dash where there is none, as precision of nothing."""
    if math.isnan(interval.estimate):
        return "–"
    return f"{interval.estimate:.3f}\n[{interval.low:.3f}, {interval.high:.3f}]"


def _table(title: str, first: str, others: list[str]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for column in others:
        table.add_column(column, justify="right")
    return table
