"""How a trial ends."""

import enum
from dataclasses import dataclass
from typing import Any


class Ending(enum.Enum):
    """How a trial ended, or its part in one process."""

    COMPLETED = "completed"  # the task returned
    PRUNED = "pruned"  # the task raised TrialPruned
    FAILED = "failed"  # the task or its process failed, or returned no result
    TIMED_OUT = "timed out"  # it took longer than `trial_timeout_s`
    INTERRUPTED = "interrupted"  # the sweep was told to end, which is no fault of the trial
    WORKER_DIED = "its worker died"  # the process that ran the trial is gone
    LOST = "its lease was lost"  # another worker has been given the trial

    @property
    def is_failure(self) -> bool:
        """Whether the trial has no result for the study."""
        return self not in (Ending.COMPLETED, Ending.PRUNED)


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        ending: How.
        value: What the task returned, if it ended well.
        reason: Name and message of the exception, or what ended the process; empty if the task ended well.
        kinds: What `retry_on` may call the failure: the exception's class and its bases, a signal, `TrialTimeout`.
        seconds: How long the task took, from its first line on; None where its process did not live to say.
    """

    ending: Ending
    value: Any = None
    reason: str = ""
    kinds: tuple[str, ...] = ()
    seconds: float | None = None

    @classmethod
    def completed(cls, value: Any) -> "Outcome":
        """The task returned `value`."""
        return cls(Ending.COMPLETED, value)

    @classmethod
    def failed(cls, reason: str, kinds: tuple[str, ...] = ()) -> "Outcome":
        """The task failed."""
        return cls(Ending.FAILED, reason=reason, kinds=kinds)

    @classmethod
    def of_error(cls, error: BaseException) -> "Outcome":
        """The task failed with an exception."""
        try:
            text = str(error)
        except Exception as reason:  # a class of anybody's making
            text = f"(it cannot be shown: {type(reason).__name__})"
        return cls.failed(f"{type(error).__name__}: {text}".strip(), kinds_of(error))

    @classmethod
    def ended(cls, ending: Ending) -> "Outcome":
        """An ending whose name says all."""
        return cls(ending, reason=ending.value if ending.is_failure else "")


def kinds_of(error: BaseException) -> tuple[str, ...]:
    """The names of an exception's classes, bare and with their modules, up to Exception; then those of its causes."""
    names: dict[str, None] = {}
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:  # causes may go round in a circle
        seen.add(id(cause))
        for kind in type(cause).__mro__[: type(cause).__mro__.index(BaseException)]:
            names |= dict.fromkeys((kind.__name__, f"{kind.__module__}.{kind.__qualname__}"))
        cause = cause.__cause__
    return tuple(names)
