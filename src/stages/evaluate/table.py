"""What an evaluation prints at its end."""

import math

from rich.console import Console
from rich.table import Table

from src.core.detections import DEFAULT_CONFIDENCE
from src.core.interval import Interval
from src.evaluation.folds import CrossValidation
from src.evaluation.measures import differences
from src.stages.evaluate.stage import EvaluateOutcome

_METRICS = ("mAP50-95", "mAP50", "precision", "recall", "F1")


def show(outcome: EvaluateOutcome, console: Console) -> None:
    """Print the figures with their intervals, beside those of the untrained weights, and how fast the model is."""
    console.print(_figures(outcome))
    if outcome.corrupted:
        console.print(_robustness(outcome))
    console.print(_latency(outcome))
    for line in remarks(outcome):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def remarks(outcome: EvaluateOutcome) -> list[str]:
    """The sentences below the tables."""
    lines = [
        f"Precision, recall and F1 are those at the default confidence {DEFAULT_CONFIDENCE}; tune_threshold finds a "
        "better one. Intervals: 95 % over images."
    ]
    for split, untrained in outcome.untrained.items():
        difference = differences(outcome.measures[split], untrained)["mAP50-95"]
        said = "not to be told apart"
        if difference.excludes_zero:
            said = "better" if difference.estimate > 0 else "WORSE than not training"
        lines.append(f"Against the untrained weights on {split}: mAP50-95 {difference:+.3f}, {said}.")
    if (onnx := outcome.speed.onnx_difference) is not None:
        lines.append(
            f"ONNX and PyTorch differ by at most {onnx['boxes_px']:.2g} px in a box, {onnx['scores']:.2g} in a score."
        )
    if outcome.cross_validation is not None:
        lines.append(_folds(outcome.cross_validation))
    lines.append(f"Folder: {outcome.folder}")
    lines.append(f"Next: python -m src.tune_threshold threshold.evaluation={outcome.folder}")
    return lines


def _folds(validation: CrossValidation) -> str:
    figures = validation.as_json()
    said = [f"{name} {figures[name]['mean']:.3f} ± {figures[name]['std']:.3f}" for name in ("mAP50-95", "mAP50")]
    return f"Cross-validation over {len(validation.folds)} folds (mean ± standard deviation): {', '.join(said)}."


def _figures(outcome: EvaluateOutcome) -> Table:
    columns: dict[str, dict[str, Interval]] = {}
    for split, measures in outcome.measures.items():
        columns[f"{split} ({measures.truth.image_count} images)"] = dict(measures.metrics)
        if split in outcome.untrained:
            columns[f"{split}, untrained"] = dict(outcome.untrained[split].metrics)
    table = _table("In deployment mode", "metric", list(columns))
    for name in _METRICS:
        table.add_row(name, *(_cell(metrics[name]) for metrics in columns.values()))
    return table


def _robustness(outcome: EvaluateOutcome) -> Table:
    table = _table(f"Under corruptions, {outcome.last_split}", "corruption", ["mAP50", "recall"])
    for name, measures in {"(clean)": outcome.measures[outcome.last_split], **outcome.corrupted}.items():
        table.add_row(name, *(_cell(measures.metrics[metric]) for metric in ("mAP50", "recall")))
    return table


def _latency(outcome: EvaluateOutcome) -> Table:
    columns = ["p50 ms", "p95 ms", "p99 ms", "pre / inference / post p50 ms", "images/s"]
    table = _table(f"One image at a time, {outcome.speed.device}", "runtime", columns)
    for name, latency in outcome.speed.latencies.items():
        total = latency.phases_ms["total"]
        phases = " / ".join(f"{latency.phases_ms[p]['p50']:.1f}" for p in ("preprocess", "inference", "postprocess"))
        percentiles = (f"{total[p]:.1f}" for p in ("p50", "p95", "p99"))
        table.add_row(name, *percentiles, phases, f"{latency.throughput_fps.estimate:.1f}")
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
