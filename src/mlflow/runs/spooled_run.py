"""A run whose calls go to the spool, from where the courier delivers them to MLflow."""

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from src.mlflow.comparison_view import ComparisonView
from src.mlflow.courier import process as courier_process
from src.mlflow.courier.pending import wait_until_delivered
from src.mlflow.runs.run import ParamValue, RunStatus
from src.mlflow.runs.values import MAX_DIGEST_LENGTH, metric_values, param_texts, tag_texts
from src.mlflow.spool.folder import Call, State
from src.mlflow.spool.writer import RunWriter

_logger = logging.getLogger(__name__)


class SpooledRun:
    """A run that is written to the spool; every call takes well under a millisecond, files the time of a copy."""

    def __init__(self, writer: RunWriter, *, wait_s: float, run_id: str | None) -> None:
        self._writer = writer
        self._wait_s = wait_s
        self._known_id = run_id
        self._known_experiment_id: str | None = None
        self._closed = False
        self._warned = False

    @property
    def id(self) -> str | None:
        """The store's id, or the provisional key as long as the store has not answered."""
        if not self._closed:
            self._known_id = self._state().run_id or self._known_id
        return self._known_id or self._writer.key

    def log_params(self, params: Mapping[str, ParamValue]) -> None:
        """See `Run`."""
        with self._never_raises():
            self._call("log_params", params=param_texts(params))

    def log_metrics(self, metrics: Mapping[str, float], step: int, *, time_ms: int | None = None) -> None:
        """See `Run`."""
        time_ms = now_ms() if time_ms is None else time_ms
        with self._never_raises():
            self._call("log_metrics", metrics=metric_values(metrics), step=int(step), time_ms=time_ms)
        self._warn_of_trouble(self._state())

    def log_artifact(self, path: Path, folder: str = "") -> None:
        """See `Run`."""
        with self._never_raises():
            if not self._closed:
                self._call("log_artifact", place=self._writer.keep(path), folder=folder)

    def log_text(self, text: str, name: str) -> None:
        """See `Run`."""
        self._call("log_text", text=text, name=name)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """See `Run`."""
        with self._never_raises():
            self._call("set_tags", tags=tag_texts(tags))

    def log_dataset(self, *, name: str, source: str, digest: str, context: str) -> None:
        """See `Run`."""
        self._call("log_dataset", name=name, source=source, digest=digest[:MAX_DIGEST_LENGTH], context=context)

    def save_view(self, view: ComparisonView) -> None:
        """See `Run`."""
        self._call("save_view", view=view.arguments(), time_ms=now_ms())

    @property
    def experiment_id(self) -> str | None:
        """See `Run`."""
        if not self._closed:
            self._known_experiment_id = self._state().experiment_id
        return self._known_experiment_id

    def end(self, status: RunStatus, time_ms: int | None = None) -> None:
        """See `Run`."""
        self._call("end", status=status.value, time_ms=now_ms() if time_ms is None else time_ms)
        self.close()

    def close(self) -> None:
        """See `Run`."""
        if self._closed:
            return
        self._call("close")
        with self._never_raises():
            self._wait()
            state = self._state()
            self._known_id = state.run_id or self._known_id
            self._known_experiment_id = state.experiment_id
        self._closed = True
        with self._never_raises():
            self._writer.close()

    def _wait(self) -> None:
        courier_process.ensure_running(self._writer.folder.parent)  # it may have died, or left just before we came
        if not self._wait_s:
            return
        result = wait_until_delivered(
            self._writer.folder.parent, self._writer.key, wait_s=self._wait_s, children=True, stop_on_error=True
        )
        self._warn_of_trouble(self._state())
        if result.pending:
            _logger.warning(
                "Not everything has reached the tracking store yet; it waits in %s. The courier tries again for a while"
                ", and so does the next run; `python -m src.sync` does at once.",
                self._writer.folder,
            )

    def _call(self, operation: str, **arguments: Any) -> None:
        if not self._closed:
            with self._never_raises():
                self._writer.append(Call(operation, arguments))

    def _state(self) -> State:
        try:
            return self._writer.state()
        except (OSError, ValueError) as error:
            return State(error=f"the spool cannot be read: {error}")

    def _warn_of_trouble(self, state: State) -> None:
        trouble = state.error or "; ".join(state.refused)
        if trouble and not self._warned:
            _logger.warning("Tracking has a problem, the training continues: %s", trouble)
            self._warned = True

    @contextlib.contextmanager
    def _never_raises(self) -> Iterator[None]:
        """Nothing that fails in tracking may end a training: a full disk, a deleted folder, a missing file."""
        try:
            yield
        except (OSError, ValueError, TypeError) as error:
            self._warn_of_trouble(State(error=f"{type(error).__name__}: {error}"))


def now_ms() -> int:
    """The time in milliseconds since 1970, as MLflow counts it."""
    return time.time_ns() // 1_000_000
