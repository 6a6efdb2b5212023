"""What a training yields, and how the tracker and the search are told."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.detector.settings import Flag
from src.stages.baseline import Baseline
from src.stages.reporting import Reporter, plots_in
from src.tracking.run import Run


@dataclass(frozen=True)
class TrainOutcome:
    """What a training yields.

    Attributes:
        objective: Values of the objectives, in their order.
        metrics: All final metrics.
        flags: What a reader of the metrics has to know.
        folder: Where everything was written.
        weights: The best weights.
        records: Scored detections of the best weights on the val split.
        baseline: The untrained weights; None where it was not asked for.
    """

    objective: tuple[float, ...]
    metrics: Mapping[str, float]
    flags: tuple[Flag, ...]
    folder: Path
    weights: Path
    records: Path
    baseline: Baseline | None


def record(outcome: TrainOutcome, run: Run, *, step: int, with_weights: bool) -> None:
    """Give the tracker what came out: metrics, flags, plots, and the weights if asked."""
    metrics = dict(outcome.metrics)
    if outcome.baseline is not None:
        metrics |= {f"untrained/{name}": value for name, value in outcome.baseline.metrics.items()}
    run.log_metrics(metrics, step=step)
    run.set_tags({"flags": ", ".join(flag.name for flag in outcome.flags)})
    for plot in plots_in(outcome.folder):
        run.log_artifact(plot, "plots")
    run.log_artifact(outcome.folder / "results.csv")
    if with_weights:
        run.log_artifact(outcome.weights, "weights")


def report(outcome: TrainOutcome, reporter: Reporter) -> None:
    """Give the search what its table, its verdict and the upload of the best weights need."""
    attributes: dict[str, Any] = {
        "metrics": dict(outcome.metrics),
        "flags": [flag.name for flag in outcome.flags],
        "flag_messages": [flag.message for flag in outcome.flags],
        "weights": str(outcome.weights),
        "records": str(outcome.records),
        "optimizer_steps": int(outcome.metrics["train/optimizer_steps"]),
        **{name: outcome.metrics[name] for name in ("val/mAP50", "val/mAP50-95")},
    }
    if outcome.baseline is not None:
        attributes |= {"untrained": dict(outcome.baseline.metrics), "baseline_records": str(outcome.baseline.records)}
        attributes["untrained val/mAP50"] = outcome.baseline.metrics["val/mAP50"]
    for key, value in attributes.items():
        reporter.set_user_attr(key, value)
