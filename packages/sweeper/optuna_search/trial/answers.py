"""What the worker answers a trial's process, which knows neither storage nor pruner."""

import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from optuna_search.trial.current import CurrentTrial

Answer = tuple[Any, Exception | None]  # what the call returned, or what it raised


class Pipe(Protocol):
    """One end of a pipe, whose class is another one on Windows."""

    def send(self, sent: Any, /) -> None:
        """Send an object."""

    def recv(self) -> Any:
        """Wait for an object; EOFError once the other end is closed."""


def answers_of(trial: CurrentTrial) -> Mapping[str, Callable[..., Answer]]:
    """What answers a task, by the method of its trial that it calls."""
    return {
        "report": partial(_answer, trial.report),
        "should_prune": partial(_answer, trial.should_prune),
        "set_user_attr": partial(_answer, trial.set_user_attr),
        "set_constraint": partial(_answer, trial.set_constraint),
    }


def answer_next(pipe: Pipe, answers: Mapping[str, Callable[..., Answer]]) -> bool:
    """Answer what a task that was told to end has sent, whatever the study says; whether it can send more."""
    try:
        name, arguments = pipe.recv()
    except (EOFError, OSError):  # it ends
        return False
    if name in answers:
        try:
            answer = answers[name](*arguments)
        except Exception as error:  # the trial is somebody else's by now, or its storage is down
            answer = None, RuntimeError(f"{type(error).__name__}: {error}")
        with contextlib.suppress(OSError):
            pipe.send(answer)
    return True


def _answer(action: Callable[..., Any], *arguments: Any) -> Answer:
    """What the study refuses (a report that is no number, say) is the task's error, not the worker's."""
    try:
        return action(*arguments), None
    except (TypeError, ValueError, ArithmeticError) as error:
        return None, error
