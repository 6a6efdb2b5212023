"""Runs as the pipeline leaves them in the store, made from the pretrained weights instead of a training."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from src.data.build import ensure_prepared
from src.data.options import DataOptions
from src.data.prepared import PreparedData
from src.decision.options import DecideOptions
from src.detector.options import ModelOptions, TrainOptions
from src.documents.splits import DataSet
from src.documents.training import Training
from src.evaluation.options import EvaluateOptions
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import RunStatus, attach, open_run
from src.stages.decide.record import record as record_decision
from src.stages.decide.stage import DecideJob, decide
from src.stages.evaluate.record import record as record_evaluation
from src.stages.evaluate.record import save as save_evaluation
from src.stages.evaluate.stage import EvaluateJob, EvaluateOutcome, evaluate
from src.stages.tune_threshold.record import record as record_threshold
from src.stages.tune_threshold.record import save as save_threshold
from src.stages.tune_threshold.stage import TuneJob, TuneOutcome, tune_threshold
from src.thresholds.options import ThresholdOptions
from tests.support import documents

LENIENT: Mapping[str, Any] = {"F1": {"metric": "test/F1", "more_than": 0.01}}
STRICT: Mapping[str, Any] = {"F1": {"metric": "test/F1", "more_than": 0.99}}


@dataclass(frozen=True)
class Evaluated:
    """A model with its evaluation and threshold, and the folder that they lie in."""

    folder: Path
    data: DataOptions
    weights: Path
    evaluation: EvaluateOutcome
    threshold: TuneOutcome


def evaluated(folder: Path, data: DataOptions, weights: Path, imgsz: int, **threshold: Any) -> Evaluated:
    """Evaluate weights as if they had been trained on the data, and choose a threshold."""
    (folder / "train" / "weights").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(weights, folder / "train" / "weights" / "best.pt")
    prepared = ensure_prepared(data)
    _training(prepared, imgsz, None).write(folder / "train")
    none = TrackingOptions(kind="none")
    evaluation = evaluate(
        EvaluateJob(
            data=data,
            model=ModelOptions(weights=str(weights)),
            train=TrainOptions(imgsz=imgsz, batch=16, device="cpu", baseline=False),
            evaluate=EvaluateOptions(
                training=str(folder / "train"),
                corruptions=[],
                resamples=100,
                latency_runs=1,
                latency_warmup=0,
                onnx=False,
            ),
            tracking=none,
            folder=folder / "evaluate",
        )
    )
    save_evaluation(evaluation)
    options = ThresholdOptions(evaluation=str(folder / "evaluate"), resamples=100, **threshold)
    tuned = tune_threshold(TuneJob(data=data, threshold=options, tracking=none, folder=folder / "tune_threshold"))
    save_threshold(tuned)
    return Evaluated(folder, data, folder / "train" / "weights" / "best.pt", evaluation, tuned)


def judged_run(store: TrackingOptions, model: Evaluated, gates: Mapping[str, Any] = LENIENT, *, until: str = "") -> str:
    """A run of that model with everything that the stages record; returns its id.

    Args:
        store: Where to record.
        model: The model.
        gates: What the decision judges it by.
        until: The stage that has not run any more, `train` (nothing is uploaded) or `decide`; empty for none.
    """
    digest = model.evaluation.data.digest
    training = open_run(store, name=model.folder.name, tags={"data.digest": digest})
    if until != "train":
        training.log_artifact(model.weights, "weights")
    training.end(RunStatus.FINISHED)
    assert training.id is not None
    run = attach(store, training.id)
    record_evaluation(model.evaluation, run)
    record_threshold(model.threshold, run)
    if until != "decide":
        record_decision(decide(_decision(model, training.id, gates)), run)
    run.close()
    return training.id


def judge_again(store: TrackingOptions, model: Evaluated, run_id: str, gates: Mapping[str, Any]) -> None:
    """Another decision about a run."""
    run = attach(store, run_id)
    record_decision(decide(_decision(model, run_id, gates)), run)
    run.close()


def _training(data: PreparedData, imgsz: int, run_id: str | None) -> Training:
    training = replace(documents.training(), imgsz=imgsz, epochs_run=1, run_id=run_id)
    return replace(training, data=DataSet(data.name, data.digest))


def _decision(model: Evaluated, run_id: str, gates: Mapping[str, Any]) -> DecideJob:
    imgsz = model.evaluation.evaluation.model.imgsz
    _training(model.evaluation.data, imgsz, run_id).write(model.folder / "train")
    options = DecideOptions(
        training=str(model.folder / "train"),
        evaluation=str(model.folder / "evaluate"),
        threshold=str(model.folder / "tune_threshold"),
        gates=dict(gates),
    )
    return DecideJob(options, model.data.folder, model.folder / "decide")
