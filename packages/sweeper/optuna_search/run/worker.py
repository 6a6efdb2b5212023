"""A worker slot: draw → compose → run → tell, until the budget is spent.

The sweeper launches slots through whatever Hydra launcher is set; each draws its own trials from the shared study,
so no trial waits for another.
"""

import contextlib
import enum
import itertools
import logging
import math
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import optuna
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, open_dict
from optuna.exceptions import UpdateFinishedTrialError

from optuna_search.attributes import FOLDER, OVERRIDES, REPLICATE, SECONDS
from optuna_search.ending import Ending, Outcome
from optuna_search.objects import build, function
from optuna_search.optuna_internals import hear_stop, id_of, read_anew, storage_of
from optuna_search.platforms import unblock_interrupts
from optuna_search.run.compose import described_by
from optuna_search.run.failures import check_failure_rate
from optuna_search.run.plan import Home, Plan
from optuna_search.run.signals import ending_at_once, told_to_end
from optuna_search.run.tell import tell
from optuna_search.run.threads import Beside
from optuna_search.study.leases import Lease
from optuna_search.study.locks import exclusive
from optuna_search.study.queue import claim
from optuna_search.study.study import log_through_hydra
from optuna_search.trial.current import CurrentTrial, StudyTrial, TrialFacts
from optuna_search.trial.devices import CUDA, share
from optuna_search.trial.isolation import Limits, TrialProcesses, pack, run_in_process
from optuna_search.trial.job import Job, Terminated, run_here
from optuna_search.trial.memory import Place
from optuna_search.trial.replicates import run_replicates
from optuna_search.trial.server import warm_up

log = logging.getLogger(__name__)

_composing = threading.Lock()  # Hydra composes for one job at a time


class SlotEnding(enum.Enum):
    """Why a slot draws no further trial."""

    DONE = "the total is taken"
    STOPPED = "the time is over, or a sampler or callback said so"


@dataclass(frozen=True)
class WorkerSlot:
    """The task that a launcher runs once per slot."""

    plan: Plan

    def __call__(self, _: DictConfig) -> SlotEnding:
        """Draw and run trials until the budget or the time is spent, or too many failed; see `Worker.work`.

        Raises:
            SweepFailed: The failure rate is above the limit.
            Terminated: SIGTERM reached the controller, which runs this slot itself.
        """
        unblock_interrupts()
        with ending_at_once(self.plan.home):
            return self.prepare(HydraConfig.get().job.num, Beside.nobody())()

    def prepare(self, slot: int, beside: Beside) -> Callable[[], SlotEnding]:
        """What a slot does, ready to begin."""
        return Worker(self.plan, slot, beside).work


@dataclass(frozen=True)
class BatchJob:
    """The task that a launcher runs once per trial of a batch; the controller has drawn it and tells how it ended."""

    plan: Plan
    trial_ids: tuple[int, ...]

    def __call__(self, _: DictConfig) -> Outcome:
        """Run the trial of this job's number."""
        unblock_interrupts()
        with ending_at_once(self.plan.home):
            return self.prepare(HydraConfig.get().job.num, Beside.nobody())()

    def prepare(self, slot: int, beside: Beside) -> Callable[[], Outcome]:
        """What a job does, ready to begin."""
        worker = Worker(self.plan, slot, beside, ahead=False)
        trial = optuna.Trial(worker.study, self.trial_ids[slot])

        def run() -> Outcome:
            with worker.place() as place:
                return worker.run(trial, Limits(self.plan.trial_timeout_s, threading.Event(), beside.stop, place))

        return run


class Worker:
    """Runs trials of a plan in one slot, on whatever machine that is."""

    def __init__(self, plan: Plan, slot: int, beside: Beside, *, ahead: bool = True) -> None:
        """Take part in the study of a plan.

        Args:
            plan: What to run.
            slot: The index of the slot.
            beside: What it has in common with slots in other threads.
            ahead: Whether further trials are to be expected, so that their processes are started beforehand.
        """
        log_through_hydra()
        self.plan = plan
        self._slot = slot
        self._beside = beside
        self.study = plan.spec.open(slot)
        here = Home.here()
        shared = (here.machine, here.cpus) == (plan.home.machine, plan.home.cpus)
        self._environment = share(slot, plan.n_jobs, plan.devices, plan.slots_per_gpu, shared)
        if plan.isolate:
            warm_up(plan.preload)
            self._processes = TrialProcesses(pack(plan.task, plan.context), ahead=ahead)
        else:
            os.environ.update(self._environment)

    def place(self) -> contextlib.AbstractContextManager[Place]:
        """Where its next trial runs; it waits until there is room."""
        beside = self._beside
        return beside.room.place(beside.stop, beside.gpus.get(self._environment.get(CUDA, "")))

    def work(self) -> SlotEnding:
        """Draw and run trials until none is left to draw.

        Returns:
            Why no further trial is drawn.

        Raises:
            SweepFailed: The failure rate is above the limit.
        """
        plan = self.plan
        stopped = _stoppable(self.study)
        callbacks = [build(callback) for callback in plan.callbacks.values()]
        with contextlib.ExitStack() as stack:
            lease = stack.enter_context(Lease(storage_of(self.study), plan.lease_s, (plan.spec.run, self._slot)))
            if plan.isolate:
                stack.callback(self._processes.close)
            while time.time() < plan.deadline and not stopped():
                self._beside.stop.check()
                check_failure_rate(self.study, plan.max_failure_rate, plan.n_trials)
                with self.place() as place:
                    trial = draw(plan, self.study, lease)
                    if trial is None:
                        return SlotEnding.DONE
                    self._run_and_tell(trial, lease, place)
                frozen = self.study.get_trials(deepcopy=False)[trial.number]
                for callback in callbacks:
                    callback(self.study, frozen)
        return SlotEnding.STOPPED

    def _run_and_tell(self, trial: optuna.Trial, lease: Lease, place: Place) -> None:
        outcome = Outcome.ended(Ending.INTERRUPTED)
        limits = Limits(self.plan.trial_timeout_s, threading.Event(), self._beside.stop, place)
        try:
            with lease.held(id_of(trial), limits.lost.set):
                outcome = self.run(trial, limits)
                if told_to_end.is_set():  # libraries swallow exceptions that come from nowhere
                    outcome = Outcome.ended(Ending.INTERRUPTED)
                    raise Terminated(128 + signal.SIGTERM)
        except Exception as error:
            outcome = Outcome.of_error(error)
            raise
        finally:  # whatever happens, the trial must not stay RUNNING
            tell(self.study, trial, outcome, self.plan.rules)

    def run(self, trial: optuna.Trial, limits: Limits) -> Outcome:
        """Run a trial that has been drawn, all replicates of it.

        Args:
            trial: The trial.
            limits: What ends it from outside.
        """
        plan = self.plan
        try:
            handle = StudyTrial(trial, plan.space.by_key(trial.params))
            job = self._job(trial, handle)
            trial.set_user_attr(FOLDER, str(job.folder.absolute()))
        except Exception as error:
            return Outcome.of_error(error)
        took: list[float] = []

        def timed(job: Job, handle: CurrentTrial) -> Outcome:
            outcome = self._run_job(job, handle, limits)
            took.append(math.nan if outcome.seconds is None else outcome.seconds)
            return outcome

        def run_one(override: str, replicate: CurrentTrial) -> Outcome:
            try:
                one = self._job(trial, replicate, override, str(job.config.hydra.sweep.subdir))
            except Exception as error:
                return Outcome.of_error(error)
            return timed(one, replicate)

        if plan.repeats is None:
            outcome = timed(job, handle)
        else:
            only = None
            if plan.repeats.leaders is not None:  # each replicate is a trial of its own
                own = self.study.get_trials(deepcopy=False)[trial.number].user_attrs
                only = own.get(REPLICATE, plan.repeats.overrides[0])
                trial.set_user_attr(REPLICATE, only)  # one that a user has put in the queue has none
            outcome = run_replicates(plan.repeats, handle, len(self.study.directions), run_one, only)
        if not math.isnan(seconds := sum(took)):
            with contextlib.suppress(UpdateFinishedTrialError):  # it has been given to somebody else
                trial.set_user_attr(SECONDS, seconds)
        return outcome

    def _run_job(self, job: Job, handle: CurrentTrial, limits: Limits) -> Outcome:
        if not self.plan.isolate:
            return run_here(job, handle)
        outcome = run_in_process(job, handle, limits, self._processes)
        if outcome.ending is Ending.INTERRUPTED and not told_to_end.is_set():
            # a Ctrl-C reaches this process, which passes it on: that nobody has given one makes it the task's own
            return Outcome.failed("KeyboardInterrupt: raised by the task itself", ("KeyboardInterrupt",))
        return outcome

    def _job(self, trial: optuna.Trial, handle: CurrentTrial, replicate: str | None = None, within: str = "") -> Job:
        """The job of a trial, or of one of its replicates, which run in folders within the trial's."""
        repeated = self.study.get_trials(deepcopy=False)[trial.number].user_attrs.get(OVERRIDES, [])
        overrides = [*self.plan.space.overrides(trial.params), *repeated, *([replicate] if replicate else [])]
        with _composing, open_dict(config := self.plan.composer.compose(overrides)):
            config.hydra.job.num = trial.number
            config.hydra.job.id = f"{self.plan.spec.name}-{trial.number}"
            sweeps = Path(self.plan.folder or str(config.hydra.sweep.dir))
            config.hydra.sweep.dir = str(sweeps)
            if replicate:
                subdir = f"{within}/{replicate.rsplit('.', maxsplit=1)[-1]}"
            else:
                with described_by(config):  # not by that of the slot
                    subdir = _free(sweeps, str(config.hydra.sweep.subdir))
            config.hydra.sweep.subdir = subdir
        return Job(config, sweeps / subdir, self.plan.task, self.plan.context, TrialFacts.of(handle), self._environment)


def draw(plan: Plan, study: optuna.Study, lease: Lease) -> optuna.Trial | None:
    """Take the next trial of the study and draw its point; None when the total is taken.

    Both are one step under the study's lock: samplers that enumerate would otherwise draw a point twice.
    """
    while True:
        with exclusive(study) as locked:
            read_anew(study)
            trial_id = claim(study, plan.n_trials, lease.first, locked=locked, race=plan.race)
            if trial_id is None:
                return None
            trial = optuna.Trial(study, trial_id)
            try:
                plan.space.suggest(trial, plan.config)
                if plan.custom_search_space is not None:
                    function(plan.custom_search_space)(plan.config, trial)
                return trial
            except Exception as error:
                broken = Outcome.of_error(error)
        tell(study, trial, broken, plan.rules)
        check_failure_rate(study, plan.max_failure_rate, plan.n_trials)


def _free(sweeps: Path, subdir: str) -> str:
    """A trial's folder, or another one beside it if a study that is no more has left one of that name."""
    names = itertools.chain([subdir], (f"{subdir}_{count}" for count in itertools.count(1)))
    return next(name for name in names if not (sweeps / name).exists())


def _stoppable(study: optuna.Study) -> Callable[[], bool]:
    """Let samplers and callbacks end this worker with `Study.stop()`."""
    stopped = threading.Event()
    hear_stop(study, stopped.set)
    return stopped.is_set
