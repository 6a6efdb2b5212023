"""What Optuna keeps private and a sweeper cannot do without: the one module to look at when Optuna changes."""

from collections.abc import Callable
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock, get_lock_file
from optuna.storages.journal._storage import JournalOperation
from optuna.trial import FrozenTrial

__all__ = [
    "BaseJournalFileLock",
    "JournalOperation",
    "add_trial",
    "backend_of",
    "contains",
    "get_lock_file",
    "hear_stop",
    "id_of",
    "path_of",
    "read_anew",
    "storage_of",
]


def storage_of(study: optuna.Study) -> BaseStorage:
    """Where a study that is open is kept."""
    return study._storage


def backend_of(storage: BaseStorage) -> Any:
    """What is behind a storage; Optuna wraps databases into a cache, and files into a journal."""
    return getattr(storage, "_backend", storage)


def path_of(journal: JournalFileBackend) -> str:
    """The file of a journal."""
    return journal._file_path


def id_of(trial: optuna.Trial | FrozenTrial) -> int:
    """What a storage calls a trial; its number is that in its study."""
    return trial._trial_id


def add_trial(study: optuna.Study, template: FrozenTrial) -> int:
    """Make a trial as `template` has it, and return its id; `Study.add_trial` does not tell the id."""
    return storage_of(study).create_new_trial(study._study_id, template)


def read_anew(study: optuna.Study) -> None:
    """Have samplers see what the storage holds now, as `Study.ask` does for each trial."""
    study._thread_local.cached_all_trials = None


def hear_stop(study: optuna.Study, stopped: Callable[[], None]) -> None:
    """Let samplers and callbacks call `Study.stop`, which Optuna allows within `Study.optimize` only."""
    study.stop = stopped  # type: ignore[method-assign]


def contains(distribution: BaseDistribution, internal: float) -> bool:
    """Whether a distribution has a value, given as Optuna stores it."""
    return distribution._contains(internal)
