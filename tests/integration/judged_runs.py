"""Runs as the pipeline leaves them in the store, made from pretrained or random weights instead of a training."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from ultralytics import RTDETR, YOLO
from ultralytics.nn.tasks import DetectionModel, RTDETRDetectionModel

from src.data.build import ensure_prepared
from src.data.options import DataOptions, YoloOptions
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
ANY: Mapping[str, Any] = {"any": {"metric": "test/F1", "more_than": -1.0}}
SIDE = 64  # pixels of the pictures that random weights look at


@dataclass(frozen=True)
class Evaluated:
    """A model with its evaluation and threshold, and the folder that they lie in."""

    folder: Path
    data: DataOptions
    weights: Path
    evaluation: EvaluateOutcome
    threshold: TuneOutcome


def noise_pictures(folder: Path, number: int, *, dark: bool = False) -> None:
    """Write pictures of noise; they are not square."""
    folder.mkdir(parents=True)
    for each in range(number):
        pixels = np.random.default_rng(each).integers(0, 255, (40, SIDE, 3), np.uint8)
        Image.fromarray(pixels // 8 if dark else pixels).save(folder / f"{each}.png")


def noise_data(folder: Path) -> YoloOptions:
    """Pictures with two objects, each of which some random weights find: RT-DETR's begin with a grid of small boxes."""
    noise_pictures(folder / "own" / "images", 12)
    (folder / "own" / "labels").mkdir()
    for each in range(12):
        (folder / "own" / "labels" / f"{each}.txt").write_text("0 0.5 0.5 0.9 0.9\n0 0.25 0.25 0.2 0.2\n")
    return YoloOptions(
        name="own", source="yolo", root=str(folder / "prepared"), path=str(folder / "own"), names=["person"],
        splits={"train": 4, "val": 4, "test": 4}, imgsz_choices=[SIDE],
    )  # fmt: skip


def random_weights(family: str, folder: Path) -> Path:
    """Weights of a family as they are before training, with the class of the data."""
    kind, model = (RTDETR, RTDETRDetectionModel) if "rtdetr" in family else (YOLO, DetectionModel)
    made = kind(f"{family}.yaml")
    made.model = model(f"{family}.yaml", nc=1, verbose=False)
    made.model.names = {0: "person"}
    made.save(folder / "random.pt")
    return folder / "random.pt"


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
