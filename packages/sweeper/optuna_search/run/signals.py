"""How a slot ends when the machine is wanted back: by SIGTERM, or because Slurm says that its time is over.

And when Ctrl-C reaches it: not before it has begun.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from hydra.plugins.launcher import Launcher

from optuna_search import platforms
from optuna_search.run.plan import Home
from optuna_search.study.leases import machine
from optuna_search.trial.job import Terminated

log = logging.getLogger(__name__)

told_to_end = threading.Event()
_TRACKERS = {"": "multiprocessing.resource_tracker", "joblib": "joblib.externals.loky.backend.resource_tracker"}


@contextmanager
def ending_at_once(home: Home) -> Iterator[None]:
    """On SIGTERM give the running trial back to the queue and end.

    Submitit tells a slot by SIGUSR2 that its time is over and queues it again, if it may. If not, the slot ends as by
    SIGTERM, and the controller starts others for what is left.

    Side effects: signal handlers, within the block and in the main thread.

    Raises:
        Terminated: After SIGTERM, if the slot runs in the controller's own process; elsewhere the process ends.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over = getattr(signal, "SIGUSR2", None)  # not on Windows, and no Slurm either
    submitit = None if over is None else signal.getsignal(over)

    def ask_submitit(number: int, frame: Any) -> None:
        assert callable(submitit)
        try:
            submitit(number, frame)
        except Exception as error:  # it may not queue this slot again: its time has been over too often
            raise Terminated(128 + number) from error

    before = signal.signal(signal.SIGTERM, terminate)
    if over is not None and callable(submitit):
        signal.signal(over, ask_submitit)
    try:
        yield
    except Terminated as error:
        if (os.getpid(), machine()) == (home.pid, home.machine):
            raise
        log.warning("Told to end by SIGTERM; the running trial is queued again.")
        os._exit(int(str(error.code)))  # launchers would take an exception for the end of the whole sweep
    finally:
        signal.signal(signal.SIGTERM, before)
        if over is not None and callable(submitit):
            signal.signal(over, submitit)


@contextmanager
def noting_its_end(note: Callable[[], None]) -> Iterator[None]:
    """Call `note` as soon as Ctrl-C or SIGTERM arrives, before what it raises has reached the caller.

    A launcher kills its processes in between, and who watches them must know why they died.
    Side effects: signal handlers, within the block and in the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    now = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before = {number: handler for number, handler in now.items() if callable(handler)}  # what is ignored stays so

    def handle(number: int, frame: Any) -> None:
        note()
        before[signal.Signals(number)](number, frame)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def starting_deaf(launcher: Launcher) -> Iterator[None]:
    """Let processes that this thread starts within the block be deaf to Ctrl-C until they call
    `platforms.unblock_interrupts()`.

    One that is still importing would print a traceback. Other threads of this process hear of Ctrl-C still, and Python
    lets the main thread raise it.
    Side effects: the calling thread's signal mask, within the block; processes that multiprocessing needs.
    """
    if not platforms.CAN_BLOCK_INTERRUPTS:
        yield
        return
    for library, tracker in _TRACKERS.items():  # started later, they would end the block's deafness
        if library in type(launcher).__module__:
            import_module(tracker).ensure_running()
    with platforms.interrupts_blocked():
        yield


def terminate(*_: Any) -> None:
    """The handler of SIGTERM.

    Raises:
        Terminated: Always.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # one is enough
    told_to_end.set()
    raise Terminated(128 + signal.SIGTERM)
