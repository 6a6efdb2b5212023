"""What the courier asks of a tracking store; how it can fail is in src/mlflow/errors.py.

`StoreConformance` (tests/contract/store_conformance.py) tests a class against it; docs/guides/tracking.md says how to
add one.

A courier may be killed between a call and the note that the call was made, and an answer may be lost on its way. So
every call can be made twice: the second one changes nothing. `create_run` alone cannot: it is preceded by a look for
the run that it may have made before, and `delete_others` takes back what a server made that was asked twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from src.mlflow.comparison_view import ComparisonView


@dataclass(frozen=True)
class NewRun:
    """A run that is to begin.

    Attributes:
        experiment: Its experiment, made if missing.
        artifacts: Where a new experiment's artifacts go; empty leaves the choice to the store.
        name: What it is called.
        parent_run_id: The store's id of the run that it is shown under.
        tags: Its first tags, by which it can be found.
        environment: What it runs on, as `describe_environment` says it.
        time_ms: When it began, in milliseconds since 1970.
    """

    experiment: str
    artifacts: str
    name: str
    parent_run_id: str | None
    tags: Mapping[str, str]
    environment: Mapping[str, str]
    time_ms: int


@dataclass(frozen=True)
class StoredRun:
    """A run as the store has it.

    Attributes:
        experiment_id: the store's id of the run's experiment.
        params: the parameters that the run has.
    """

    experiment_id: str
    params: Mapping[str, str]


@dataclass(frozen=True)
class MetricValue:
    """A metric's value at a step, with the time in milliseconds since 1970."""

    name: str
    value: float
    step: int
    time_ms: int


@dataclass(frozen=True)
class DatasetUse:
    """A data set and the role it has in a run."""

    name: str
    source: str
    digest: str
    context: str


class Store(Protocol):
    """A tracking store. Every method may raise StoreUnavailableError or StoreRefusedError."""

    def create_run(self, run: NewRun) -> str:
        """Begin a run; returns its id."""

    def find_run(self, *, experiment: str, tag: str, value: str) -> str | None:
        """The run of an experiment that has a tag with a value."""

    def delete_others(self, run_id: str, *, experiment: str, tag: str, value: str) -> None:
        """Delete all runs of an experiment that have a tag with a value, but for one."""

    def resume_run(self, run_id: str) -> None:
        """Count a run as running again; raises RunNotFoundError."""

    def read_run(self, run_id: str) -> StoredRun:
        """Read a run; raises RunNotFoundError."""

    def log_params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Record parameters; a value that differs from the one that the run has is refused, the others are not."""

    def log_metrics(self, run_id: str, metrics: Sequence[MetricValue]) -> None:
        """Record values of metrics."""

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Record tags."""

    def log_artifacts(self, run_id: str, contents: Path, folder: str) -> None:
        """Record what is in a folder of this machine, under `folder`."""

    def log_text(self, run_id: str, text: str, name: str) -> None:
        """Record a text as a file."""

    def log_dataset(self, run_id: str, use: DatasetUse) -> None:
        """Record the use of a data set."""

    def save_view(self, run_id: str, view: ComparisonView, time_ms: int) -> None:
        """Save a view that compares the runs below a run, made at a time in milliseconds since 1970."""

    def end_run(self, run_id: str, status: str, time_ms: int) -> None:
        """Set the status with which a run ended, and when."""
