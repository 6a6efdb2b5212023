"""What a study's trials say, typed: the one place that reads what the sweeper writes to Optuna.

Studies outlive the program that made them: what an older sweeper did not write yet is read as "not known".
"""

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from optuna_search import attributes as names
from optuna_search.ending import Ending
from optuna_search.space.parameter import key_of
from optuna_search.study.front import pareto_front

# the endings that could be told by their text before they had an attribute
_TOLD_BY_REASON = {ending.value: ending for ending in (Ending.INTERRUPTED, Ending.WORKER_DIED)}


@dataclass(frozen=True)
class TrialView:
    """One trial of a study, as it was when the study was read.

    Attributes:
        frozen: Optuna's own record of it, in which a parameter under a condition has a name for each case.
    """

    frozen: FrozenTrial

    @property
    def number(self) -> int:
        """Its number in the study."""
        return self.frozen.number

    @property
    def state(self) -> TrialState:
        """Waiting, running, complete, pruned or failed."""
        return self.frozen.state

    @property
    def is_complete(self) -> bool:
        """Whether it has a result."""
        return self.state == TrialState.COMPLETE

    @property
    def is_finished(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state.is_finished()

    @property
    def values(self) -> tuple[float, ...]:
        """One for each objective; of a pruned trial the last one reported; empty where there is none."""
        return tuple(self.frozen.values or ())

    @cached_property
    def params(self) -> dict[str, Any]:
        """What was searched, by override key, whatever condition it was searched under."""
        return {key_of(name): value for name, value in self.frozen.params.items()}

    @cached_property
    def distributions(self) -> dict[str, BaseDistribution]:
        """What each parameter was drawn from, by override key."""
        return {key_of(name): distribution for name, distribution in self.frozen.distributions.items()}

    @property
    def intermediate_values(self) -> Mapping[int, float]:
        """What the task reported, by step."""
        return self.frozen.intermediate_values

    @property
    def step(self) -> int | None:
        """The last step that its task has reported, with a value or without; None before the first."""
        reported = (self.user_attrs.get(names.STEP), self.frozen.last_step)
        return max((int(step) for step in reported if step is not None), default=None)

    @property
    def steps(self) -> int | None:
        """How many steps its task is going to take, where the task says so."""
        steps = self.user_attrs.get(names.STEPS)
        return None if steps is None else int(steps)

    @cached_property
    def constraints(self) -> dict[str, float]:
        """How far the trial is from keeping each constraint; kept where at most 0."""
        return self.frozen.constraints

    @property
    def is_feasible(self) -> bool:
        """Whether it keeps all its constraints; a trial without constraints does."""
        return all(value <= 0 for value in self.constraints.values())

    @property
    def began(self) -> datetime | None:
        """When it was started, on the clock of the machine that started it."""
        return self.frozen.datetime_start

    @property
    def ended(self) -> datetime | None:
        """When it ended."""
        return self.frozen.datetime_complete

    @property
    def duration(self) -> timedelta | None:
        """How long its task took, all replicates together; None until it has ended.

        What it took to start its process is not part of it, which for the first trial of a sweep is to import all.
        """
        seconds = self.user_attrs.get(names.SECONDS) if self.is_finished else None
        return self.frozen.duration if seconds is None else timedelta(seconds=seconds)

    @property
    def ending(self) -> Ending | None:
        """How it ended; None until it has."""
        match self.state:
            case TrialState.COMPLETE:
                return Ending.COMPLETED
            case TrialState.PRUNED:
                return Ending.PRUNED
            case TrialState.FAIL:
                name = self.user_attrs.get(names.ENDING)
                return Ending.__members__.get(str(name)) or _TOLD_BY_REASON.get(self.reason, Ending.FAILED)
        return None

    @property
    def reason(self) -> str:
        """Why it failed, for a person to read; empty if it did not."""
        return str(self.user_attrs.get(names.REASON, "unknown")) if self.state == TrialState.FAIL else ""

    @property
    def is_repeated(self) -> bool:
        """Whether it failed and its parameters are to be tried again, or have been."""
        return self.state == TrialState.FAIL and names.DUE in self.user_attrs

    @property
    def retry_of(self) -> int | None:
        """The number of the failed trial that it repeats."""
        number = self.user_attrs.get(names.RETRY_OF)
        return None if number is None else int(number)

    @property
    def worker(self) -> str:
        """The host and the process that ran it, with a colon between; empty where that is not known."""
        return str(self.user_attrs.get(names.WORKER, ""))

    @property
    def folder(self) -> Path | None:
        """Where it wrote; replicates have folders in it. None if it did not come that far."""
        folder = self.user_attrs.get(names.FOLDER)
        return None if folder is None else Path(folder)

    @property
    def log_tail(self) -> str:
        """The last lines that it printed, if it failed."""
        return str(self.user_attrs.get(names.LOG_TAIL, ""))

    @cached_property
    def replicates(self) -> dict[str, tuple[float, ...]]:
        """The values of each replicate, by its override; empty where the trial was run once."""
        return {override: tuple(values) for override, values in self.user_attrs.get(names.REPLICATES, {}).items()}

    @property
    def replicates_std(self) -> tuple[float, ...]:
        """The sample standard deviation of each objective between replicates; empty without two of them."""
        return tuple(self.user_attrs.get(names.REPLICATES_STD, ()))

    @property
    def user_attrs(self) -> Mapping[str, Any]:
        """All attributes for users: those of the task, and those of the sweeper (see `optuna_search.attributes`)."""
        return self.frozen.user_attrs


@dataclass(frozen=True)
class StudyView:
    """A study as it was when it was read.

    Attributes:
        name: Its name in the storage.
        objectives: The objectives' names; `value` (or `value 0` …) where the study was given none.
        directions: Of each objective.
        trials: All of them, by number.
        user_attrs: The study's attributes for users: those of the app, and those of the sweeper.
    """

    name: str
    objectives: tuple[str, ...]
    directions: tuple[StudyDirection, ...]
    trials: tuple[TrialView, ...]
    user_attrs: Mapping[str, Any]

    @classmethod
    def of(cls, study: optuna.Study) -> "StudyView":
        """Read a study that is open, as one that a callback gets."""
        directions = tuple(study.directions)
        default = ["value"] if len(directions) == 1 else [f"value {index}" for index in range(len(directions))]
        return cls(
            name=study.study_name,
            objectives=tuple(study.metric_names or default),
            directions=directions,
            trials=tuple(map(TrialView, study.get_trials(deepcopy=False))),
            user_attrs=study.user_attrs,
        )

    @property
    def maximize(self) -> tuple[bool, ...]:
        """Of each objective, whether a greater value is better."""
        return tuple(direction == StudyDirection.MAXIMIZE for direction in self.directions)

    @property
    def is_single(self) -> bool:
        """Whether there is one objective."""
        return len(self.directions) == 1

    @property
    def complete(self) -> tuple[TrialView, ...]:
        """The trials with a result."""
        return tuple(trial for trial in self.trials if trial.is_complete)

    @cached_property
    def ranked(self) -> tuple[TrialView, ...]:
        """The trials with a result, best first; of several objectives the Pareto front first, each part by number.

        Trials that break a constraint come last.
        """
        if self.is_single:
            of_setting = self._losses_of_settings()
            return tuple(
                sorted(
                    self.complete,
                    key=lambda t: (not t.is_feasible, of_setting.get(t.number, 0.0), *self._losses(t), t.number),
                )
            )
        front = self._front()
        return tuple(sorted(self.complete, key=lambda t: (not t.is_feasible, t.number not in front, t.number)))

    @property
    def best_trials(self) -> tuple[TrialView, ...]:
        """The best trial, or the Pareto front of several objectives, of those that keep all their constraints."""
        feasible = tuple(trial for trial in self.ranked if trial.is_feasible)
        if self.is_single:
            return feasible[:1]
        front = self._front()
        return tuple(trial for trial in feasible if trial.number in front)

    @property
    def search_space(self) -> Mapping[str, Mapping[str, Any]]:
        """What the last sweep searched, by Optuna's names, as `describe_space` writes it; empty where not known."""
        return dict(self.user_attrs.get(names.SPACE, {}))

    @property
    def sampler(self) -> str:
        """The class that drew last; empty where that is not known."""
        return str(self.user_attrs.get(names.SAMPLER, ""))

    def _losses(self, trial: TrialView) -> tuple[float, ...]:
        """Its values, so that smaller is better."""
        return tuple(-value if up else value for value, up in zip(trial.values, self.maximize, strict=True))

    def _losses_of_settings(self) -> dict[int, float]:
        """By trial, its setting's mean loss plus one standard error, where leaders were repeated; empty elsewhere.

        The error is that of the standard deviation within settings, pooled: a single lucky run does not win over the
        mean of several.
        """
        if not any(names.REPLICATE_OF in trial.user_attrs for trial in self.complete):
            return {}
        runs: dict[int, list[TrialView]] = {}
        for trial in self.complete:
            runs.setdefault(int(trial.user_attrs.get(names.REPLICATE_OF, trial.number)), []).append(trial)
        losses = {number: [self._losses(trial)[0] for trial in own] for number, own in runs.items()}
        repeated = [(statistics.variance(own), len(own) - 1) for own in losses.values() if len(own) > 1]
        freedom = sum(degrees for _, degrees in repeated)
        variance = sum(each * degrees for each, degrees in repeated) / freedom if freedom else 0.0
        return {
            trial.number: statistics.fmean(losses[number]) + math.sqrt(variance / len(losses[number]))
            for number, own in runs.items()
            for trial in own
        }

    def _front(self) -> set[int]:
        """The numbers of the feasible trials that no other feasible one beats."""
        return pareto_front({trial.number: self._losses(trial) for trial in self.complete if trial.is_feasible})


def reasons_of(trials: Iterable[TrialView]) -> list[str]:
    """Why those of the trials failed that did."""
    return [trial.reason for trial in trials if trial.state == TrialState.FAIL]
