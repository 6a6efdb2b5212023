"""Finished searches: a study by its name, and what a trial of it was run with."""

from dataclasses import dataclass
from typing import Any

import yaml
from optuna_search import StudyError, StudyView, TrialView, open_study

from src.core.errors import ConfigError
from src.core.study_attributes import RUN_ID


@dataclass(frozen=True)
class ChosenTrial:
    """A trial to freeze.

    Attributes:
        study: The study's name.
        number: The trial's number.
        overrides: What it was run with, its parameters included.
        mlflow_run_id: The study's run in MLflow, if any.
    """

    study: str
    number: int
    overrides: tuple[str, ...]
    mlflow_run_id: str | None


def choose_trial(study: StudyView, number: int | None = None) -> ChosenTrial:
    """A completed trial of a study: the best one, or the one that is named.

    Args:
        study: The study.
        number: The trial's number; None for the best.

    Raises:
        ConfigError: there is no such trial, the trial is not complete, the study has several objectives and
            therefore no best trial, or the trial's folder is gone.
    """
    trial = _best(study) if number is None else _numbered(study, number)
    run_id = study.user_attrs.get(RUN_ID)
    return ChosenTrial(study.name, trial.number, overrides_of(trial, study.name), run_id)


def load_study(storage: Any, name: str) -> StudyView:
    """A study by its name.

    Args:
        storage: As `hydra.sweeper.storage`.
        name: The study's name.

    Raises:
        ConfigError: there is no such file or study, or the storage does not answer.
    """
    try:
        return open_study(storage, name)
    except StudyError as error:
        raise ConfigError(str(error)) from error


def _best(study: StudyView) -> TrialView:
    if not study.is_single:
        numbers = ", ".join(str(trial.number) for trial in study.best_trials)
        raise ConfigError(
            f"The study '{study.name}' has several objectives, so no trial is the best. Choose with +trial=…; "
            f"those that no other beats in everything are {numbers or 'none'}."
        )
    if not study.best_trials:
        raise ConfigError(f"No trial of the study '{study.name}' is complete, or none of them keeps its constraints.")
    return study.best_trials[0]


def _numbered(study: StudyView, number: int) -> TrialView:
    for trial in study.complete:
        if trial.number == number:
            return trial
    numbers = ", ".join(str(trial.number) for trial in study.complete)
    raise ConfigError(f"The study '{study.name}' has no complete trial {number}; complete are {numbers or 'none'}.")


def overrides_of(trial: TrialView, study: str) -> tuple[str, ...]:
    """The command line of a trial, as Hydra keeps it in the trial's folder.

    Raises:
        ConfigError: the folder is gone, or on another machine.
    """
    try:
        if trial.folder is None:
            raise FileNotFoundError("it had no folder")
        return tuple(yaml.safe_load((trial.folder / ".hydra" / "overrides.yaml").read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(
            f"What trial {trial.number} of the study '{study}' was run with is not available ({error}). Freeze it by "
            f"its parameters instead: {' '.join(f'{key}={value}' for key, value in trial.params.items())}"
        ) from error
