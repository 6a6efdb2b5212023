"""One trial as a Hydra job, and how it ended."""

import logging
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
from hydra.core.utils import JobReturn, JobStatus, run_job
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from hydra_plugins.optuna_sweeper._trial import CurrentTrial, running

log = logging.getLogger(__name__)

CONSOLE = "console.log"  # everything a trial's process prints
INTERRUPTED = "interrupted"


class Terminated(SystemExit):
    """SIGTERM: the machine is wanted back now."""


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        value: What the task returned, if it ended well.
        pruned: The task raised `optuna.TrialPruned`.
        error: Name and message of the exception, or what ended the process; empty if the task ended well.
        kinds: What `retry_on` may call the error: the exception's class and its bases, a signal, `TrialTimeout`.
    """

    value: Any = None
    pruned: bool = False
    error: str = ""
    kinds: tuple[str, ...] = ()


@dataclass
class Job:
    """What a trial's process needs: a Hydra job, the facts about its trial, and its share of the machine.

    Attributes:
        config: The composed configuration.
        folder: Where the job writes, as the configuration says, too.
        task: The app's task function.
        context: Hydra's context, whose callbacks hear of the job.
        facts: What `current_trial()` knows.
        environment: Environment variables that give the trial its share of the CPU and its GPU.
    """

    config: DictConfig
    folder: Path
    task: TaskFunction
    context: HydraContext
    facts: Mapping[str, Any]
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

    def task(config: DictConfig) -> Any:
        nonlocal pruned
        began()
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
    except Terminated:
        raise
    except SystemExit as error:
        if error.code == 128 + signal.SIGINT:  # how a task that tidied up after Ctrl-C ends
            raise KeyboardInterrupt from error
        return Outcome(error=f"the task ended its process with status {error.code}", kinds=kinds_of(error))
    return Outcome(pruned=True) if pruned else _outcome_of(result)


def kinds_of(error: BaseException) -> tuple[str, ...]:
    """The names of an exception's classes, bare and with their modules, up to Exception; then those of its causes."""
    names: dict[str, None] = {}
    cause: BaseException | None = error
    while cause is not None:
        for kind in type(cause).__mro__[: type(cause).__mro__.index(BaseException)]:
            names |= dict.fromkeys((kind.__name__, f"{kind.__module__}.{kind.__qualname__}"))
        cause = cause.__cause__
    return tuple(names)


def _outcome_of(result: JobReturn) -> Outcome:
    if result.status == JobStatus.COMPLETED:
        return Outcome(value=result.return_value)
    error = result._return_value
    log.error("The task failed.", exc_info=error)
    cause = error.__cause__ if type(error).__name__ == "CompactHydraException" and error.__cause__ else error
    return Outcome(error=f"{type(cause).__name__}: {cause}".strip(), kinds=kinds_of(cause))
