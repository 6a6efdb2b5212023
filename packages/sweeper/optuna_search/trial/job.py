"""One trial as a Hydra job, and how it ended."""

import logging
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import optuna
from hydra.core.utils import JobReturn, JobStatus, run_job
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from optuna_search.ending import Ending, Outcome, kinds_of
from optuna_search.hydra_internals import error_of
from optuna_search.trial.current import CurrentTrial, TrialFacts, running
from optuna_search.trial.returned import plain

log = logging.getLogger(__name__)

CONSOLE = "console.log"  # everything a trial's process prints


class Terminated(SystemExit):
    """SIGTERM: the machine is wanted back now."""


@dataclass
class Job:
    """What a trial's process needs: a Hydra job, the facts about its trial, and its share of the machine.

    Attributes:
        config: The composed configuration.
        folder: Where the job writes, as the configuration says, too.
        task: The app's task function.
        context: Hydra's context, whose callbacks are called for the job.
        facts: What `current_trial()` knows.
        environment: Environment variables that give the trial its share of the CPU and its GPU.
    """

    config: DictConfig
    folder: Path
    task: TaskFunction
    context: HydraContext
    facts: TrialFacts
    environment: Mapping[str, str] = field(default_factory=dict)


def run_here(job: Job, trial: CurrentTrial) -> Outcome:
    """Run the job in this process."""
    with running(trial):
        return run(job)


def run(job: Job, began: Callable[[], None] = lambda: None) -> Outcome:
    """Run a Hydra job and tell how it ended; KeyboardInterrupt and SIGTERM alone go through.

    Args:
        job: What to run.
        began: Called when everything is ready for the task.
    """
    pruned = False
    started = time.monotonic()

    def task(config: DictConfig) -> Any:
        nonlocal pruned, started
        began()
        started = time.monotonic()
        try:
            return job.task(config)
        except optuna.TrialPruned:  # for Hydra the job ended well
            pruned = True
            return None

    try:
        result = run_job(
            task_function=task,
            config=job.config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
            hydra_context=job.context,
        )
    except (KeyboardInterrupt, Terminated):
        raise
    except SystemExit as error:
        if error.code == 128 + signal.SIGINT:  # how a task that tidied up after Ctrl-C ends
            raise KeyboardInterrupt from error
        return Outcome.failed(f"the task ended its process with status {error.code}", kinds_of(error))
    except BaseException as error:  # Hydra catches those of class Exception only
        log.error("The task failed.", exc_info=error)
        return Outcome.of_error(error)
    outcome = Outcome.ended(Ending.PRUNED) if pruned else _outcome_of(result)
    return replace(outcome, seconds=time.monotonic() - started)


def _outcome_of(result: JobReturn) -> Outcome:
    if result.status == JobStatus.COMPLETED:
        return outcome_of_return(result.return_value)
    error = error_of(result)
    assert error is not None
    log.error("The task failed.", exc_info=error)
    cause = error.__cause__ if type(error).__name__ == "CompactHydraException" and error.__cause__ else error
    return Outcome.of_error(cause)


def outcome_of_return(returned: Any) -> Outcome:
    """How a task ended that returned this: well, if it can be kept."""
    try:
        return Outcome.completed(plain(returned))
    except ValueError as problem:
        return Outcome.failed(f"of what the task returned, {problem}", kinds_of(problem))
