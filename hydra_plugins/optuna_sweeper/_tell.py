"""How a trial's outcome is entered into the study: a result, pruned, failed, or to be tried again."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from hydra_plugins.optuna_sweeper._isolation import LOST
from hydra_plugins.optuna_sweeper._job import CONSOLE, INTERRUPTED, Outcome
from hydra_plugins.optuna_sweeper._lease import DIED, due_retry
from hydra_plugins.optuna_sweeper._queue import OVERRIDES, lapse
from hydra_plugins.optuna_sweeper._study import FOLDER, chosen_by_name

log = logging.getLogger(__name__)

LOG_TAIL = "log_tail"  # trial user attribute: the last lines that a failed trial printed
TAIL_LINES, TAIL_BYTES = 15, 4000
RETURNED = ("value", "values", "constraints", "user_attrs")


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
        """What `lapse()` needs for the repetition, or None for none."""
        if outcome.error == INTERRUPTED:  # it was not the trial's fault
            return due_retry(trial, self.max_retries, counts=False)
        if outcome.error == DIED:
            return due_retry(trial, self.max_retries)
        if not set(self.retry_on) & set(outcome.kinds):
            return None
        due = due_retry(trial, self.max_retries)
        return None if due is None else {**due, OVERRIDES: list(self.overrides)}


@dataclass(frozen=True)
class Result:
    """What a task returned, taken apart.

    Attributes:
        values: One number for each direction.
        constraints: Kept where at most 0.
        user_attrs: To keep on the trial.
    """

    values: list[float]
    constraints: Mapping[str, float]
    user_attrs: Mapping[str, Any]


def tell(study: optuna.Study, trial: optuna.Trial, outcome: Outcome, rules: RetryRules) -> None:
    """Enter the outcome into the study; a result that is no finite number is a failure with a reason.

    A trial that has been given up as dead meanwhile stays what it was told to be.
    """
    if outcome.error == LOST:
        _warn_of_lost(trial)
        return
    try:
        result = None if outcome.pruned or outcome.error else read_result(outcome.value, len(study.directions))
    except ValueError as problem:
        outcome = Outcome(error=str(problem), kinds=("ValueError",))
        result = None
    if outcome.error:
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
    except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
        if not study.get_trials(deepcopy=False)[trial.number].state.is_finished():
            raise
        _warn_of_lost(trial)


def read_result(returned: Any, objectives: int) -> Result:
    """Take apart what a task returned: a number, a sequence of them, or a mapping with `value` or `values`.

    Raises:
        ValueError: It is something else; the message is the trial's reason to fail.
    """
    if not isinstance(returned, Mapping):
        return Result(_numbers(returned, objectives), {}, {})
    if unknown := sorted(set(map(str, returned)) - set(RETURNED)):
        raise ValueError(f"the task returned a mapping with {', '.join(unknown)}; expected {', '.join(RETURNED)}")
    if ("value" in returned) == ("values" in returned):
        raise ValueError("the task returned a mapping that needs either 'value' or 'values'")
    constraints = {str(key): value for key, value in (returned.get("constraints") or {}).items()}
    for key, value in constraints.items():
        if not isinstance(value, int | float) or math.isnan(value):
            raise ValueError(f"the task returned {value!r} for the constraint '{key}'; expected a number, kept if ≤ 0")
    values = _numbers(returned["value"] if "value" in returned else returned["values"], objectives)
    return Result(values, constraints, dict(returned.get("user_attrs") or {}))


def _numbers(returned: Any, objectives: int) -> list[float]:
    values = list(returned) if isinstance(returned, list | tuple) else [returned]
    if len(values) != objectives:
        raise ValueError(f"the task returned {len(values)} values, but the study has {objectives} directions")
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError) as error:
        wanted = "the study needs a number for each direction"
        raise ValueError(f"the task returned {returned!r}, but {wanted}") from error
    if any(math.isnan(number) for number in numbers):
        raise ValueError("the task returned NaN")
    return numbers


def _fail(study: optuna.Study, trial: optuna.Trial, outcome: Outcome, rules: RetryRules) -> None:
    frozen = study.get_trials(deepcopy=False)[trial.number]
    tail = _tail(frozen.user_attrs.get(FOLDER))
    if tail and not frozen.state.is_finished():
        trial.set_user_attr(LOG_TAIL, tail)
    if not lapse(study, frozen, outcome.error, rules.due(frozen, outcome)):
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
        "Trial %d was given up as dead while it ran here, for want of a sign of life within lease_s; its parameters "
        "have been queued again and what it found here is not used.",
        trial.number,
    )
