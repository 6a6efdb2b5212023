"""What runs in a study now, for a page that follows the search."""

from collections import Counter
from datetime import datetime

from optuna.trial import TrialState
from optuna_search import StudyView, TrialView

from src.render.table import Row, Table, numbers, texts
from src.study.clock import duration

_WORDS = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


def counts(study: StudyView) -> str:
    """How many trials are in which state, as a sentence."""
    found = Counter(trial.state for trial in study.trials)
    return ", ".join(f"{found[state]} {word}" for state, word in _WORDS.items() if found[state]) or "No trial yet"


def running_table(study: StudyView) -> Table:
    """A row for each trial that runs: how far it is, what it reported last, for how long it runs, its parameters."""
    columns = (*numbers("trial", "step"), *numbers(study.objectives[0]), *numbers("for"), *texts("parameters"))
    return Table(columns, tuple(Row(_cells(trial)) for trial in study.trials if trial.state == TrialState.RUNNING))


def _cells(trial: TrialView) -> tuple[str | float | None, ...]:
    step = trial.step
    return (
        trial.number,
        step if trial.steps is None or step is None else f"{step} of {trial.steps}",
        None if step is None else trial.intermediate_values.get(step),
        "" if trial.began is None else duration((datetime.now() - trial.began).total_seconds()),
        " ".join(f"{key}={_text(value)}" for key, value in trial.params.items()),
    )


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
