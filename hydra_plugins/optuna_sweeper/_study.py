"""The study behind a sweep: its storage, sampler and pruner, and the budget that its workers share."""

import inspect
import os
import socket
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, ListConfig, OmegaConf
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hydra_plugins.optuna_sweeper._errors import SpaceError
from hydra_plugins.optuna_sweeper._space import Space

JOURNAL = "journal:"
_SEEDS_APART = 1000  # more than there are workers
REASON = "fail_reason"  # trial user attribute: why it failed, or what ended its process
WORKER = "worker"  # trial user attribute: host and process that run it
FOLDER = "folder"  # trial user attribute: the job's output folder
ENQUEUED = "enqueued"  # study user attribute: the points that were put in the queue


@dataclass(frozen=True)
class StudySpec:
    """What every worker needs to take part in a study; it travels to other processes and machines.

    Attributes:
        name: The study's name in its storage.
        storage: `journal:PATH`, an RDB URL, or a mapping with `_target_`.
        directions: `minimize` or `maximize` for each objective.
        sampler: Its class and the arguments that the user set.
        pruner: Likewise.
        grid: The values of each parameter, for a grid sampler.
    """

    name: str
    storage: Any
    directions: tuple[str, ...]
    sampler: Mapping[str, Any]
    pruner: Mapping[str, Any]
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def open(self, slot: int = 0) -> optuna.Study:
        """Create the study or go on with it.

        Args:
            slot: The worker's index; workers with a seeded sampler draw from seeds of their own.

        Raises:
            SpaceError: The study exists and has other directions.
        """
        wanted = [StudyDirection[direction.upper()] for direction in self.directions]
        with chosen_by_name():
            study = optuna.create_study(
                study_name=self.name,
                storage=open_storage(self.storage),
                pruner=instantiate(self.pruner),
                directions=wanted,
                load_if_exists=True,
            )
            study.sampler = self._sampler(slot, len(study.get_trials(deepcopy=False)))
        if study.directions != wanted:
            stored = [direction.name.lower() for direction in study.directions]
            raise SpaceError(
                f"The study '{self.name}' exists and was made to {' and '.join(stored)}, but "
                f"hydra.sweeper.direction asks to {' and '.join(self.directions)}. Set it as it was, or give the new "
                "search a new hydra.sweeper.study_name."
            )
        return study

    def _sampler(self, slot: int, trials: int) -> optuna.samplers.BaseSampler:
        arguments = dict(self.sampler)
        if is_grid(self.sampler):
            return optuna.samplers.GridSampler(dict(self.grid), seed=arguments.get("seed"))
        if arguments.get("seed") is not None:
            # equal seeds would make all workers draw the same points, and a study that is gone on with its first ones
            arguments["seed"] += slot + _SEEDS_APART * trials
        sampler: optuna.samplers.BaseSampler = instantiate(arguments)
        return sampler


@contextmanager
def chosen_by_name() -> Iterator[None]:
    """Keep Optuna from warning that what the user chose by its name is experimental: there is nothing to act on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def is_grid(sampler: Mapping[str, Any]) -> bool:
    """Whether the sampler enumerates the space and needs to know it beforehand."""
    return issubclass(get_class(str(sampler["_target_"])), optuna.samplers.GridSampler)


def set_arguments(node: DictConfig) -> dict[str, Any]:
    """A sampler's or pruner's class and the arguments that are set; the others keep Optuna's own defaults.

    An argument for which Optuna has no default is passed on as it is, None included.
    """
    content = OmegaConf.to_container(node, resolve=True)
    assert isinstance(content, dict)
    content.pop("_partial_", None)  # the official plugin's grid is partial; here it is made once the space is known
    parameters = inspect.signature(get_class(str(content["_target_"]))).parameters
    demanded = {name for name, parameter in parameters.items() if parameter.default is parameter.empty}
    return {str(key): value for key, value in content.items() if value is not None or key in demanded}


def storage_spec(storage: Any) -> Any:
    """A storage setting in a form that holds in other working directories.

    Raises:
        SpaceError: It is neither a URL, nor a journal, nor a mapping with `_target_`.
    """
    if isinstance(storage, DictConfig | ListConfig):
        storage = OmegaConf.to_container(storage, resolve=True)
    if isinstance(storage, dict) and "_target_" in storage:
        return storage
    if isinstance(storage, str) and storage.startswith(JOURNAL):
        return JOURNAL + str(Path(storage.removeprefix(JOURNAL)).expanduser().absolute())
    if isinstance(storage, str) and "://" in storage:
        return storage
    raise SpaceError(
        f"hydra.sweeper.storage={storage!r} is no storage. Expected 'journal:PATH', a database URL such as "
        "'sqlite:///optuna.db' or 'postgresql://…', or a mapping with '_target_'."
    )


def open_storage(spec: Any) -> BaseStorage | str:
    """The storage of `storage_spec()`.

    Side effects: creates the folder of a journal.
    """
    if not isinstance(spec, str):
        storage = instantiate(spec)
        assert isinstance(storage, BaseStorage)
        return storage
    if spec.startswith(JOURNAL):
        path = Path(spec.removeprefix(JOURNAL))
        path.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(str(path)))
    return spec


@dataclass(frozen=True)
class Budget:
    """How many trials the study may have in all, and the lock under which they are drawn.

    Attributes:
        n_trials: The study's total; trials of earlier runs count.
        lock: A file that all workers of the sweep can reach.
    """

    n_trials: int
    lock: Path

    def next_trial(self, study: optuna.Study, space: Space) -> optuna.Trial | None:
        """Draw the next trial, or None when the budget is spent.

        Counting and drawing are one step under the lock, so that no two workers take the last ticket.
        """
        with self._locked():
            started = [trial for trial in study.get_trials(deepcopy=False) if trial.state != TrialState.WAITING]
            if len(started) >= self.n_trials:
                return None
            return study.ask(space.distributions)

    def _locked(self) -> AbstractContextManager[Any]:
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self.lock)


def enqueue(study: optuna.Study, points: Sequence[Mapping[str, Any]], space: Space) -> None:
    """Put points in front of the sampler's, each once in a study's life.

    Raises:
        SpaceError: A point names no parameter of the space, or a value outside it.
    """
    known: list[Any] = study.user_attrs.get(ENQUEUED, [])
    for point in points:
        admitted = {}
        for key, value in point.items():
            if key not in space.parameters:
                raise SpaceError(f"enqueue: '{key}' is not searched; the space has {', '.join(space.parameters)}.")
            admitted[key] = space.parameters[key].admit(value)
        if admitted and admitted not in known:
            study.enqueue_trial(admitted)
            known = [*known, admitted]
    study.set_user_attr(ENQUEUED, known)


def claim(trial: optuna.Trial) -> None:
    """Note which process runs the trial."""
    trial.set_user_attr(WORKER, f"{socket.gethostname()}:{os.getpid()}")


def reap(study: optuna.Study) -> list[FrozenTrial]:
    """Tell FAIL for trials that still count as running although their worker on this machine has died."""
    dead = [trial for trial in study.get_trials(states=(TrialState.RUNNING,)) if not _worker_lives(trial)]
    for trial in dead:
        # a finished trial takes no more attributes, and Study has no call for a trial of another process
        study._storage.set_trial_user_attr(trial._trial_id, REASON, "its worker died")
        study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
    return dead


def _worker_lives(trial: FrozenTrial) -> bool:
    host, _, pid = str(trial.user_attrs.get(WORKER, "")).rpartition(":")
    if host != socket.gethostname():
        return True  # not ours to judge
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def log_through_hydra() -> None:
    """Send Optuna's log lines where Hydra's go, and only if something is wrong.

    Side effects: changes Optuna's logging in the whole process.
    """
    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
