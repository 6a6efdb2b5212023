"""The study behind a sweep: opened by every worker, resumed by rule, and given its first points."""

import dataclasses
import inspect
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from hydra.errors import HydraException
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from optuna.study import StudyDirection
from optuna.trial import TrialState

from optuna_search.attributes import ENQUEUED, RUNS, SAMPLER, SPACE
from optuna_search.errors import SpaceError, StudyError
from optuna_search.objects import build, build_sampler
from optuna_search.optuna_internals import hear_stop
from optuna_search.space.changes import changes, describe_space
from optuna_search.space.space import Space
from optuna_search.study.locks import exclusive
from optuna_search.study.prior import PriorSampler
from optuna_search.study.reading import open_study
from optuna_search.study.storages import chosen_by_name, open_storage

RUNS_APART = 1000  # more than a run has slots
STARTS_APART = 1_000_000  # more than a study has runs, times the above
WARM_POINTS = 5  # taken from a study to start from

ENUMERATING = ("GridSampler", "BruteForceSampler")


@dataclass(frozen=True)
class StudySpec:
    """What every worker needs to take part in a study; it travels to other processes and machines.

    Attributes:
        name: The study's name in its storage.
        storage: What `storage_spec` returns.
        directions: `minimize` or `maximize` for each objective.
        sampler: Its class and the arguments that the user set.
        pruner: Likewise.
        metric_names: The objectives' names; empty for none.
        grid: The values of each parameter, for a grid sampler.
        preferred: Values that the user prefers, by Optuna's names of parameters.
        run: How often a controller has started on the study before; workers draw from seeds of their own.
    """

    name: str
    storage: Any
    directions: tuple[str, ...]
    sampler: Mapping[str, Any]
    pruner: Mapping[str, Any]
    metric_names: tuple[str, ...] = ()
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    preferred: Mapping[str, Any] = field(default_factory=dict)
    run: int = 0

    def open(self, slot: int = 0) -> optuna.Study:
        """Create the study or resume it.

        Args:
            slot: The worker's index; workers with a seeded sampler draw from seeds of their own.

        Raises:
            SpaceError: The study exists and has other objectives.
        """
        wanted = [StudyDirection[direction.upper()] for direction in self.directions]
        with chosen_by_name():
            study = optuna.create_study(
                study_name=self.name,
                storage=open_storage(self.storage),
                pruner=build(self.pruner),
                directions=wanted,
                load_if_exists=True,
            )
            drawn = sum(trial.state != TrialState.WAITING for trial in study.get_trials(deepcopy=False))
            study.sampler = self._sampler(slot, drawn)
            stored = study.metric_names
            if self.metric_names and not stored:
                study.set_metric_names(list(self.metric_names))
        self._refuse("direction", [direction.name.lower() for direction in study.directions], list(self.directions))
        if self.metric_names and stored:
            self._refuse("metric_names", stored, list(self.metric_names))
        return study

    def claimed(self) -> "StudySpec":
        """The same study under a name that nobody has: this one, or with a number behind it.

        Two sweeps that took their name from the clock or a folder would else be one study.

        Side effects: makes the study.
        """
        for count in itertools.count(1):
            name = self.name if count == 1 else f"{self.name}_{count}"
            try:
                with chosen_by_name():
                    optuna.create_study(
                        study_name=name,
                        storage=open_storage(self.storage),
                        directions=[StudyDirection[direction.upper()] for direction in self.directions],
                    )
            except optuna.exceptions.DuplicatedStudyError:
                continue
            return dataclasses.replace(self, name=name)
        raise AssertionError("there is a number for every study")

    def rehearse(self, space: Space, config: DictConfig) -> None:
        """Draw twice in a study in memory, so that what the sampler or the pruner cannot do is said before a training.

        Args:
            space: What is searched.
            config: The sweep's configuration.

        Raises:
            SpaceError: Sampler, pruner, objectives and space do not go together, or need a package that is missing.
        """
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        directions = [StudyDirection[direction.upper()] for direction in self.directions]
        try:
            with chosen_by_name():
                study = optuna.create_study(
                    sampler=self._sampler(0, 0), pruner=build(self.pruner), directions=directions
                )
                hear_stop(study, lambda: None)  # samplers that enumerate say that they are done
                for _ in range(2):
                    trial = study.ask()
                    space.suggest(trial, config)
                    if len(directions) == 1:
                        trial.report(0.0, 0)
                        trial.should_prune()
                    study.tell(trial, [0.0] * len(directions))
        except (HydraException, OmegaConfBaseException):
            raise
        except Exception as error:  # each sampler has errors of its own
            names = ", ".join(_bare(str(node["_target_"])) for node in (self.sampler, self.pruner))
            raise SpaceError(
                f"This search cannot be drawn with {names} of hydra.sweeper.sampler and hydra.sweeper.pruner:"
                f" {str(error).strip() or type(error).__name__}"
            ) from error

    def _refuse(self, setting: str, stored: list[str], wanted: list[str]) -> None:
        if stored != wanted:
            raise SpaceError(
                f"The study '{self.name}' exists and was made with hydra.sweeper.{setting}={','.join(stored)}, not "
                f"{','.join(wanted)}. Set it as it was, or give the new search a new hydra.sweeper.study_name."
            )

    def _sampler(self, slot: int, drawn: int) -> optuna.samplers.BaseSampler:
        arguments = dict(self.sampler)
        if is_grid(self.sampler):
            return optuna.samplers.GridSampler(dict(self.grid), seed=arguments.get("seed"))
        if arguments.get("seed") is not None:
            # equal seeds would make all workers draw the same points, as would one that is started again
            arguments["seed"] = (arguments["seed"] + slot + RUNS_APART * self.run + STARTS_APART * drawn) % 2**32
        sampler: optuna.samplers.BaseSampler = build_sampler(arguments)
        return PriorSampler(sampler, self.preferred, arguments.get("seed")) if self.preferred else sampler


def is_grid(sampler: Mapping[str, Any]) -> bool:
    """Whether the sampler enumerates the space and needs to know it beforehand."""
    return issubclass(get_class(str(sampler["_target_"])), optuna.samplers.GridSampler)


def is_enumerating(sampler: Mapping[str, Any]) -> bool:
    """Whether the sampler goes through the points of the space, each once."""
    return _bare(str(sampler["_target_"])) in ENUMERATING


def set_arguments(node: DictConfig) -> dict[str, Any]:
    """A sampler's or pruner's class and the arguments that are set; the others keep Optuna's own defaults.

    An argument for which Optuna has no default is passed on as it is, None included.

    Raises:
        SpaceError: There is no such class.
    """
    content = OmegaConf.to_container(node, resolve=True)
    assert isinstance(content, dict)
    content.pop("_partial_", None)  # the official plugin's grid is partial; here it is made once the space is known
    try:
        parameters = inspect.signature(get_class(str(content["_target_"]))).parameters
    except Exception as error:  # whatever an import raises
        raise SpaceError(f"{content.get('_target_')} is no class of a sampler or a pruner: {error}") from error
    demanded = {name for name, parameter in parameters.items() if parameter.default is parameter.empty}
    return {str(key): value for key, value in content.items() if value is not None or key in demanded}


def resume(study: optuna.Study, space: Space, sampler: str) -> tuple[int, list[str]]:
    """Enter the study as one more controller, if its trials and the new ones belong in one table.

    Args:
        study: The study.
        space: What is searched now.
        sampler: The class that draws now.

    Returns:
        How many controllers have started on the study before, and what has changed since the last one.

    Raises:
        SpaceError: The space has changed in a way that Optuna or a reader of the results could not cope with.
    """
    now = describe_space(space)
    with exclusive(study):
        known = study.user_attrs
        found = changes(known.get(SPACE, now), now, enumerated=_bare(sampler) in ENUMERATING)
        if found.refused:
            lines = "\n  ".join([*found.refused, *found.adapted])
            raise SpaceError(
                f"The study '{study.study_name}' exists and searched another space:\n  {lines}\n"
                "Search the space as it was, or give the new search a new hydra.sweeper.study_name (with "
                f"hydra.sweeper.warm_start_from={study.study_name} it begins with the best points of this one)."
            )
        if known.get(SAMPLER, sampler) != sampler:
            found.adapted.append(f"the sampler: {_bare(known[SAMPLER])} → {_bare(sampler)}, from the next trial on")
        run = int(known.get(RUNS, 0))
        for name, value in ((SPACE, now), (SAMPLER, sampler), (RUNS, run + 1)):
            if known.get(name) != value:
                study.set_user_attr(name, value)
    return run, found.adapted


def enqueue(study: optuna.Study, points: Sequence[Mapping[str, Any]]) -> None:
    """Put points in front of the sampler's, each once in a study's life.

    Args:
        study: The study.
        points: Values by Optuna's names for the parameters.
    """
    with exclusive(study):
        known: list[Any] = list(study.user_attrs.get(ENQUEUED, []))
        fresh = []
        for point in points:
            if point and point not in known and point not in fresh:
                fresh.append(dict(point))
        for point in fresh:
            study.enqueue_trial(point)
        if fresh:
            study.set_user_attr(ENQUEUED, [*known, *fresh])


def best_points(name: str, storage: Any, space: Space) -> list[dict[str, Any]]:
    """The best points of another study, best first, as far as they lie in `space`.

    Their values are not taken over: they may come from other data or longer trainings.

    Raises:
        SpaceError: There is no such study.
    """
    try:
        best = open_study(storage, name).ranked[:WARM_POINTS]
    except StudyError as error:
        raise SpaceError(f"hydra.sweeper.warm_start_from: {error}") from error
    return [space.admissible(trial.frozen.params) for trial in best]


def log_through_hydra() -> None:
    """Send Optuna's log lines where Hydra's go, and only if something is wrong.

    Side effects: changes Optuna's logging in the whole process.
    """
    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def _bare(target: str) -> str:
    return target.rpartition(".")[2]
