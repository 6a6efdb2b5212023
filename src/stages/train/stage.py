"""The stage `train`: prepared data and a starting point in, a trained detector and its metrics out.

It runs without Hydra, Optuna and MLflow: the search, of which it may be a trial, and the tracker are protocols.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from optuna_search import CurrentTrial
from optuna_search.attributes import FOLDER

from src.core.errors import DataError, TrainingError
from src.core.study_attributes import CONFIRMS, RUN_ID
from src.data.build import ensure_prepared
from src.data.dvc import dvc_digest
from src.data.prepared import PreparedData
from src.detector.figures import EPOCH_METRICS
from src.detector.train import TrainingRequest, TrainingResult
from src.detector.train import train as train_detector
from src.detector.validation import ValidationRequest
from src.detector.weights import starting_weights
from src.documents.training import Flag
from src.mlflow.runs import Run, RunStatus, open_run
from src.passes.figures import check, read
from src.stages.train import run_state
from src.stages.train.as_deployed import as_deployed, excess, trained_model
from src.stages.train.baseline import (
    DECISIVE,
    TEST,
    Baseline,
    OnTest,
    on_test,
    operating_point_metrics,
    untrained,
)
from src.stages.train.job import TrainJob, run_name, run_tags, uploads_weights
from src.stages.train.outcome import TrainOutcome, record, report
from src.stages.train.reporting import Observer, Pruned
from src.stages.train.run_state import RunState, Status

RECORDS = "val_records.npz"


def train(job: TrainJob, trial: CurrentTrial) -> TrainOutcome:
    """Train a detector and record how it went.

    Side effects: prepares the data if it is not there; writes into the job's folder (a resumed training: into the
    folder of the interrupted one) and into `outputs/baselines`; records to the tracker and the search.

    Raises:
        ConfigError, DataError, TrainingError: the training cannot start, or broke.
        Pruned: the search pruned it; its weights are deleted.
        KeyboardInterrupt: as it came; the last checkpoint is kept.
    """
    weights = starting_weights(job.model)
    data = ensure_prepared(job.data)
    check(job.train.judged_by, data.class_names)
    job, state = _resumed(job, data) if job.train.resume else (job, _new_state(data))
    run = open_run(
        job.tracking,
        name=run_name(job, data, trial),
        parent_run_id=trial.study_user_attrs.get(RUN_ID),
        tags=run_tags(job, data, trial),
        run_id=state.mlflow_run_id,
    )
    if job.train.resume:
        run.set_tags({"interrupted": "false", "resumed": "true"})
    state = replace(state, status=Status.RUNNING, mlflow_run_id=run.id)
    state.write(job.folder)
    trial.set_user_attr(FOLDER, str(job.folder.resolve()))
    trial.set_user_attr(RUN_ID, run.id)  # provisional, in case the training is killed
    try:
        outcome = _train(job, data, weights, run, trial)
    except BaseException as error:
        _end_early(run, job.folder, state, error)
        raise
    finally:
        trial.set_user_attr(RUN_ID, run.id)
    replace(state, status=Status.FINISHED, mlflow_run_id=run.id).write(job.folder)
    return outcome


def _train(job: TrainJob, data: PreparedData, weights: Path | None, run: Run, trial: CurrentTrial) -> TrainOutcome:
    tracked = dvc_digest(data.root)
    run.log_dataset(name=data.name, source=str(data.root), digest=tracked or data.digest, context="training")
    run.log_text(job.config, "config.yaml")
    first = job.train.objectives[0]
    start = weights.name if weights else str(job.model.architecture)
    observer = Observer(
        run, trial, first if first in EPOCH_METRICS else None, {"data.name": data.name, "model.start": start}
    )
    result = train_detector(_request(job, data, weights, trial), observer)
    records_path = job.folder / RECORDS
    result.records.save(records_path)
    metrics = {**result.metrics, **operating_point_metrics(result.records)}
    baseline, doubts = _baseline(job, data, weights, result)
    tested, more_doubts = _on_test(job, data, weights, result, trial)
    metrics |= {} if tested is None else tested.metrics
    model = trained_model(job, data, result, metrics)
    models = [model, replace(model, split=TEST)] if _is_judged_on_test(data, trial) else [model]
    found = [as_deployed(job, each, weights) for each in models]
    deployed = tuple(each for each in found if each is not None)
    for each in deployed:
        metrics |= each.metrics
    metrics |= read([figure for figure in job.train.judged_by if figure.name not in metrics], model)
    for limit in job.train.limits:
        trial.set_constraint(str(limit), excess(limit, metrics))
    outcome = TrainOutcome(
        objective=tuple(metrics[name] for name in job.train.objectives),
        metrics=metrics,
        asked=tuple(each.name for each in job.train.judged_by),
        flags=(*result.flags, *doubts, *more_doubts),
        folder=job.folder.resolve(),
        weights=result.best.resolve(),
        records=records_path.resolve(),
        baseline=baseline,
        on_test=tested,
        deployed=deployed,
        result=result,
    )
    record(outcome, run, step=result.epochs, with_weights=uploads_weights(job.tracking, trial))
    report(outcome, trial)
    run.end(RunStatus.FINISHED)
    outcome.save(data=data, start=start, epochs=int(job.train.arguments["epochs"]), run_id=run.id)
    return outcome


def _request(job: TrainJob, data: PreparedData, weights: Path | None, trial: CurrentTrial) -> TrainingRequest:
    return TrainingRequest(
        data_yaml=data.data_yaml,
        folder=job.folder,
        arguments=job.train.arguments,
        plots=_draws_plots(job, trial),
        weights=weights,
        architecture=None if weights else job.model.architecture,
        searched=searched_arguments(trial.params),
        device=job.train.device,
        threads=job.train.threads,
        trust_pickle=job.model.trust_pickle,
        resume_from=run_state.checkpoint(job.folder) if job.train.resume else None,
        is_resumable=trial.number is None,  # a trial that is interrupted is tried anew
    )


def _draws_plots(job: TrainJob, trial: CurrentTrial) -> bool:
    return trial.number is None if job.train.plots is None else job.train.plots


def searched_arguments(keys: Mapping[str, Any]) -> frozenset[str]:
    """The training arguments among searched override keys."""
    return frozenset(key.removeprefix("train.") for key in keys if key.startswith("train."))


def _baseline(
    job: TrainJob, data: PreparedData, weights: Path | None, result: TrainingResult
) -> tuple[Baseline | None, tuple[Flag, ...]]:
    """The metrics of the starting weights; a training that went well is not lost because they cannot be had."""
    if not job.train.baseline:
        return None, ()
    try:
        return untrained(_baseline_request(job, data, weights, result), data.digest), ()
    except TrainingError as error:
        return None, (Flag("no_baseline", f"Nothing says that training helped: {error}"),)


def _on_test(
    job: TrainJob, data: PreparedData, weights: Path | None, result: TrainingResult, trial: CurrentTrial
) -> tuple[OnTest | None, tuple[Flag, ...]]:
    """What a setting that is confirmed reaches on images that it was not chosen by; None for any other training."""
    if not _is_judged_on_test(data, trial):
        return None, ()
    start = replace(_baseline_request(job, data, weights, result), split=TEST)
    try:
        return on_test(replace(start, weights=result.best), start, data.digest, job.folder), ()
    except TrainingError as error:
        return None, (Flag("no_test", f"The setting is judged by val, where it was chosen: {error}"),)


def _is_judged_on_test(data: PreparedData, trial: CurrentTrial) -> bool:
    """Whether it is a training that confirms a setting, and there is a test split."""
    test = data.counts.get(TEST)
    return CONFIRMS in trial.study_user_attrs and test is not None and test.images > 0


def _baseline_request(
    job: TrainJob, data: PreparedData, weights: Path | None, result: TrainingResult
) -> ValidationRequest:
    arguments = result.resolved
    return ValidationRequest(
        data_yaml=data.data_yaml,
        class_names=result.class_names,
        imgsz=int(arguments["imgsz"]),
        batch=int(arguments["batch"]),
        weights=weights,
        architecture=None if weights else job.model.architecture,
        settings={name: arguments[name] for name in DECISIVE if arguments.get(name) is not None},
        device=job.train.device,
        threads=job.train.threads,
        trust_pickle=job.model.trust_pickle,
    )


def _resumed(job: TrainJob, data: PreparedData) -> tuple[TrainJob, RunState]:
    """The job, moved to the folder of the interrupted run, and that run's state."""
    folder = run_state.find_interrupted(job.folder, job.train.resume_from)
    state = RunState.load(folder) or _new_state(data)
    if state.data_digest != data.digest:
        raise DataError(
            f"The run in {folder} trained on other data (digest {state.data_digest[:12]}…, now {data.digest[:12]}…). "
            "Name the data of that run, or start a new one without train.resume."
        )
    return replace(job, folder=folder), replace(state, pid=os.getpid())


def _new_state(data: PreparedData) -> RunState:
    return RunState(Status.RUNNING, data.digest, None, os.getpid())


def _end_early(run: Run, folder: Path, state: RunState, error: BaseException) -> None:
    """Say in the tracker and in the folder why there is no result."""
    if isinstance(error, Pruned):
        tags, status, ending = {"pruned": "true"}, RunStatus.KILLED, Status.PRUNED
        shutil.rmtree(folder / "weights", ignore_errors=True)
    elif isinstance(error, KeyboardInterrupt):
        tags, status, ending = {"interrupted": "true"}, RunStatus.KILLED, Status.INTERRUPTED
    else:
        reason = f"{type(error).__name__}: {error}"
        tags, status, ending = {"reason": reason}, RunStatus.FAILED, Status.FAILED
    run.set_tags(tags)
    run.end(status)
    replace(state, status=ending, mlflow_run_id=run.id).write(folder)
