"""Starts worker slots through the configured launcher, and again for what dead ones have left, until all is done."""

import dataclasses
import logging
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import optuna
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn

from optuna_search.ending import Ending, Outcome
from optuna_search.errors import SweepFailed
from optuna_search.hydra_internals import error_of, no_callbacks
from optuna_search.optuna_internals import hear_stop, id_of, storage_of
from optuna_search.run.failures import check_failure_rate
from optuna_search.run.plan import Plan
from optuna_search.run.signals import starting_deaf
from optuna_search.run.slots import SlotWatch
from optuna_search.run.tell import tell
from optuna_search.run.threads import Beside, run_in_threads, runs_here
from optuna_search.run.worker import BatchJob, SlotEnding, WorkerSlot, draw
from optuna_search.study.leases import Lease, WorkerWatch
from optuna_search.study.queue import TrialBudget
from optuna_search.trial.devices import shared_gpus
from optuna_search.trial.memory import MemoryRoom
from optuna_search.trial.stop import Stop

log = logging.getLogger(__name__)

CHECK_INTERVAL_S = 1.0  # how often a controller whose own slots have ended looks at what others still run


def run_slots(plan: Plan, study: optuna.Study, watch: WorkerWatch) -> None:
    """Run worker slots until the study has its total, its time is over, or something stopped it.

    Trials that other controllers run are waited for: should their workers die, their parameters are run here.

    Raises:
        SweepFailed: Too many trials failed.
        Exception: What a slot or the launcher raised before any trial had begun.
    """
    launcher = plan.config.hydra.launcher
    while True:
        begun = len(study.get_trials(deepcopy=False))
        try:
            watched = 1 if _in_threads(plan, plan.n_jobs) else plan.n_jobs
            with SlotWatch(study, plan.spec.run, watched, plan.n_trials, launcher):
                endings = launch(plan, WorkerSlot(plan), plan.n_jobs)
        except SweepFailed:  # what a slot found out about the study; no further slot would find anything else
            raise
        except Exception as error:
            if len(study.get_trials(deepcopy=False)) == begun:
                raise
            log.warning("A slot has died (%s: %s); slots are started again.", type(error).__name__, error)
            watch.look()
            continue
        if SlotEnding.STOPPED in endings or not _more_to_do(plan, study):
            return


def _more_to_do(plan: Plan, study: optuna.Study) -> bool:
    """Wait while all that is left runs elsewhere; whether there is something to run here after that."""
    waiting = False
    while time.time() < plan.deadline:
        check_failure_rate(study, plan.max_failure_rate, plan.n_trials)
        budget = TrialBudget.of(study.get_trials(deepcopy=False), plan.n_trials)
        if budget.complete:
            return False
        if budget.places or budget.claimable:
            return True
        if not waiting:
            running = ", ".join(str(trial.number) for trial in budget.taken if not trial.state.is_finished())
            log.info("Waiting for trials that run elsewhere: %s.", running)
            waiting = True
        time.sleep(CHECK_INTERVAL_S)
    return False


def run_batches(plan: Plan, study: optuna.Study, callbacks: Sequence[Any]) -> None:
    """Draw `n_jobs` trials, run them, tell all of them in the order of their numbers, and so on.

    What is drawn depends on the trials told before and on nothing else, so that a sweep is repeated to the digit
    however many run at once; for that, each batch waits for its slowest trial.

    Raises:
        SweepFailed: Too many trials failed.
    """
    stopped: list[bool] = []
    hear_stop(study, lambda: stopped.append(True))
    with Lease(storage_of(study), plan.lease_s) as lease:
        while time.time() < plan.deadline and not stopped:
            check_failure_rate(study, plan.max_failure_rate, plan.n_trials)
            drawn = [trial for _ in range(plan.n_jobs) if (trial := draw(plan, study, lease)) is not None]
            if not drawn:
                return
            _run_batch(plan, study, lease, drawn)
            for trial in drawn:
                frozen = study.get_trials(deepcopy=False)[trial.number]
                for callback in callbacks:
                    callback(study, frozen)


def _run_batch(plan: Plan, study: optuna.Study, lease: Lease, drawn: Sequence[optuna.Trial]) -> None:
    outcomes = [Outcome.ended(Ending.INTERRUPTED)] * len(drawn)
    try:
        with ExitStack() as leases:
            for trial in drawn:
                leases.enter_context(lease.held(id_of(trial), lambda: None))
            job = BatchJob(plan, tuple(id_of(trial) for trial in drawn))
            try:
                outcomes = list(launch(plan, job, len(drawn)))
            except Exception as error:  # from the launcher, as when a process was killed
                log.warning("A batch was lost (%s: %s); its trials are queued again.", type(error).__name__, error)
                outcomes = [Outcome.ended(Ending.WORKER_DIED)] * len(drawn)
    finally:
        for trial, outcome in zip(drawn, outcomes, strict=True):
            tell(study, trial, outcome, plan.rules)


def launch(plan: Plan, task: WorkerSlot | BatchJob, jobs: int) -> Sequence[Any]:
    """Run `task` as so many jobs and wait until all have ended.

    Returns:
        What each job returned.

    Raises:
        Exception: What a job raised, or the launcher, as when a job's process was killed.
    """
    if _in_threads(plan, jobs):
        gpus = shared_gpus(plan.devices, plan.slots_per_gpu) if plan.as_fit else {}
        beside = Beside(Stop(), MemoryRoom(limited=plan.as_fit), gpus)
        return run_in_threads([task.prepare(slot, beside) for slot in range(jobs)], beside.stop)
    quiet = dataclasses.replace(plan.context, callbacks=no_callbacks())  # slots are no jobs that callbacks wait for
    launcher = Plugins.instance().instantiate_launcher(hydra_context=quiet, task_function=task, config=plan.config)
    # nobody looks at a slot's own configuration, but Hydra must be able to compose it
    some_point = plan.space.example(plan.config)
    # only its trials change their folder: what a slot opens itself stays where the command was given
    own = ("hydra.output_subdir=null", "hydra.job.chdir=false")
    overrides = [[*some_point, f"hydra.sweep.subdir=.workers/{index}", *own] for index in range(jobs)]
    with starting_deaf(launcher):
        returns: Sequence[JobReturn] = launcher.launch(overrides, initial_job_idx=0)
    return [_value(result) for result in returns]


def _in_threads(plan: Plan, jobs: int) -> bool:
    """Whether slots run beside each other in this process, which Hydra's own launcher would run in turn."""
    return jobs > 1 and plan.isolate and runs_here(plan.config.hydra.launcher)


def _value(result: JobReturn) -> Any:
    """What a job returned.

    Raises:
        Exception: What it raised.
    """
    if (error := error_of(result)) is not None:
        raise error.with_traceback(None)  # Hydra 1.4 would print a job's frames
    return result.return_value
