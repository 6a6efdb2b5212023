"""`current_trial()`: how a task tells the study about its progress and learns that it should stop.

    trial = current_trial()
    for epoch in range(epochs):
        trial.report(accuracy, step=epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

Outside a sweep the same lines run on a null object: reports go nowhere and nothing is pruned.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol

from optuna_search.trial.returned import attribute_name, plain, step_number

if TYPE_CHECKING:
    import optuna


class CurrentTrial(Protocol):
    """The part of an Optuna trial that a task may use.

    Attributes:
        number: The trial's number in its study, equal to `hydra.job.num`; None outside a sweep.
        params: The searched parameters by override key, e.g. `{"train.lr0": 0.01}`; empty outside a sweep.
        study_name: None outside a sweep.
        study_user_attrs: The study's user attributes as they were when the trial started.
        replicate: The override that tells this replicate from the trial's others, e.g. `train.seed=1`; None if the
            trial is run once.
    """

    number: int | None
    params: Mapping[str, Any]
    study_name: str | None
    study_user_attrs: Mapping[str, Any]
    replicate: str | None

    def report(self, value: float, step: int) -> None:
        """Tell the study the objective at `step`; what pruners look at."""

    def should_prune(self) -> bool:
        """Whether the pruner wants the trial to end, judged by what was reported so far."""

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep a JSON-able `value` on the trial."""

    def set_constraint(self, key: str, value: float) -> None:
        """Say how far the trial is from keeping a constraint: it is kept where `value` is at most 0."""


@dataclass
class TrialFacts:
    """What a trial is, as `CurrentTrial` describes it; as it is made, nothing: outside a sweep."""

    number: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    study_name: str | None = None
    study_user_attrs: Mapping[str, Any] = field(default_factory=dict)
    replicate: str | None = None

    @classmethod
    def of(cls, trial: CurrentTrial) -> "TrialFacts":
        """The facts alone, which can be sent to another process."""
        return TrialFacts(**{fact.name: getattr(trial, fact.name) for fact in fields(TrialFacts)})


class NullTrial(TrialFacts):
    """A trial that nothing listens to: outside a sweep."""

    def report(self, value: float, step: int) -> None:
        """Nothing listens."""

    def should_prune(self) -> bool:
        """Nothing decides."""
        return False

    def set_user_attr(self, key: str, value: Any) -> None:
        """Nothing is kept."""

    def set_constraint(self, key: str, value: float) -> None:
        """Nothing is kept."""


class StudyTrial(TrialFacts):
    """A trial in the process that holds the study."""

    def __init__(self, trial: "optuna.Trial", params: Mapping[str, Any]) -> None:
        super().__init__(trial.number, params, trial.study.study_name, trial.study.user_attrs)
        self._trial = trial

    def report(self, value: float, step: int) -> None:
        """Optuna knows intermediate values only of studies with one objective; others ignore them."""
        if len(self._trial.study.directions) == 1:
            self._trial.report(float(value), step_number(step))

    def should_prune(self) -> bool:
        """Never in a study with several objectives, where Optuna cannot prune."""
        return len(self._trial.study.directions) == 1 and self._trial.should_prune()

    def set_user_attr(self, key: str, value: Any) -> None:
        """Stored at once."""
        self._trial.set_user_attr(attribute_name(key), plain(value))

    def set_constraint(self, key: str, value: float) -> None:
        """Stored at once; Optuna keeps the first value of a constraint."""
        self._trial.set_constraint(attribute_name(key), float(value))


_NULL = NullTrial()
_current: CurrentTrial = _NULL  # a process runs one trial at a time


def current_trial() -> CurrentTrial:
    """The trial that runs in this process, or a null object outside a sweep."""
    return _current


@contextmanager
def running(trial: CurrentTrial) -> Iterator[None]:
    """Make `trial` the current one within the block.

    Side effects: changes what `current_trial()` returns in the whole process.
    """
    global _current  # noqa: PLW0603 - the one place that sets it
    _current = trial
    try:
        yield
    finally:
        _current = _NULL
