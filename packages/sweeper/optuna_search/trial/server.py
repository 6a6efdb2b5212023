"""The fork server that the processes of trials come from: it has imported once what all of them need."""

import contextlib
import functools
import multiprocessing
import signal
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from optuna_search.scratch import scratch_folder
from optuna_search.trial.process import run_one_trial

PRELOAD_FIRST, PRELOAD_LAST = "optuna_search.trial.preload_first", "optuna_search.trial.preload_last"
SCRATCH = "sweep-"  # short: the path of a socket has 104 characters at most
SOCKET = 32  # characters of a socket's path within the folder


def warm_up(preload: Sequence[str]) -> None:
    """Start the fork server, which imports `preload` in the background while the sweep is set up.

    Side effects: a process that lives as long as this one.
    """
    context = process_context()
    if context.get_start_method() == "forkserver":
        from multiprocessing import forkserver

        context.set_forkserver_preload([PRELOAD_FIRST, run_one_trial.__module__, *preload, PRELOAD_LAST])
        with _sockets_in_scratch(), _deaf_to_interrupts():
            forkserver.ensure_running()


@contextlib.contextmanager
def _sockets_in_scratch() -> Iterator[None]:
    """Let multiprocessing keep its sockets where the next start finds them, should this process be killed."""
    before, folder = tempfile.tempdir, _scratch()
    if len(str(folder)) + SOCKET < 100:
        tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Let what is started within the block ignore Ctrl-C: the server does so later on, but not while it imports."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@functools.cache
def _scratch() -> Path:
    return scratch_folder(SCRATCH)


def process_context() -> Any:
    """How processes of trials are started: from a fork server where there is such a thing."""
    methods = multiprocessing.get_all_start_methods()
    if multiprocessing.get_start_method(allow_none=True) not in (None, *methods):
        # joblib's workers have a start method of their own, which children inherit by name but do not know
        multiprocessing.set_start_method(None, force=True)
    return multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
