"""What a sweep's workers have to do; it travels to wherever they run."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from optuna_search.run.compose import Composer
from optuna_search.run.tell import RetryRules
from optuna_search.space.space import Space
from optuna_search.study.leases import machine
from optuna_search.study.race import Race
from optuna_search.study.study import StudySpec
from optuna_search.trial.replicates import Repeats


@dataclass(frozen=True)
class Home:
    """Where the controller runs: slots that find themselves in its place share the machine with each other."""

    machine: str
    pid: int
    cpus: frozenset[int]

    @classmethod
    def here(cls) -> "Home":
        """This process."""
        cpus = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
        return cls(machine(), os.getpid(), frozenset(cpus))


@dataclass(frozen=True)
class Plan:
    """What a sweep's workers have to do; it pickles, so that they may be anywhere.

    Attributes:
        task: The Hydra app's own task function.
        context: Loads configurations; its callbacks belong to the trials.
        config: The sweep's master configuration.
        composer: Composes the configurations of trials; slots of one process share what it has composed.
        spec: The study.
        space: The search space.
        n_trials: The study's total.
        n_jobs: How many slots there are.
        as_fit: Whether fewer run at once where there is not memory for all.
        max_failure_rate: Above this share of failed trials the sweep stops.
        deadline: No trial starts after this moment, in seconds since the epoch.
        trial_timeout_s: A trial that takes longer is ended.
        lease_s: A worker that shows no sign of life for so long is taken for dead.
        rules: Which failed trials are tried again.
        repeats: What to repeat each point over.
        isolate: Run each trial in its own process.
        preload: Modules that the trials' fork server imports once.
        callbacks: Optuna callbacks as configured.
        custom_search_space: Dotted path of `f(cfg, trial)` that adds parameters to a trial.
        devices: The GPUs to use.
        slots_per_gpu: How many slots share one; `auto` if that is found while trials run.
        home: Where the controller runs.
        folder: The sweep's folder, where that is not what the configuration says; empty where it is.
    """

    task: TaskFunction
    context: HydraContext
    config: DictConfig
    composer: Composer
    spec: StudySpec
    space: Space
    n_trials: int
    n_jobs: int
    as_fit: bool
    max_failure_rate: float
    deadline: float
    trial_timeout_s: float | None
    lease_s: float
    rules: RetryRules
    repeats: Repeats | None
    isolate: bool
    preload: Sequence[str]
    callbacks: Mapping[str, Any]
    custom_search_space: str | None
    devices: Any
    slots_per_gpu: int | str
    home: Home
    folder: str

    @property
    def race(self) -> Race | None:
        """How the leading settings are repeated, where only they are."""
        if self.repeats is None or self.repeats.leaders is None:
            return None
        return Race(tuple(self.repeats.overrides), self.repeats.leaders, self.spec.directions[0] == "maximize")
