"""A worker slot: ask → compose → run → tell, until the budget is spent.

The sweeper launches slots through whatever Hydra launcher is set; each draws its own trials from the shared study,
so no trial waits for another.
"""

import math
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, TaskFunction
from hydra.utils import get_method, instantiate
from omegaconf import DictConfig, open_dict
from optuna.trial import TrialState

from hydra_plugins.optuna_sweeper._errors import SweepFailed
from hydra_plugins.optuna_sweeper._isolation import run_in_process, warm_up
from hydra_plugins.optuna_sweeper._job import CONSOLE, INTERRUPTED, Job, Outcome, job_folder, run_here
from hydra_plugins.optuna_sweeper._space import Space
from hydra_plugins.optuna_sweeper._study import FOLDER, REASON, Budget, StudySpec, claim, log_through_hydra
from hydra_plugins.optuna_sweeper._trial import StudyTrial

ENOUGH_TRIALS = 5  # the failure rate of fewer says little


@dataclass
class WorkerSlot:
    """The task that a launcher runs once per slot; it pickles, so that the slot may be anywhere.

    Attributes:
        task: The Hydra app's own task function.
        context: Loads configurations; its callbacks belong to the trials.
        config: The sweep's master configuration.
        spec: The study.
        space: The search space.
        budget: Shared by all slots.
        max_failure_rate: Above this share of failed trials the sweep stops.
        deadline: No trial starts after this moment, in seconds since the epoch.
        isolate: Run each trial in its own process.
        n_jobs: How many slots share the CPU.
        preload: Modules that the trials' fork server imports once.
        callbacks: Optuna callbacks as configured.
        custom_search_space: Dotted path of `f(cfg, trial)` that adds parameters to a trial.
    """

    task: TaskFunction
    context: HydraContext
    config: DictConfig
    spec: StudySpec
    space: Space
    budget: Budget
    max_failure_rate: float
    deadline: float
    isolate: bool
    n_jobs: int
    preload: Sequence[str]
    callbacks: Mapping[str, Any]
    custom_search_space: str | None

    def __call__(self, _: DictConfig) -> None:
        """Draw and run trials until the budget or the time is spent, or too many failed.

        Raises:
            SweepFailed: The failure rate is above the limit.
        """
        log_through_hydra()
        study = self.spec.open(slot=HydraConfig.get().job.num)
        stopped = _stoppable(study)
        callbacks = [instantiate(callback) for callback in self.callbacks.values()]
        if self.isolate:
            warm_up(self.preload)
        while time.time() < self.deadline and not stopped():
            check_failure_rate(study, self.max_failure_rate, self.budget.n_trials)
            trial = self.budget.next_trial(study, self.space)
            if trial is None:
                break
            self._run_and_tell(study, trial)
            frozen = study.get_trials(deepcopy=False)[trial.number]
            for callback in callbacks:
                callback(study, frozen)
        check_failure_rate(study, self.max_failure_rate, self.budget.n_trials)

    def _run_and_tell(self, study: optuna.Study, trial: optuna.Trial) -> None:
        outcome = Outcome(error=INTERRUPTED)
        try:
            claim(trial)
            outcome = self._run(study, trial)
        finally:  # whatever happens, the trial must not stay RUNNING
            tell(study, trial, outcome)

    def _run(self, study: optuna.Study, trial: optuna.Trial) -> Outcome:
        try:
            if self.custom_search_space is not None:
                get_method(self.custom_search_space)(self.config, trial)
            config = self._compose(trial)
        except Exception as error:
            return Outcome(error=f"{type(error).__name__}: {error}")
        trial.set_user_attr(FOLDER, str(job_folder(config)))
        handle = StudyTrial(trial)
        facts = {
            "number": trial.number,
            "params": trial.params,
            "study_name": study.study_name,
            "study_user_attrs": study.user_attrs,
        }
        job = Job(config, self.task, self.context, facts, self._threads())
        return run_in_process(job, handle) if self.isolate else run_here(job, handle)

    def _threads(self) -> int | None:
        """A trial's share of the CPU; what the user has said stays."""
        if self.n_jobs == 1 or "OMP_NUM_THREADS" in os.environ:
            return None
        return max(1, (os.cpu_count() or 1) // self.n_jobs)

    def _compose(self, trial: optuna.Trial) -> DictConfig:
        config = self.context.config_loader.load_sweep_config(self.config, self.space.overrides(trial.params))
        with open_dict(config):
            config.hydra.job.num = trial.number
            config.hydra.job.id = f"{self.spec.name}-{trial.number}"
        return config


def launch(slot: WorkerSlot) -> None:
    """Run `slot.n_jobs` slots through the configured launcher and wait until all have ended.

    Raises:
        Exception: What ended a slot.
    """
    quiet = HydraContext(config_loader=slot.context.config_loader, callbacks=_no_callbacks())
    launcher = Plugins.instance().instantiate_launcher(hydra_context=quiet, task_function=slot, config=slot.config)
    # the fixed overrides too: a slot's own configuration, which nobody looks at, must be one that can be composed
    overrides = [
        [*slot.space.fixed, f"hydra.sweep.subdir=.workers/{index}", "hydra.output_subdir=null"]
        for index in range(slot.n_jobs)
    ]
    for result in launcher.launch(overrides, initial_job_idx=0):
        if isinstance(result._return_value, Exception):
            raise result._return_value


def tell(study: optuna.Study, trial: optuna.Trial, outcome: Outcome) -> None:
    """Enter the outcome into the study; a result that is no finite number is a failure with a reason."""
    if outcome.pruned:
        study.tell(trial, state=TrialState.PRUNED)
        return
    values, problem = (None, outcome.error) if outcome.error else _values(outcome.value, len(study.directions))
    if values is None:
        trial.set_user_attr(REASON, problem)
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, values)


def _values(returned: Any, objectives: int) -> tuple[list[float] | None, str]:
    values = list(returned) if isinstance(returned, list | tuple) else [returned]
    if len(values) != objectives:
        return None, f"the task returned {len(values)} values, but the study has {objectives} directions"
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        return None, f"the task returned {returned!r}, but the study needs a number for each direction"
    if any(math.isnan(number) for number in numbers):
        return None, "the task returned NaN"
    return numbers, ""


def check_failure_rate(study: optuna.Study, limit: float, n_trials: int) -> None:
    """Stop a sweep that mostly fails.

    Raises:
        SweepFailed: More than `limit` of the finished trials failed, and enough have finished to say so.
    """
    finished = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    failed = [trial for trial in finished if trial.state == TrialState.FAIL]
    enough = limit == 0 or len(finished) >= min(ENOUGH_TRIALS, n_trials)
    if not failed or not enough or len(failed) / len(finished) <= limit:
        return
    reason, count = Counter(str(trial.user_attrs.get(REASON, "unknown")) for trial in failed).most_common(1)[0]
    raise SweepFailed(
        f"{len(failed)} of {len(finished)} trials failed, more than hydra.sweeper.max_failure_rate={limit:g} allows. "
        f"The commonest reason ({count}×): {reason}\n"
        f"What the latest of them printed: {failed[-1].user_attrs.get(FOLDER, '')}/{CONSOLE}"
    )


def _stoppable(study: optuna.Study) -> Callable[[], bool]:
    """Let samplers and callbacks end this worker with `Study.stop()`, which Optuna allows within optimize() only."""
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True

    study.stop = stop  # type: ignore[method-assign]
    return lambda: stopped


def _no_callbacks() -> Any:
    from hydra._internal.callbacks import Callbacks

    return Callbacks()
