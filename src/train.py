"""`python -m src.train`: one training, or with `-m` a search."""

import shlex
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
import optuna
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from optuna_search import current_trial

from src.config import app
from src.config.sections import section
from src.core.errors import ConfigError, TrainingError
from src.core.terminal import standard_output
from src.data.build import ensure_prepared
from src.data.options import DataOptions
from src.detector.options import ModelOptions, ProjectTrainOptions
from src.detector.settings import dead_parameters
from src.detector.weights import starting_weights
from src.mlflow.options import TrackingOptions
from src.passes.figures import check
from src.render.printed import training as printed
from src.stages.train.job import TrainJob
from src.stages.train.reporting import Pruned
from src.stages.train.run_state import checkpoint, find_interrupted
from src.stages.train.stage import searched_arguments, train


@hydra.main(**app.ROOT)
def main(cfg: DictConfig) -> float | tuple[float, ...]:
    """Train and return the objective, or objectives."""
    trial = current_trial()
    with app.readable_errors():
        job = job_from(cfg, Path(HydraConfig.get().runtime.output_dir))
        with _ending_cleanly(job, quiet=trial.number is not None):
            try:
                outcome = train(job, trial)
            except Pruned as error:
                raise optuna.TrialPruned(str(error)) from error
        if trial.number is None:
            printed.show(
                outcome.metrics,
                outcome.untrained or None,
                objectives=job.train.objectives,
                flags=outcome.flags,
                folder=outcome.folder,
                weights=outcome.weights,
                console=standard_output(),
            )
    return outcome.objective[0] if isinstance(job.train.objective, str) else outcome.objective


def job_from(cfg: DictConfig, folder: Path) -> TrainJob:
    """The typed job of a composed configuration."""
    return TrainJob(
        data=section(cfg, "data", DataOptions),
        model=section(cfg, "model", ModelOptions),
        train=section(cfg, "train", ProjectTrainOptions),
        tracking=section(cfg, "tracking", TrackingOptions),
        folder=folder,
        config=OmegaConf.to_yaml(OmegaConf.masked_copy(cfg, ["data", "model", "train", "tracking"]), resolve=True),
    )


def validate(cfg: DictConfig, searched: frozenset[str]) -> None:
    """Refuse a search before its first trial if it cannot work, or varies what is known to have no effect.

    Side effects: prepares the data and downloads the weights, if that has not been done.

    Args:
        cfg: A composed configuration of the search space.
        searched: Override keys of the searched parameters.

    Raises:
        ConfigError: a value cannot work.
        DataError: the data cannot be prepared.
        TrainingError: a searched parameter is dead, or the weights cannot be had.
    """
    job = job_from(cfg, Path())
    keys: Mapping[str, Any] = dict.fromkeys(searched)
    arguments = {**job.train.arguments, "device": job.train.device}
    if dead := dead_parameters(arguments, searched_arguments(keys)):
        raise TrainingError(" ".join(dead))
    if "model.architecture" in searched and job.model.weights:
        raise ConfigError(
            f"model.architecture has no effect: training starts from model.weights={job.model.weights}. Search"
            " model.weights or model.size instead, or say model.weights=null."
        )
    starting_weights(job.model)
    check(job.train.judged_by, ensure_prepared(job.data).class_names)


def how_to_resume(job: TrainJob) -> str:
    """How to resume a training that was interrupted; a resumed one writes into the folder of the run it resumes."""
    try:
        folder = find_interrupted(job.folder, job.train.resume_from) if job.train.resume else job.folder
    except ConfigError:
        folder = job.folder
    if not checkpoint(folder).is_file():
        return "No epoch was completed, so that there is no checkpoint to resume from."
    return (
        f"The last checkpoint is kept. Resume: python -m src.train {shlex.quote(f'train.resume_from={folder}')} "
        "train.resume=true (with the overrides of this run)"
    )


@contextmanager
def _ending_cleanly(job: TrainJob, *, quiet: bool) -> Iterator[None]:
    """Take SIGTERM for Ctrl-C, and say how to resume after either."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) if in_main_thread else None
    try:
        yield
    except KeyboardInterrupt:
        if not quiet:
            print(how_to_resume(job))
        raise
    finally:
        if in_main_thread:
            signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    app.run(main)
