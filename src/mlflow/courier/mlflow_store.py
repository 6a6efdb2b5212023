"""MLflow behind the `Store` protocol; only the courier's process imports this module, because it imports MLflow."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from mlflow.entities import Dataset, DatasetInput, InputTag, LifecycleStage, Metric, Param, RunTag
from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_TIMEOUT
from mlflow.exceptions import MlflowException

from src.mlflow.client import new_client, translated, wait_longer_next_time
from src.mlflow.comparison_view import ComparisonView
from src.mlflow.courier.store import DatasetUse, MetricValue, NewRun, StoredRun
from src.mlflow.errors import RunNotFoundError, StoreRefusedError, StoreUnavailableError

PARENT_TAG = "mlflow.parentRunId"
METRICS_PER_BATCH = 1000
PARAMS_PER_BATCH = 100
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}  # MLflow takes it for one about prompts else

FIRST_TIMEOUT_S = MLFLOW_HTTP_REQUEST_TIMEOUT.get()

_Item = TypeVar("_Item")


class MlflowStore:
    """The store at a tracking URI; see `Store` for the methods."""

    def __init__(self, uri: str) -> None:
        """Connect.

        Raises:
            StoreUnavailableError: the database or server cannot be opened.
        """
        MLFLOW_HTTP_REQUEST_TIMEOUT.set(FIRST_TIMEOUT_S)
        with _asked("opening the store"):
            self._client = new_client(uri)
        self._experiment_ids: dict[str, str] = {}

    def create_run(self, run: NewRun) -> str:
        """Begin a run."""
        tags = {**_source_tags(run.environment), **run.tags}
        if run.parent_run_id is not None:
            tags[PARENT_TAG] = run.parent_run_id
        with _asked(f"creating run '{run.name}'"):
            experiment_id = self._experiment_id(run.experiment, run.artifacts)
            made = self._client.create_run(experiment_id, start_time=run.time_ms, tags=tags, run_name=run.name)
            return str(made.info.run_id)

    def find_run(self, *, experiment: str, tag: str, value: str) -> str | None:
        """Find a run by a tag."""
        with _asked("looking for a run"):
            return next(self._runs_with(experiment, tag, value), None)

    def delete_others(self, run_id: str, *, experiment: str, tag: str, value: str) -> None:
        """Delete the other runs that have a tag, as a user does in the UI: `mlflow gc` removes their rows."""
        with _asked(f"deleting what is there of run {run_id} a second time"):
            for found in self._runs_with(experiment, tag, value):
                if found != run_id:
                    self._client.delete_run(found)

    def resume_run(self, run_id: str) -> None:
        """Count a run as running again."""
        with _asked(f"resuming run {run_id}"):
            self._client.update_run(run_id, status="RUNNING")

    def read_run(self, run_id: str) -> StoredRun:
        """Read a run."""
        with _asked(f"reading run {run_id}"):
            run = self._client.get_run(run_id)
            if run.info.lifecycle_stage == LifecycleStage.DELETED:
                raise RunNotFoundError(f"Run {run_id} has been deleted.")
            return StoredRun(str(run.info.experiment_id), dict(run.data.params))

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

        One file is uploaded as a folder, too: on this machine MLflow copies a single file by way of a temporary file in
        the same folder, which a courier that is killed would leave among the artifacts.
        """
        with _asked(f"uploading {', '.join(sorted(path.name for path in contents.iterdir()))}"):
            self._client.log_artifacts(run_id, str(contents), folder or None)

    def log_text(self, run_id: str, text: str, name: str) -> None:
        """Upload a text as a file."""
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            with _asked(f"uploading {name}"):
                self._client.log_artifacts(run_id, scratch)

    def log_dataset(self, run_id: str, use: DatasetUse) -> None:
        """Record the use of a data set."""
        source = json.dumps({"uri": use.source})
        dataset = Dataset(name=use.name, digest=use.digest, source_type="local", source=source)
        with _asked(f"logging data set {use.name}"):
            role = InputTag("mlflow.data.context", use.context)
            self._client.log_inputs(run_id, datasets=[DatasetInput(dataset, tags=[role])])

    def save_view(self, run_id: str, view: ComparisonView, time_ms: int) -> None:
        """Save a view, which MLflow keeps as a tag of the experiment."""
        experiment_id = self.read_run(run_id).experiment_id
        with _asked("tagging the experiment"):
            for name, value in view.tag(run_id, time_ms).items():
                self._client.set_experiment_tag(experiment_id, name, value)

    def end_run(self, run_id: str, status: str, time_ms: int) -> None:
        """Set a run's final status."""
        with _asked(f"ending run {run_id}"):
            self._client.set_terminated(run_id, status=status, end_time=time_ms)

    def _log(self, kind: str, run_id: str, items: Sequence[Any], size: int) -> None:
        """Record items in batches; of a batch that is refused every item by itself, so that only the wrong are lost."""
        refused: list[StoreRefusedError] = []
        remaining = list(_batches(items, size))
        while remaining:
            batch = remaining.pop(0)
            try:
                with _asked(f"logging {kind} {', '.join(sorted({item.key for item in batch}))}"):
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
def _asked(what: str) -> Iterator[None]:
    """Translate exceptions, and have the next request wait longer after one that was not answered."""
    try:
        with translated(what):
            yield
    except StoreUnavailableError:
        wait_longer_next_time()
        raise


def _source_tags(environment: Mapping[str, str]) -> dict[str, str]:
    """The tags from which MLflow's UI fills its columns."""
    tags = {
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": environment.get("script", ""),
        "mlflow.source.git.commit": environment.get("git.commit", ""),
        "mlflow.source.git.branch": environment.get("git.branch", ""),
        "mlflow.user": environment.get("user", ""),
        "git.dirty": environment.get("git.dirty", ""),
    }
    return {name: value for name, value in tags.items() if value}


def _batches(items: Sequence[_Item], size: int) -> Iterator[list[_Item]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
