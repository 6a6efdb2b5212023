"""The protocol of a run: what a training or a study writes its parameters, metrics and files to."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from src.mlflow.comparison_view import ComparisonView

ParamValue = bool | int | float | str | None


class RunStatus(StrEnum):
    """How a run ended, in MLflow's words."""

    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"  # by the user, or pruned


class Run(Protocol):
    """A run in a tracking store.

    No method raises because of the store, and none waits for it: a training is neither ended nor slowed down by its
    tracker. The exception is `end()` of a run without parent, which waits a bounded time for the delivery.
    """

    @property
    def id(self) -> str | None:
        """The run's id in the store, or None where nothing is recorded.

        Until the store has answered it is a provisional key (`pending-…`), which `open_run` takes as a parent or as
        a run to resume just as well. Ask late, after `end()`, to record the store's own id.
        """

    def log_params(self, params: Mapping[str, ParamValue]) -> None:
        """Record parameters; the first value that a parameter gets stays."""

    def log_metrics(self, metrics: Mapping[str, float], step: int, *, time_ms: int | None = None) -> None:
        """Record values of metrics at a step; NaN is recorded as such, and so is infinity."""

    def log_artifact(self, path: Path, folder: str = "") -> None:
        """Record a file, or the contents of a folder, under `folder`; it may be changed or deleted afterwards."""

    def log_text(self, text: str, name: str) -> None:
        """Record `text` as the file `name`."""

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Record tags; the last value that a tag gets stays."""

    def log_dataset(self, *, name: str, source: str, digest: str, context: str) -> None:
        """Record the data that the run used, in a role such as `training`; digests are cut to 36 characters."""

    def save_view(self, view: ComparisonView) -> None:
        """Save a view of the store's UI that compares the run's children."""

    @property
    def experiment_id(self) -> str | None:
        """The experiment's id in the store, or None as long as the store has not answered."""

    def end(self, status: RunStatus, time_ms: int | None = None) -> None:
        """End the run; what is logged afterwards is dropped, ending again does nothing.

        Args:
            status: How it ended.
            time_ms: When, in milliseconds since the epoch; None for now.
        """

    def close(self) -> None:
        """Stop logging and leave the run's status as it is."""


class NullRun:
    """A run that records nothing."""

    @property
    def id(self) -> str | None:
        """None: there is no store."""
        return None

    def log_params(self, params: Mapping[str, ParamValue]) -> None:
        """Do nothing."""

    def log_metrics(self, metrics: Mapping[str, float], step: int, *, time_ms: int | None = None) -> None:
        """Do nothing."""

    def log_artifact(self, path: Path, folder: str = "") -> None:
        """Do nothing."""

    def log_text(self, text: str, name: str) -> None:
        """Do nothing."""

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Do nothing."""

    def log_dataset(self, *, name: str, source: str, digest: str, context: str) -> None:
        """Do nothing."""

    def save_view(self, view: ComparisonView) -> None:
        """Do nothing."""

    @property
    def experiment_id(self) -> str | None:
        """None: there is no store."""
        return None

    def end(self, status: RunStatus, time_ms: int | None = None) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
