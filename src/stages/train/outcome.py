"""What a training yields, and how the tracker and the search are told."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna_search import CurrentTrial

from src.core import study_attributes as names
from src.core.files import write_json
from src.data.prepared import PreparedData
from src.detector.train import TrainingResult
from src.documents.splits import DataSet
from src.documents.training import Flag, Training
from src.mlflow.runs import Run
from src.stages.train.as_deployed import AsDeployed
from src.stages.train.baseline import Baseline, OnTest
from src.stages.train.reporting import parameters, plots_in

METRICS = "metrics.json"


@dataclass(frozen=True)
class TrainOutcome:
    """What a training yields.

    Attributes:
        objective: Values of the objectives, in their order.
        metrics: All final metrics.
        asked: The figures among them that objectives and constraints ask for.
        flags: What a reader of the metrics has to know.
        folder: Where everything was written.
        weights: The best weights.
        records: Scored detections of the best weights on the val split.
        baseline: The starting weights; None where it was not asked for.
        on_test: What they reach on the test split; None where that was not asked for.
        deployed: What they reach as deployed, by split; empty where no objective asks for that.
        result: What the detector says about the training.
    """

    objective: tuple[float, ...]
    metrics: Mapping[str, float]
    asked: tuple[str, ...]
    flags: tuple[Flag, ...]
    folder: Path
    weights: Path
    records: Path
    baseline: Baseline | None
    on_test: OnTest | None
    deployed: tuple[AsDeployed, ...]
    result: TrainingResult

    @property
    def untrained(self) -> dict[str, float]:
        """What the starting weights reach, on val and wherever else they were asked."""
        on_test = self.on_test.start if self.on_test else None
        starts = (self.baseline, on_test, *(each.start for each in self.deployed))
        return {name: value for start in starts if start for name, value in start.metrics.items()}

    def save(self, *, data: PreparedData, start: str, epochs: int, run_id: str | None) -> None:
        """Write what later stages and DVC read: `metrics.json`, and `training.json` for all the rest.

        Args:
            data: What it was trained on.
            start: The weights or the architecture it started from.
            epochs: How many were asked for.
            run_id: Its run in the tracker, if any.
        """
        metrics = {name: value if math.isfinite(value) else None for name, value in self.metrics.items()}
        Training(
            run_id=run_id,
            data=DataSet(data.name, data.digest),
            start=start,
            imgsz=int(self.result.resolved["imgsz"]),
            epochs=epochs,
            epochs_run=self.result.epochs,
            best_epoch=self.result.best_epoch,
            optimizer_steps=self.result.optimizer_steps,
            batches_per_epoch=self.result.batches,
            seconds=self.metrics["train/seconds"],
            flags=self.flags,
            arguments=parameters(self.result.resolved, {}, {}),
        ).write(self.folder)
        write_json(self.folder / METRICS, metrics)


def record(outcome: TrainOutcome, run: Run, *, step: int, with_weights: bool) -> None:
    """Give the tracker what came out: metrics, flags, plots, and the weights if asked."""
    metrics = dict(outcome.metrics)
    metrics |= {f"untrained/{name}": value for name, value in outcome.untrained.items()}
    run.log_metrics(metrics, step=step)
    run.set_tags({"flags": ", ".join(flag.name for flag in outcome.flags)})
    for plot in plots_in(outcome.folder):
        run.log_artifact(plot, "plots")
    run.log_artifact(outcome.folder / "results.csv")
    run.log_artifact(outcome.records)  # with which `python -m src.report compare` resamples the images
    if with_weights:
        run.log_artifact(outcome.weights, "weights")


def report(outcome: TrainOutcome, trial: CurrentTrial) -> None:
    """Give the search what its table, its verdict and the upload of the best weights need."""
    attributes: dict[str, Any] = {
        names.METRICS: dict(outcome.metrics),
        names.FLAGS: [flag.name for flag in outcome.flags],
        names.FLAG_MESSAGES: [flag.message for flag in outcome.flags],
        names.WEIGHTS: str(outcome.weights),
        names.RECORDS: str(outcome.records),
        names.OPTIMIZER_STEPS: int(outcome.metrics["train/optimizer_steps"]),
        **{name: outcome.metrics[name] for name in ("val/mAP50", "val/mAP50-95")},
    }
    if outcome.baseline is not None:
        attributes[names.BASELINE_RECORDS] = str(outcome.baseline.records)
        attributes["untrained val/mAP50"] = outcome.baseline.metrics["val/mAP50"]
    if outcome.on_test is not None:
        attributes[names.TEST_RECORDS] = str(outcome.on_test.records)
        attributes[names.BASELINE_TEST_RECORDS] = str(outcome.on_test.start.records)
    for deployed in outcome.deployed:
        own, start = names.DEPLOYED[deployed.split]
        attributes[own] = str(deployed.records)
        if deployed.start is not None:
            attributes[start] = str(deployed.start.records)
    if outcome.untrained:
        attributes[names.UNTRAINED] = outcome.untrained
    # what a search's table can show beside the objective (hydra.sweeper.columns)
    attributes |= {name: outcome.metrics[name] for name in outcome.asked}
    attributes |= {f"untrained {name}": outcome.untrained[name] for name in outcome.asked if name in outcome.untrained}
    for key, value in attributes.items():
        trial.set_user_attr(key, value)
