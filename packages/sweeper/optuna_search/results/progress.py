"""One live display of a running sweep; plain lines where the output is no terminal.

It reads the study's storage, so that it sees the trials of every worker, wherever it runs.
"""

import logging
import threading
import time
from collections import Counter
from datetime import timedelta
from types import TracebackType

import optuna
from optuna.trial import TrialState
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from optuna_search.results.table import (
    LONGEST_REASON,
    LONGEST_TEXT,
    duration_text,
    number_text,
    printable,
    say,
    short_names,
    shortened,
)
from optuna_search.study.queue import TrialBudget
from optuna_search.study.views import StudyView, TrialView

INTERVAL_S = 0.5

log = logging.getLogger(__name__)


class SweepProgress:
    """Shows a study's progress while the block runs.

    Side effects: a thread that reads the storage twice a second.
    """

    def __init__(self, study: optuna.Study, n_trials: int, console: Console) -> None:
        self._study = study
        self._n_trials = n_trials
        self._console = console
        trials = study.get_trials(deepcopy=False)
        self._announced: set[int] = {trial.number for trial in trials if trial.state.is_finished()}
        self._before = len(TrialBudget.of(trials).finished)
        self._started = time.monotonic()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._display = Progress(
            TextColumn("{task.description}", style="bold", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[status]}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._display.add_task(
            printable(shortened(study.study_name, LONGEST_TEXT)), total=n_trials, completed=self._before, status=""
        )

    def __enter__(self) -> "SweepProgress":
        """Start watching."""
        self._display.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching; what finished last is still shown."""
        self._done.set()
        self._thread.join()
        self._update()
        self._display.stop()

    def _watch(self) -> None:
        while not self._done.wait(INTERVAL_S):
            self._update()

    def _update(self) -> None:
        try:
            self._show()
        except Exception:  # what is shown decides nothing: the storage may answer again, and the sweep goes on
            log.warning("The progress of the sweep could not be shown.", exc_info=True)

    def _show(self) -> None:
        view = StudyView.of(self._study)
        budget = TrialBudget.of([trial.frozen for trial in view.trials])
        finished = len(budget.finished)
        for trial in view.trials:
            if trial.is_finished and trial.number not in self._announced:
                self._announced.add(trial.number)
                self._announce(view, trial, finished)
        self._display.update(self._task, completed=finished, status=self._status(view, budget))

    def _status(self, view: StudyView, budget: TrialBudget) -> str:
        counts = Counter(trial.state for trial in budget.taken)
        parts = [f"{counts[TrialState.RUNNING]} running"]
        parts += [f"{counts[state]} {word}" for state, word in _WORDS.items() if counts[state]]
        if left := self._time_left(len(budget.finished)):
            parts.append(f"~{left} left")
        if view.ranked:
            parts.append(f"best {_values(view, view.ranked[0])} {_params(view.ranked[0])}")
        return printable(" · ".join(parts))

    def _announce(self, view: StudyView, trial: TrialView, finished: int) -> None:
        if trial.is_complete:
            outcome = _values(view, trial)
        elif trial.state == TrialState.PRUNED:
            outcome = f"pruned at step {trial.frozen.last_step}"
        else:
            ended = "to be tried again" if trial.is_repeated else "failed"
            outcome = f"{ended}: {shortened(trial.reason, LONGEST_REASON)}"
        left = self._time_left(finished)
        say(
            f"trial {trial.number} · {outcome} · {_params(trial)} · {duration_text(trial.duration)}"
            f"  [{finished}/{self._n_trials}{f', ~{left} left' if left else ''}]",
            self._console,
        )

    def _time_left(self, finished: int) -> str:
        ours = finished - self._before
        if ours <= 0 or finished >= self._n_trials:
            return ""
        seconds = (time.monotonic() - self._started) / ours * (self._n_trials - finished)
        return duration_text(timedelta(seconds=seconds))


_WORDS = {TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


def _values(view: StudyView, trial: TrialView) -> str:
    return ", ".join(f"{name} {number_text(value)}" for name, value in zip(view.objectives, trial.values, strict=True))


def _params(trial: TrialView) -> str:
    names = short_names(list(trial.params))
    return " ".join(f"{name}={number_text(value)}" for name, value in zip(names, trial.params.values(), strict=True))
