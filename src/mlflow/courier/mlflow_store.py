"""The seam to MLflow: its client behind the `Store` protocol, its exceptions translated.

Only the courier's process imports this module. It uses a client with its own URI and never MLflow's fluent functions,
so it has no state that could get in the way of anybody else's use of MLflow.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import requests
from mlflow.entities import Dataset, DatasetInput, InputTag, LifecycleStage, Metric, Param, RunTag
from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_TIMEOUT
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from src.core.errors import TrackingError
from src.mlflow.courier.store import (
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

# Not BAD_REQUEST: so MLflow's client calls an answer 400 of whatever stands between it and the server.
_REFUSALS = {"INVALID_PARAMETER_VALUE", "MALFORMED_REQUEST", "INVALID_STATE", "RESOURCE_ALREADY_EXISTS"}
_UNKNOWN = {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"}
_TOO_LARGE = 413
FIRST_PATIENCE_S = MLFLOW_HTTP_REQUEST_TIMEOUT.get()
LONGEST_PATIENCE_S = 120  # MLflow's own

_Item = TypeVar("_Item")


class MlflowStore:
    """The store at a tracking URI; see `Store` for the methods."""

    def __init__(self, uri: str) -> None:
        """Connect.

        Raises:
            StoreUnavailableError: the database or server cannot be opened.
        """
        MLFLOW_HTTP_REQUEST_TIMEOUT.set(FIRST_PATIENCE_S)
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
            return next(self._runs_with(experiment, tag, value), None)

    def delete_others(self, run_id: str, *, experiment: str, tag: str, value: str) -> None:
        """Delete the other runs that have a tag, as a user does in the UI: `mlflow gc` removes their rows."""
        with _translated(f"deleting what is there of run {run_id} a second time"):
            for found in self._runs_with(experiment, tag, value):
                if found != run_id:
                    self._client.delete_run(found)

    def resume_run(self, run_id: str) -> None:
        """Count a run as running again."""
        with _translated(f"going on with run {run_id}"):
            self._client.update_run(run_id, status="RUNNING")

    def read_run(self, run_id: str) -> StoredRun:
        """Read a run."""
        with _translated(f"reading run {run_id}"):
            run = self._client.get_run(run_id)
            if run.info.lifecycle_stage == LifecycleStage.DELETED:
                raise RunNotFoundError(f"Run {run_id} has been deleted.")
            return StoredRun(str(run.info.experiment_id), dict(run.data.params))

    def tag_experiment(self, experiment_id: str, tags: Mapping[str, str]) -> None:
        """Record tags of an experiment."""
        with _translated("tagging the experiment"):
            for name, value in tags.items():
                self._client.set_experiment_tag(experiment_id, name, value)

    def log_params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Record parameters."""
        self._log("params", run_id, [Param(*item) for item in params.items()], PARAMS_PER_BATCH)

    def log_metrics(self, run_id: str, metrics: Sequence[MetricValue]) -> None:
        """Record metrics."""
        values = [Metric(metric.name, metric.value, metric.time_ms, metric.step) for metric in metrics]
        self._log("metrics", run_id, values, METRICS_PER_BATCH)

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Record tags."""
        self._log("tags", run_id, [RunTag(*item) for item in tags.items()], PARAMS_PER_BATCH)

    def log_artifacts(self, run_id: str, contents: Path, folder: str) -> None:
        """Upload what is in a folder.

        One file goes as a folder, too: on this machine MLflow copies the former by way of a temporary file beside it,
        which a courier that is killed would leave for everybody to see.
        """
        with _translated(f"uploading {', '.join(sorted(path.name for path in contents.iterdir()))}"):
            self._client.log_artifacts(run_id, str(contents), folder or None)

    def log_text(self, run_id: str, text: str, name: str) -> None:
        """Upload a text as a file."""
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            with _translated(f"uploading {name}"):
                self._client.log_artifacts(run_id, scratch)

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

    def _log(self, kind: str, run_id: str, items: Sequence[Any], size: int) -> None:
        """Record items in batches; of a batch that is refused every item by itself, so that only the wrong are lost."""
        refused: list[StoreRefusedError] = []
        remaining = list(_batches(items, size))
        while remaining:
            batch = remaining.pop(0)
            try:
                with _translated(f"logging {kind} {', '.join(sorted({item.key for item in batch}))}"):
                    self._client.log_batch(run_id, **{kind: batch})
            except StoreRefusedError as error:
                self.read_run(run_id)  # raises where it is the run that is refused
                if len(batch) == 1:
                    refused.append(error)
                else:
                    remaining[:0] = [[item] for item in batch]
        if refused:
            raise StoreRefusedError("; ".join(map(str, refused)))

    def _runs_with(self, experiment: str, tag: str, value: str) -> Iterator[str]:
        found = self._client.get_experiment_by_name(experiment)
        if found is not None:
            for run in self._client.search_runs([found.experiment_id], f"tags.`{tag}` = '{value}'"):
                yield str(run.info.run_id)

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
    except TrackingError:
        raise
    except MlflowException as error:
        message = f"{what} failed: {_first_line(error)}"
        if error.error_code in _UNKNOWN:
            raise RunNotFoundError(message) from error
        if error.error_code in _REFUSALS:
            raise StoreRefusedError(message) from error
        _be_more_patient()
        raise StoreUnavailableError(f"{what} failed: {_first_line(_root(error))}") from error
    except Exception as error:  # requests, urllib3, SQLAlchemy, boto: they share no base class
        message = f"{what} failed: {type(_root(error)).__name__}: {_first_line(_root(error))}"
        if isinstance(error, requests.HTTPError) and _will_never_be_taken(error):
            raise StoreRefusedError(message) from error
        _be_more_patient()
        raise StoreUnavailableError(message) from error


def _will_never_be_taken(error: requests.HTTPError) -> bool:
    """Whether an artifact is too large, or MLflow itself does not like its name."""
    if error.response.status_code == _TOO_LARGE:
        return True
    try:
        return error.response.json()["error_code"] in _REFUSALS
    except (ValueError, TypeError, KeyError):  # the answer is not MLflow's
        return False


def _be_more_patient() -> None:
    """Wait longer for the next answer: a server may be so slow that it never answers in the time it has had so far.

    Side effects: changes an environment variable of this process, which MLflow's client reads before each request.
    """
    patience_s = min(2 * MLFLOW_HTTP_REQUEST_TIMEOUT.get(), LONGEST_PATIENCE_S)
    if patience_s > MLFLOW_HTTP_REQUEST_TIMEOUT.get():
        MLFLOW_HTTP_REQUEST_TIMEOUT.set(patience_s)


def _root(error: BaseException) -> BaseException:
    """What was wrong in the first place: `Connection refused`, not how often which client tried which address."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return error


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0]


def _batches(items: Sequence[_Item], size: int) -> Iterator[list[_Item]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
