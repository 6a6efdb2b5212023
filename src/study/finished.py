"""Finished searches: a study by its name, and what a trial of it was run with."""

from dataclasses import dataclass
from pathlib import Path

import optuna
import yaml
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from src.core.errors import ConfigError, did_you_mean
from src.core.secrets import without_credentials
from src.core.trial_params import by_key

_JOURNAL = "journal:"


@dataclass(frozen=True)
class ChosenTrial:
    """A trial to go on with.

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


def choose_trial(storage: str, name: str, number: int | None = None) -> ChosenTrial:
    """A completed trial of a study: the best one, or the one that is named.

    Args:
        storage: `journal:PATH` or a database's URL.
        name: The study's name.
        number: The trial's number; None for the best.

    Raises:
        ConfigError: there is no such study or trial, the trial is not complete, the study has several objectives and
            therefore no best trial, or the trial's folder is gone.
    """
    study = load_study(storage, name)
    trial = _best(study) if number is None else _numbered(study, number)
    run_id = study.user_attrs.get("mlflow_run_id")
    return ChosenTrial(name, trial.number, overrides_of(trial, name), run_id)


def load_study(storage: str, name: str) -> optuna.Study:
    """A study by its name.

    Args:
        storage: `journal:PATH` or a database's URL.
        name: The study's name.

    Raises:
        ConfigError: there is no such file or study, or the database does not answer.
    """
    opened: BaseStorage | str = storage
    if storage.startswith(_JOURNAL):
        path = Path(storage.removeprefix(_JOURNAL))
        if not path.is_file():
            raise ConfigError(f"There is no file of studies {path}; name another with hydra.sweeper.storage=….")
        opened = JournalStorage(JournalFileBackend(str(path)))
    where = without_credentials(storage)
    try:
        names = optuna.get_all_study_names(opened)
    except (SQLAlchemyError, ImportError, StorageInternalError) as error:
        reason = without_credentials(str(error)).splitlines()[0]
        raise ConfigError(f"The studies in {where} cannot be read: {reason}") from error
    if name not in names:
        known = f" There are: {', '.join(names)}." if names else " There are none."
        raise ConfigError(f"There is no study '{name}' in {where}.{did_you_mean(name, names)}{known}")
    return optuna.load_study(study_name=name, storage=opened)


def _best(study: optuna.Study) -> FrozenTrial:
    if len(study.directions) > 1:
        numbers = ", ".join(str(trial.number) for trial in study.best_trials)
        raise ConfigError(
            f"The study '{study.study_name}' has several objectives, so no trial is the best. Choose with +trial=…; "
            f"those that no other beats in everything are {numbers or 'none'}."
        )
    try:
        return study.best_trial
    except ValueError as error:
        raise ConfigError(
            f"No trial of the study '{study.study_name}' is complete, or none of them keeps its constraints."
        ) from error


def _numbered(study: optuna.Study, number: int) -> FrozenTrial:
    complete = [trial for trial in study.get_trials(deepcopy=False) if trial.state == TrialState.COMPLETE]
    for trial in complete:
        if trial.number == number:
            return trial
    numbers = ", ".join(str(trial.number) for trial in complete)
    raise ConfigError(
        f"The study '{study.study_name}' has no complete trial {number}; complete are {numbers or 'none'}."
    )


def overrides_of(trial: FrozenTrial, study: str) -> tuple[str, ...]:
    """The command line of a trial, as Hydra keeps it in the trial's folder.

    Raises:
        ConfigError: the folder is gone, or on another machine.
    """
    file = Path(trial.user_attrs.get("folder", "")) / ".hydra" / "overrides.yaml"
    try:
        return tuple(yaml.safe_load(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(
            f"What trial {trial.number} of the study '{study}' was run with is not at hand ({error}). Freeze it by its "
            f"parameters instead: {' '.join(f'{key}={value}' for key, value in by_key(trial.params).items())}"
        ) from error
