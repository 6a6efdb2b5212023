"""The seam to MLflow: its client behind the `Store` protocol, its exceptions translated.

Only the courier's process imports this module. It uses a client with its own URI and never MLflow's fluent functions,
so it has no state that could get in the way of anybody else's use of MLflow.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from src.tracking.store import (
    DatasetUse,
    MetricValue,
    RunNotFoundError,
    StoredRun,
    StoreRefusedError,
    StoreUnavailableError,
)

METRICS_PER_BATCH = 1000
PARAMS_PER_BATCH = 100
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}  # MLflow takes it for one about prompts else

_REFUSALS = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "MALFORMED_REQUEST", "INVALID_STATE", "RESOURCE_ALREADY_EXISTS"}
_UNKNOWN = {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"}

_Item = TypeVar("_Item")


class MlflowStore:
    """The store at a tracking URI; see `Store` for the methods."""

    def __init__(self, uri: str) -> None:
        """Connect.

        Raises:
            StoreUnavailableError: the database or server cannot be opened.
        """
        with _translated("opening the store"):
            self._client = MlflowClient(tracking_uri=uri)
        self._experiment_ids: dict[str, str] = {}

    def create_run(self, *, experiment: str, artifacts: str, name: str, tags: Mapping[str, str], time_ms: int) -> str:
        """Begin a run."""
        with _translated(f"creating run '{name}'"):
            experiment_id = self._experiment_id(experiment, artifacts)
            run = self._client.create_run(experiment_id, start_time=time_ms, tags=dict(tags), run_name=name)
            return str(run.info.run_id)

    def find_run(self, *, experiment: str, tag: str, value: str) -> str | None:
        """Find a run by a tag."""
        with _translated("looking for a run"):
            found = self._client.get_experiment_by_name(experiment)
            if found is None:
                return None
            runs = self._client.search_runs([found.experiment_id], f"tags.`{tag}` = '{value}'", max_results=1)
            return str(runs[0].info.run_id) if runs else None

    def resume_run(self, run_id: str) -> None:
        """Count a run as running again."""
        with _translated(f"going on with run {run_id}"):
            self._client.update_run(run_id, status="RUNNING")

    def read_run(self, run_id: str) -> StoredRun:
        """Read a run."""
        with _translated(f"reading run {run_id}"):
            run = self._client.get_run(run_id)
            return StoredRun(str(run.info.experiment_id), dict(run.data.params))

    def tag_experiment(self, experiment_id: str, tags: Mapping[str, str]) -> None:
        """Record tags of an experiment."""
        with _translated("tagging the experiment"):
            for name, value in tags.items():
                self._client.set_experiment_tag(experiment_id, name, value)

    def log_params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Record parameters."""
        with _translated(f"logging parameters {', '.join(params)}"):
            for batch in _batches([Param(*item) for item in params.items()], PARAMS_PER_BATCH):
                self._client.log_batch(run_id, params=batch)

    def log_metrics(self, run_id: str, metrics: Sequence[MetricValue]) -> None:
        """Record metrics."""
        with _translated(f"logging metrics {', '.join(sorted({metric.name for metric in metrics}))}"):
            values = [Metric(metric.name, metric.value, metric.time_ms, metric.step) for metric in metrics]
            for batch in _batches(values, METRICS_PER_BATCH):
                self._client.log_batch(run_id, metrics=batch)

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Record tags."""
        with _translated(f"setting tags {', '.join(tags)}"):
            for batch in _batches([RunTag(*item) for item in tags.items()], PARAMS_PER_BATCH):
                self._client.log_batch(run_id, tags=batch)

    def log_artifact(self, run_id: str, path: Path, folder: str) -> None:
        """Upload a file or the contents of a folder."""
        with _translated(f"uploading {path.name}"):
            upload: Callable[..., Any] = self._client.log_artifacts if path.is_dir() else self._client.log_artifact
            upload(run_id, str(path), folder or None)

    def log_text(self, run_id: str, text: str, name: str) -> None:
        """Upload a text as a file."""
        with _translated(f"uploading {name}"):
            self._client.log_text(run_id, text, name)

    def log_dataset(self, run_id: str, use: DatasetUse) -> None:
        """Record the use of a data set."""
        source = json.dumps({"uri": use.source})
        dataset = Dataset(name=use.name, digest=use.digest, source_type="local", source=source)
        with _translated(f"logging data set {use.name}"):
            role = InputTag("mlflow.data.context", use.context)
            self._client.log_inputs(run_id, datasets=[DatasetInput(dataset, tags=[role])])

    def end_run(self, run_id: str, status: str, time_ms: int) -> None:
        """Set a run's final status."""
        with _translated(f"ending run {run_id}"):
            self._client.set_terminated(run_id, status=status, end_time=time_ms)

    def _experiment_id(self, name: str, artifacts: str) -> str:
        if name not in self._experiment_ids:
            found = self._client.get_experiment_by_name(name)
            if found is not None:
                self._experiment_ids[name] = found.experiment_id
            else:
                self._experiment_ids[name] = self._create_experiment(name, artifacts)
        return self._experiment_ids[name]

    def _create_experiment(self, name: str, artifacts: str) -> str:
        try:
            return str(self._client.create_experiment(name, artifact_location=artifacts or None, tags=EXPERIMENT_TAGS))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            return str(self._client.get_experiment_by_name(name).experiment_id)  # another machine was faster


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn whatever MLflow, its database driver and its HTTP client raise into the two errors of the seam."""
    try:
        yield
    except MlflowException as error:
        message = f"{what} failed: {_first_line(error)}"
        if error.error_code in _UNKNOWN:
            raise RunNotFoundError(message) from error
        if error.error_code in _REFUSALS:
            raise StoreRefusedError(message) from error
        raise StoreUnavailableError(message) from error
    except FileNotFoundError as error:
        raise StoreRefusedError(f"{what} failed: {error}") from error
    except Exception as error:  # requests, urllib3, SQLAlchemy, boto: they share no base class
        raise StoreUnavailableError(f"{what} failed: {type(error).__name__}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]


def _batches(items: Sequence[_Item], size: int) -> Iterator[list[_Item]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
