"""One trial in one process, so that a crash, a leak or an out-of-memory kill ends a trial and not the sweep.

Trials are forked from Python's fork server, which has the task's heavy modules (`preload`) imported already: a trial
starts in milliseconds and inherits no threads and no CUDA context. The trial's process knows neither storage nor
pruner; it talks to its worker through a pipe, which is also how the worker learns of its death.
"""

import contextlib
import math
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import cloudpickle
from hydra.core.singleton import Singleton
from hydra.types import HydraContext, TaskFunction

from optuna_search import platforms
from optuna_search.ending import Ending, Outcome
from optuna_search.trial.answers import answer_next, answers_of
from optuna_search.trial.current import CurrentTrial
from optuna_search.trial.guard import unguarded_call
from optuna_search.trial.job import Job
from optuna_search.trial.memory import Place
from optuna_search.trial.process import GRACE_S, run_one_trial
from optuna_search.trial.server import process_context
from optuna_search.trial.stop import Stop

LOOK_S = 0.5  # how often a silent trial's time and lease are looked at
TIMEOUT = "TrialTimeout"

_bookkeeping = threading.Lock()  # multiprocessing notes the ends of all children at each start, for one thread only


@dataclass(frozen=True)
class Limits:
    """What ends a trial from outside.

    Attributes:
        timeout_s: Seconds after which it is taken to hang; None for no limit.
        lost: Set when the trial has been given to somebody else.
        stop: Ends the slots that run in threads.
        place: Is shown how much memory the trial takes.
    """

    timeout_s: float | None
    lost: threading.Event
    stop: Stop
    place: Place


def pack(task: TaskFunction, context: HydraContext) -> bytes:
    """What the processes of all trials of a slot need, pickled once.

    Beside the app's own that is Hydra's global state, and how processes are started here, None if nobody chose it.
    """
    process_context()  # sees to it that the start method is one that they know
    method = multiprocessing.get_start_method(allow_none=True)
    # cloudpickle, because Hydra apps live in __main__
    packed: bytes = cloudpickle.dumps((task, context, Singleton.get_state(), method))
    return packed


class _DiedWaitingError(Exception):
    """A process has died while it waited for its trial, which is no fault of that."""


class TrialProcess:
    """A process that has everything but its trial, which comes through the pipe.

    Attributes:
        has_waited: Whether it was started before its trial was there.
    """

    def __init__(self, packed: bytes) -> None:
        """Start it; `packed` is what `pack()` has made of the task and its context."""
        self.has_waited = False
        self.pipe, theirs = multiprocessing.Pipe()
        self.process: BaseProcess = process_context().Process(target=run_one_trial, args=(packed, theirs))
        try:
            with _bookkeeping:
                self.process.start()
        finally:
            theirs.close()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self.process.pid is not None
        return self.process.pid

    def exitcode(self) -> int | None:
        """Wait for its end."""
        wait([self.process.sentinel])
        with _bookkeeping:
            self.process.join()
        return self.process.exitcode

    def interrupt(self, stop: Stop, trial: CurrentTrial) -> None:
        """Pass Ctrl-C on, and give the task up to `GRACE_S` seconds to tidy up.

        What it tells the trial meanwhile is answered: it would wait for that until it is killed.
        """
        _signal(self.process, signal.SIGINT)
        answers, ends = answers_of(trial), time.monotonic() + GRACE_S
        watched: list[Any] = [self.pipe, self.process.sentinel]
        while time.monotonic() < ends and not stop.at_once.is_set():
            ready = wait(watched, LOOK_S)
            if self.process.sentinel in ready:
                return
            if ready and not answer_next(self.pipe, answers):
                watched = [self.process.sentinel]

    def close(self) -> None:
        """Kill it, also what it left behind: data loaders, say."""
        if self.process.pid is not None:
            _signal(self.process, platforms.KILL)
            self.exitcode()
        self.pipe.close()


class TrialProcesses:
    """The processes of a slot's trials, each for one trial.

    Once a trial's task has begun the next one's process is started, unless `ahead` is false: what it takes until it
    can begin is then not spent between two trials. Not sooner, because the two would slow each other.
    """

    def __init__(self, packed: bytes, *, ahead: bool) -> None:
        self._packed = packed
        self._ahead = ahead
        self._spare: TrialProcess | None = None

    def take(self) -> TrialProcess:
        """A process that waits for its trial."""
        spare, self._spare = self._spare, None
        return self.new() if spare is None else spare

    def new(self) -> TrialProcess:
        """One that is started now."""
        return TrialProcess(self._packed)

    def prepare(self) -> None:
        """Start the next one; what keeps it from starting is no fault of the trial that runs, and is said later."""
        if self._ahead and self._spare is None:
            with contextlib.suppress(OSError):
                self._spare = TrialProcess(self._packed)
                self._spare.has_waited = True

    def close(self) -> None:
        """End the one that waits: its slot has no further trial."""
        if self._spare is not None:
            self._spare.close()
            self._spare = None


def run_in_process(job: Job, trial: CurrentTrial, limits: Limits, processes: TrialProcesses) -> Outcome:
    """Run the job in a process of its own and serve its reports until it ends.

    On KeyboardInterrupt, also one that `limits.stop` passes on, the process gets one SIGINT and up to `GRACE_S` seconds
    to end, then it is killed; the interrupt is passed on to the caller. Any other exception kills it at once.
    """
    own = cloudpickle.dumps((job.config, job.folder, job.facts, job.environment))
    started: TrialProcess | None = None
    try:
        started = processes.take()
        try:
            return _hand_over(started, own, trial, limits, began=processes.prepare)
        except _DiedWaitingError:  # the kernel may have wanted its memory
            started.close()
            started = processes.new()
            return _hand_over(started, own, trial, limits, began=processes.prepare)
    except KeyboardInterrupt:
        if started is not None:
            started.interrupt(limits.stop, trial)
        raise
    finally:
        if started is not None:
            started.close()


def _hand_over(
    started: TrialProcess, own: bytes, trial: CurrentTrial, limits: Limits, began: Callable[[], None]
) -> Outcome:
    try:
        started.pipe.send_bytes(own)
    except BrokenPipeError:
        if started.has_waited:
            raise _DiedWaitingError from None
        return _never_begun()
    return _serve(started, trial, limits, began)


def _serve(started: TrialProcess, trial: CurrentTrial, limits: Limits, began: Callable[[], None]) -> Outcome:
    pipe = started.pipe
    ends = math.inf if limits.timeout_s is None else time.monotonic() + limits.timeout_s
    killed_before = _killed_for_memory()
    answers = answers_of(trial)
    has_begun = False
    while True:
        limits.stop.check()
        try:
            ready = wait([pipe, started.process.sentinel], max(0.0, min(LOOK_S, ends - time.monotonic())))
            if not ready:
                limits.place.look(started.pid)
                if limits.lost.is_set():
                    return Outcome.ended(Ending.LOST)
                if time.monotonic() >= ends:
                    reason = f"no result within trial_timeout_s={limits.timeout_s:g}"
                    return Outcome(Ending.TIMED_OUT, reason=reason, kinds=(TIMEOUT,))
                continue
            if pipe not in ready:  # it is dead, but what it has forked holds the other end of the pipe
                raise EOFError
            name, arguments = pipe.recv()
        except (EOFError, ConnectionResetError):  # the other end closes only by dying
            if not has_begun and started.has_waited:
                raise _DiedWaitingError from None
            if not has_begun and started.exitcode() == 1:
                return _never_begun()
            return _death(started.exitcode(), for_memory=_killed_for_memory() > killed_before)
        if name == "outcome":
            return Outcome(*arguments)
        if name == "began":
            has_begun = True
            began()
            continue
        if name == "report":
            limits.place.step()
        pipe.send(answers[name](*arguments))


def _never_begun() -> Outcome:
    call = unguarded_call()
    if call is None:
        return Outcome.failed("its process ended before it began; what it printed is above")
    return Outcome.failed(
        f"its process imported the app's file, which started the app once more ({call}). Put that call below a line "
        '`if __name__ == "__main__":`, or set hydra.sweeper.isolation=none'
    )


def _death(exitcode: int | None, *, for_memory: bool) -> Outcome:
    if exitcode is None or exitcode >= 0:
        return Outcome.failed(f"its process exited with status {exitcode}", ("SystemExit",))
    name = signal.Signals(-exitcode).name
    if name == "SIGKILL" and for_memory:
        return Outcome.failed("killed by the kernel because memory ran out (SIGKILL)", (name, "MemoryError"))
    return Outcome.failed(f"killed by {name}", (name,))


def _killed_for_memory() -> int:
    """How many processes the kernel has killed for memory since the machine started; 0 where it does not say."""
    counters = Path("/proc/vmstat")
    lines = counters.read_text().splitlines() if counters.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _signal(process: BaseProcess, number: int) -> None:
    """Send a signal to a process and its group, or to it alone where it has not made its group yet."""
    if process.pid is None or platforms.signal_group(process.pid, number):
        return
    with contextlib.suppress(ProcessLookupError):  # it ends while one looks
        if process.is_alive():
            platforms.signal_process(process.pid, number)
