"""What a trained model is worth as it is deployed, on val: as much of it as objectives and constraints ask for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from src.core.errors import TrainingError
from src.core.files import sha256_of
from src.data.prepared import PreparedData
from src.detector.figures import Constraint, Figure
from src.detector.predict import PredictionRequest
from src.detector.train import TrainingResult
from src.documents.predictions import VAL
from src.passes.figures import TrainedModel, read
from src.stages.train.baseline import Baseline, kept_or_made
from src.stages.train.job import TrainJob


@dataclass(frozen=True)
class AsDeployed:
    """What it is worth.

    Attributes:
        split: On `val` or `test`.
        metrics: The figures by name; on test with `test/` before it.
        records: File of the scored detections.
        start: The same of the weights that the training started from; None where these are not to be evaluated.
    """

    split: str
    metrics: Mapping[str, float]
    records: Path
    start: Baseline | None


def trained_model(
    job: TrainJob, data: PreparedData, result: TrainingResult, metrics: Mapping[str, float]
) -> TrainedModel:
    """The model that figures are read off."""
    request = PredictionRequest(
        class_names=result.class_names,
        imgsz=int(result.resolved["imgsz"]),
        weights=result.best,
        device=job.train.device,
        threads=job.train.threads,
        trust_pickle=job.model.trust_pickle,
    )
    return TrainedModel(request, data, metrics)


def as_deployed(job: TrainJob, model: TrainedModel, start: Path | None) -> AsDeployed | None:
    """Evaluate a model and its start as deployed, on the model's split; None where nothing asks for that.

    Args:
        job: What was asked for.
        model: The trained model.
        start: The weights that its training started from; None for random ones.

    Side effects: writes the detections into the job's folder, and the start's results into `outputs/baselines`.

    Raises:
        TrainingError: the weights cannot be used.
    """
    wanted = [figure for figure in job.train.judged_by if figure.is_deployed]
    if not wanted:
        return None
    path = (job.folder / f"deployed_{model.split}_records.npz").resolve()
    metrics = _read(wanted, model)
    model.records.save(path)
    if not job.train.baseline:
        return AsDeployed(model.split, metrics, path, None)
    architecture = None if start else job.model.architecture
    request = replace(model.request, weights=start, architecture=architecture)
    before = TrainedModel(request, model.data, {}, model.split)
    facts = {
        "data": model.data.digest,
        "imgsz": model.request.imgsz,
        "model": sha256_of(start) if start else architecture,
        "figures": sorted(metrics),
        "ultralytics": version("ultralytics"),
    }
    try:
        kept = kept_or_made(facts, lambda: (_read(wanted, before), before.records))
    except TrainingError:  # what is wrong with them, the baseline on val says with a flag
        kept = None
    return AsDeployed(model.split, metrics, path, kept)


def _read(wanted: Sequence[Figure], model: TrainedModel) -> dict[str, float]:
    prefix = "" if model.split == VAL else f"{model.split}/"
    return {f"{prefix}{name}": value for name, value in read(wanted, model).items()}


def excess(limit: Constraint, metrics: Mapping[str, float]) -> float:
    """By how much a training breaks a constraint.

    Raises:
        TrainingError: its figure is not defined on these data.
    """
    value = metrics[limit.figure.name]
    if not math.isfinite(value):
        raise TrainingError(f"train.constraints: {limit} cannot be judged, because {limit.figure.name} is {value}.")
    return limit.excess(value)
