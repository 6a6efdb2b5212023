"""How a trial's outcome is entered into the study: a result, pruned, failed, or to be tried again."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from optuna_search.attributes import FOLDER, LOG_TAIL, OVERRIDES
from optuna_search.ending import Ending, Outcome
from optuna_search.study.leases import due_retry
from optuna_search.study.queue import fail_and_requeue
from optuna_search.study.storages import chosen_by_name
from optuna_search.trial.job import CONSOLE
from optuna_search.trial.returned import read_result

log = logging.getLogger(__name__)

TAIL_LINES, TAIL_BYTES = 15, 4000


@dataclass(frozen=True)
class RetryRules:
    """Which failed trials are tried again.

    Attributes:
        max_retries: How often the same parameters are, in all.
        retry_on: Names of exceptions (bare or with module, base classes too), of signals, or `TrialTimeout`.
        overrides: Overrides that a repetition gets on top.
    """

    max_retries: int
    retry_on: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()

    def due(self, trial: FrozenTrial, outcome: Outcome) -> dict[str, Any] | None:
        """What `fail_and_requeue()` needs for the repetition, or None for none."""
        if outcome.ending is Ending.INTERRUPTED:  # it was not the trial's fault
            return due_retry(trial, self.max_retries, counts=False)
        if outcome.ending is Ending.WORKER_DIED:
            return due_retry(trial, self.max_retries)
        if not set(self.retry_on) & set(outcome.kinds):
            return None
        due = due_retry(trial, self.max_retries)
        return None if due is None else {**due, OVERRIDES: list(self.overrides)}


def tell(study: optuna.Study, trial: optuna.Trial, outcome: Outcome, rules: RetryRules) -> None:
    """Enter the outcome into the study; a result that is no finite number is a failure with a reason.

    A trial that has been taken for dead meanwhile stays what it was told to be.
    """
    if outcome.ending is Ending.LOST:
        _warn_of_lost(trial)
        return
    try:
        completed = outcome.ending is Ending.COMPLETED
        result = read_result(outcome.value, len(study.directions)) if completed else None
    except ValueError as problem:
        outcome = Outcome.failed(str(problem), ("ValueError",))
        result = None
    if outcome.ending.is_failure:
        _fail(study, trial, outcome, rules)
        return
    try:
        if result is None:
            study.tell(trial, state=TrialState.PRUNED)
            return
        for key, value in result.user_attrs.items():
            trial.set_user_attr(key, value)
        with chosen_by_name():
            for key, value in result.constraints.items():
                trial.set_constraint(key, value)
        study.tell(trial, result.values)
    except Exception as error:
        if study.get_trials(deepcopy=False)[trial.number].state.is_finished():
            _warn_of_lost(trial)
        else:  # the storage does not take what the task returned
            _fail(study, trial, Outcome.of_error(error), rules)


def _fail(study: optuna.Study, trial: optuna.Trial, outcome: Outcome, rules: RetryRules) -> None:
    frozen = study.get_trials(deepcopy=False)[trial.number]
    tail = _tail(frozen.user_attrs.get(FOLDER))
    if tail and not frozen.state.is_finished():
        trial.set_user_attr(LOG_TAIL, tail)
    if not fail_and_requeue(study, frozen, outcome, rules.due(frozen, outcome)):
        _warn_of_lost(trial)


def _tail(folder: str | None) -> str:
    """The last lines of everything that the trial's latest process printed."""
    logs: Sequence[Path] = sorted(Path(folder).rglob(CONSOLE), key=lambda path: path.stat().st_mtime) if folder else []
    if not logs:
        return ""
    with logs[-1].open("rb") as file:
        file.seek(max(0, logs[-1].stat().st_size - TAIL_BYTES))
        text = file.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-TAIL_LINES:]).replace("\x00", "")


def _warn_of_lost(trial: optuna.Trial) -> None:
    log.warning(
        "Trial %d was taken for dead while it ran here, because its lease was not renewed within lease_s. Its "
        "parameters are queued again; its result from here is not used.",
        trial.number,
    )
