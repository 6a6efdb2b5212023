"""What a sweep says at its start and its end. Nothing that is shown may end a sweep, or keep the next thing from it."""

import logging
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from rich.console import Console

from optuna_search.errors import SpaceError
from optuna_search.results.table import say
from optuna_search.space.parameter import as_text
from optuna_search.study.queue import TrialBudget
from optuna_search.study.storages import MEMORY, shown

WIDTH_OF_FILES = 160  # characters

log = logging.getLogger(__name__)


def console() -> Console:
    """Where a sweep prints.

    Where nothing says how wide the output is (a file, a pipe), it may be as wide as a table needs.

    Side effects: characters that the output's encoding does not have are printed as escapes from now on.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    knows_width = sys.stdout.isatty() or "COLUMNS" in os.environ
    return _Console(width=None if knows_width else WIDTH_OF_FILES)


class _Console(Console):
    """A console that falls silent where nobody reads it any longer, or the disk behind it is full."""

    def print(self, *objects: Any, **style: Any) -> None:
        """Print what can be printed."""
        try:
            super().print(*objects, **style)
        except OSError:
            self.quiet = True

    def on_broken_pipe(self) -> None:
        """Called by rich, which would end the program."""
        self.quiet = True


@contextmanager
def attempted(failure: str) -> Iterator[None]:
    """Log what goes wrong in the block, and go on: the trials are done, and what comes next does not need it."""
    try:
        yield
    except Exception:
        log.exception("%s.", failure)


def notify(callback: Any, event: str, study: optuna.Study) -> None:
    """Call a callback's method of that name; plain Optuna callbacks have none."""
    if hasattr(callback, event):
        getattr(callback, event)(study)


def start(study: optuna.Study, n_trials: int, folder: Path, console: Console) -> None:
    """Say what the sweep does, and what of it is there already."""
    there = len(TrialBudget.of(study.get_trials(deepcopy=False)).taken)
    done = f", {there} of them are there already" if there else ""
    if there >= n_trials:
        done += ": nothing is left to do; a larger hydra.sweeper.n_trials resumes it"
    say(f"Study {study.study_name}: {n_trials} trials{done}. Folder: {folder}", console)


def how_to_resume(study: optuna.Study, storage: Any, n_trials: int, console: Console) -> None:
    """Say how to look at the study, and how to resume it."""
    if str(storage).startswith(MEMORY):
        say("The study was in memory (hydra.sweeper.storage=null) and is not kept.", console)
        return
    if argument := shown(storage):
        say(f"Look at the study:  optuna-dashboard {argument}", console, whole=True)
    budget = TrialBudget.of(study.get_trials(deepcopy=False), n_trials)
    more = "" if not budget.complete else f" hydra.sweeper.n_trials={2 * n_trials}"
    name = shlex.quote(f"hydra.sweeper.study_name={_in_overrides(study.study_name)}")
    say(f"Resume:             the same command with {name}{more}", console, whole=True)


def _in_overrides(name: str) -> str:
    try:
        return as_text(name)
    except SpaceError:  # a name that only a configuration's file can hold
        return name
