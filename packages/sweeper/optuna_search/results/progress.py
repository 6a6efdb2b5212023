"""One live display of a running sweep; plain lines where the output is no terminal.

It reads the study's storage, so that it sees the trials of every worker, wherever it runs.
"""

import logging
import statistics
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType

import optuna
from optuna.trial import TrialState
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

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
from optuna_search.wrapping import joined

INTERVAL_S = 0.5
SHOWN = 8  # running trials with a line of their own
_WIDEST_TIME = len("1 day, 23:59:59")

log = logging.getLogger(__name__)


class _Display(Progress):
    """A bar with counts and the time on one line, and below it what runs and what is best, broken between words."""

    status: Sequence[Sequence[str]] = ()

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bar, then the lines below it."""
        yield from super().get_renderables()
        for pieces in self.status:
            yield from map(Text, joined(pieces, self.console.width))


class SweepProgress:
    """Shows a study's progress while the block runs.

    Side effects: a thread that reads the storage twice a second.
    """

    def __init__(
        self, study: optuna.Study, n_trials: int, console: Console, interrupted: threading.Event | None = None
    ) -> None:
        """Args: `interrupted` is set when the sweep has been told to end."""
        self._study = study
        self._n_trials = n_trials
        self._console = console
        self._interrupted = interrupted or threading.Event()
        trials = study.get_trials(deepcopy=False)
        self._announced: set[int] = {trial.number for trial in trials if trial.state.is_finished()}
        self._before = len(TrialBudget.of(trials).finished)
        self._most_at_once = 1
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        count = 2 * len(str(n_trials)) + 1
        self._display = _Display(
            TextColumn("{task.description}", style="bold", markup=False, table_column=Column(overflow="ellipsis")),
            BarColumn(),
            MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=count)),
            TimeElapsedColumn(table_column=Column(no_wrap=True, min_width=_WIDEST_TIME)),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._display.add_task(
            printable(shortened(study.study_name, LONGEST_TEXT)), total=n_trials, completed=self._before
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
        counts = Counter(trial.state for trial in budget.taken)
        self._most_at_once = max(self._most_at_once, counts[TrialState.RUNNING])
        for trial in view.trials:
            if trial.is_finished and trial.number not in self._announced:
                self._announced.add(trial.number)
                self._announce(view, trial, finished)
        self._display.status = [self._status(view, counts, finished), *_running(view)]
        self._display.update(self._task, completed=finished)

    def _status(self, view: StudyView, counts: Mapping[TrialState, int], finished: int) -> list[str]:
        parts = [f"{counts[TrialState.RUNNING]} running"]
        parts += [f"· {counts[state]} {word}" for state, word in _WORDS.items() if counts[state]]
        if self._interrupted.is_set():
            parts.append("· interrupted: waiting for their end, half a minute at most (Ctrl-C again: not at all)")
        elif left := self._time_left(view, finished):
            parts.append(f"· ~{left} left")
        if view.ranked:
            best = view.ranked[0]
            parts += [f"· best {_values(view, best)}", *_params(best)]
        return [printable(part) for part in parts]

    def _announce(self, view: StudyView, trial: TrialView, finished: int) -> None:
        if trial.is_complete:
            outcome = _values(view, trial)
        elif trial.state == TrialState.PRUNED:
            outcome = f"pruned at step {trial.frozen.last_step}"
        else:
            ended = "to be tried again" if trial.is_repeated else "failed"
            outcome = f"{ended}: {shortened(trial.reason, LONGEST_REASON)}"
        left = self._time_left(view, finished)
        say(
            f"trial {trial.number} · {outcome} · {' '.join(_params(trial))} · {duration_text(trial.duration)}"
            f"  [{finished}/{self._n_trials}{f', ~{left} left' if left else ''}]",
            self._console,
        )

    def _time_left(self, view: StudyView, finished: int) -> str:
        """By how long trials have taken, not by the time since the command, which is longer by the sweep's start.

        Nothing is said where what runs has taken longer than the others did: nobody knows how much longer.
        """
        took = [trial.duration.total_seconds() for trial in view.trials if trial.is_finished and trial.duration]
        if not took or finished >= self._n_trials:
            return ""
        mean, left = statistics.fmean(took), self._n_trials - finished
        running = (trial.frozen.datetime_start for trial in view.trials if trial.state == TrialState.RUNNING)
        done = sum(min(mean, (datetime.now() - begun).total_seconds()) for begun in running if begun)
        seconds = (mean * left - done) / min(self._most_at_once, left)
        return duration_text(timedelta(seconds=seconds)) if seconds >= 1 else ""


def _running(view: StudyView) -> list[list[str]]:
    """A line for each trial that runs, the oldest first; of very many the rest is counted."""
    running = [trial for trial in view.trials if trial.state == TrialState.RUNNING]
    lines = [
        [f"  trial {trial.number}", *(f"· {part}" for part in _progress(trial, view)), *_after_dot(trial)]
        for trial in running
    ]
    more = [[f"  … and {len(lines) - SHOWN} more"]] if len(lines) > SHOWN else []
    return [*([printable(piece) for piece in line] for line in lines[:SHOWN]), *more]


def _progress(trial: TrialView, view: StudyView) -> list[str]:
    """How far a running trial has come: steps of steps, what it reported last, for how long it runs."""
    parts = []
    if (step := trial.step) is not None:
        parts.append(f"step {step}" if trial.steps is None else f"step {step} of {trial.steps}")
        if step in trial.intermediate_values:
            parts.append(f"{view.objectives[0]} {number_text(trial.intermediate_values[step])}")
    if trial.began is not None:
        parts.append(duration_text(datetime.now() - trial.began))
    return parts


def _after_dot(trial: TrialView) -> list[str]:
    """The parameters, the first of them behind a dot."""
    return [f"· {text}" if place == 0 else text for place, text in enumerate(_params(trial))]


_WORDS = {TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


def _values(view: StudyView, trial: TrialView) -> str:
    return ", ".join(f"{name} {number_text(value)}" for name, value in zip(view.objectives, trial.values, strict=True))


def _params(trial: TrialView) -> list[str]:
    names = short_names(list(trial.params))
    return [f"{name}={number_text(value)}" for name, value in zip(names, trial.params.values(), strict=True)]
