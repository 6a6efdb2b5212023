"""The trial's side of the pipe to its worker: a process that knows neither storage nor pruner."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cloudpickle
from hydra.core.plugins import Plugins
from hydra.core.singleton import Singleton
from hydra.core.utils import setup_globals

from optuna_search import platforms
from optuna_search.ending import Ending, Outcome
from optuna_search.trial.current import TrialFacts, running
from optuna_search.trial.job import CONSOLE, Job, run
from optuna_search.trial.returned import attribute_name, plain, step_number

GRACE_S = 30.0  # what a task gets to tidy up after Ctrl-C


class PipeTrial(TrialFacts):
    """A trial whose study lives at the other end of a pipe."""

    def __init__(self, pipe: Connection, facts: TrialFacts) -> None:
        super().__init__(**vars(facts))
        self._pipe = pipe
        self._lock = threading.Lock()

    def report(self, value: float, step: int) -> None:
        """Blocks until the worker has stored it."""
        self._ask("report", float(value), step_number(step))

    def should_prune(self) -> bool:
        """The worker asks the study's pruner."""
        return bool(self._ask("should_prune"))

    def set_user_attr(self, key: str, value: Any) -> None:
        """Blocks until the worker has stored it."""
        self._ask("set_user_attr", attribute_name(key), plain(value))

    def set_constraint(self, key: str, value: float) -> None:
        """Blocks until the worker has stored it."""
        self._ask("set_constraint", attribute_name(key), float(value))

    def _ask(self, name: str, *arguments: Any) -> Any:
        with self._lock:
            self._pipe.send((name, arguments))
            answer, error = self._pipe.recv()
        if error is not None:
            raise error
        return answer


def run_one_trial(packed: bytes, pipe: Connection) -> None:
    """Run the trial that comes through the pipe, and send what became of it.

    Args:
        packed: The task, Hydra's context and Hydra's global state, as `pack()` makes them, and the start method.
        pipe: To the worker.
    """
    platforms.lead_group()  # Ctrl-C reaches the worker only, which passes it on once
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells have what they start with `&` ignore it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        task, context, singletons, method = cloudpickle.loads(packed)
        # multiprocessing has set this process's own. What the task starts, such as data loaders, is to be started as
        # without a sweep: from a second fork server each would import anew all that this process has
        multiprocessing.set_start_method(method, force=True)
        # found by the fork server: to look for them takes long, and with the state set some would store configurations
        # a second time, of which Hydra 1.4 warns
        singletons["instances"][Plugins] = Plugins.instance()
        Singleton.set_state(singletons)
        setup_globals()
        try:
            own = pipe.recv_bytes()
        except (EOFError, ConnectionResetError, KeyboardInterrupt):  # no further trial, or no worker
            os._exit(0)
        config, folder, facts, environment = cloudpickle.loads(own)
        job = Job(config, folder, task, context, facts, environment)
        _redirect_output(job.folder / CONSOLE)
        os.environ.update(job.environment)
        with running(PipeTrial(pipe, job.facts)):
            outcome = run(job, began=lambda: pipe.send(("began", ())))
    except KeyboardInterrupt:
        outcome = Outcome.ended(Ending.INTERRUPTED)
    pipe.send(("outcome", (outcome.ending, outcome.value, outcome.reason, outcome.kinds, outcome.seconds)))
    pipe.close()


def end_if_imported() -> None:
    """End a trial's process that was to import the app's file, and found a sweep begun by it.

    Side effects: may end this process; its worker says why.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # it is being set up by multiprocessing
        os._exit(1)


def _end_with_parent() -> None:
    """A trial whose worker was killed must not hold the machine: it is asked to end as by Ctrl-C, then made to."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(GRACE_S)
        platforms.kill_own_group()


def _redirect_output(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    # a character that the machine's encoding does not have is no reason for a trial to fail
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
