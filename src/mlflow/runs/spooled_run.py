"""A run whose calls go to the spool, from where the courier delivers them to MLflow."""

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from src.mlflow.comparison_view import ComparisonView
from src.mlflow.courier import process as courier_process
from src.mlflow.location import base_of
from src.mlflow.options import TrackingOptions
from src.mlflow.runs.run import NullRun, ParamValue, Run, RunStatus
from src.mlflow.runs.values import MAX_DIGEST_LENGTH, metric_values, param_texts, tag_texts
from src.mlflow.spool.environment import describe_process
from src.mlflow.spool.folder import Call, State, inboxes, is_key
from src.mlflow.spool.writer import Outbox

_logger = logging.getLogger(__name__)


class SpooledRun:
    """A run that is written to the spool; every call takes well under a millisecond, files the time of a copy."""

    def __init__(self, outbox: Outbox, *, wait_s: float, run_id: str | None) -> None:
        self._outbox = outbox
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
        return self._known_id or self._outbox.key

    def log_params(self, params: Mapping[str, ParamValue]) -> None:
        """See `Run`."""
        with self._seam():
            self._call("log_params", params=param_texts(params))

    def log_metrics(self, metrics: Mapping[str, float], step: int, *, time_ms: int | None = None) -> None:
        """See `Run`."""
        time_ms = now_ms() if time_ms is None else time_ms
        with self._seam():
            self._call("log_metrics", metrics=metric_values(metrics), step=int(step), time_ms=time_ms)
        self._warn_of_trouble(self._state())

    def log_artifact(self, path: Path, folder: str = "") -> None:
        """See `Run`."""
        with self._seam():
            if not self._closed:
                self._call("log_artifact", place=self._outbox.keep(path), folder=folder)

    def log_text(self, text: str, name: str) -> None:
        """See `Run`."""
        self._call("log_text", text=text, name=name)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """See `Run`."""
        with self._seam():
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
        with self._seam():
            self._wait()
            state = self._state()
            self._known_id = state.run_id or self._known_id
            self._known_experiment_id = state.experiment_id
        self._closed = True
        with self._seam():
            self._outbox.close()

    def _wait(self) -> None:
        courier_process.ensure_running(self._outbox.folder.parent)  # it may have died, or left just before we came
        if not self._wait_s:
            return
        deadline = time.monotonic() + self._wait_s
        delivered = False
        while not (delivered := self._delivered()) and not self._state().error and time.monotonic() < deadline:
            time.sleep(0.02)
            courier_process.ensure_running(self._outbox.folder.parent)
        self._warn_of_trouble(self._state())
        if not delivered:
            _logger.warning(
                "Not everything has reached the tracking store yet; it waits in %s. The courier goes on for a while,"
                " and the next run tries again; `python -m src.sync` does at once.",
                self._outbox.folder,
            )

    def _delivered(self) -> bool:
        """Whether all of this run and of its children, which do not wait themselves, is in the store."""
        state = self._state()
        own_names = {name for name in (self._outbox.key, self._known_id, state.run_id) if name}
        return state.done and not any(
            inbox.is_child_of(own_names) and not State.load(inbox.folder).done
            for inbox in inboxes(self._outbox.folder.parent)
        )

    def _call(self, operation: str, **arguments: Any) -> None:
        if not self._closed:
            with self._seam():
                self._outbox.append(Call(operation, arguments))

    def _state(self) -> State:
        try:
            return self._outbox.state()
        except (OSError, ValueError) as error:
            return State(error=f"the spool cannot be read: {error}")

    def _warn_of_trouble(self, state: State) -> None:
        trouble = state.error or "; ".join(state.refused)
        if trouble and not self._warned:
            _logger.warning("Tracking is in trouble, the training goes on: %s", trouble)
            self._warned = True

    @contextlib.contextmanager
    def _seam(self) -> Iterator[None]:
        """Nothing that goes wrong in tracking may end a training: a full disk, a deleted folder, a vanished file."""
        try:
            yield
        except (OSError, ValueError, TypeError) as error:
            self._warn_of_trouble(State(error=f"{type(error).__name__}: {error}"))


def begin(
    options: TrackingOptions, *, name: str, parent_run_id: str | None, tags: dict[str, str], run_id: str | None
) -> Run:
    """A new run, or one to go on with; see `src.mlflow.runs.open_run`."""
    header: dict[str, Any] = {
        "name": name,
        "parent_run_id": parent_run_id,
        "tags": tag_texts(tags),
        "run_id": run_id,
        "resume": run_id is not None,
        "process": describe_process(),
    }
    wait_s = 0.0 if parent_run_id else options.wait_s
    return _open(options, header, wait_s=wait_s, run_id=run_id)


def join(options: TrackingOptions, run_id: str, *, parent_run_id: str | None) -> Run:
    """A run of somebody else to add to; see `src.mlflow.runs.attach`."""
    header: dict[str, Any] = {
        "name": run_id,
        "parent_run_id": parent_run_id,
        "tags": {},
        "run_id": run_id,
        "resume": False,
        "process": {},
    }
    return _open(options, header, wait_s=0.0, run_id=run_id)


def known_id(options: TrackingOptions, run_id: str) -> str:
    """The store's id for a provisional key if the spool of this machine knows it already, or what was given."""
    if not is_key(run_id):
        return run_id
    try:
        return State.load(Path(options.spool).absolute() / run_id).run_id or run_id
    except (OSError, ValueError):
        return run_id


def now_ms() -> int:
    """The time in milliseconds since 1970, as MLflow counts it."""
    return time.time_ns() // 1_000_000


def _open(options: TrackingOptions, header: dict[str, Any], *, wait_s: float, run_id: str | None) -> Run:
    spool = Path(options.spool).absolute()
    destination = {
        "uri": options.uri,
        "artifacts": options.artifacts,
        "base": base_of(spool),
        "experiment": options.experiment,
        "time_ms": now_ms(),
    }
    try:
        outbox = Outbox(spool, {**header, **destination})
        courier_process.ensure_running(spool)
    except OSError as error:
        _logger.warning("Tracking is off for '%s', the training goes on: %s", header["name"], error)
        return NullRun()
    return SpooledRun(outbox, wait_s=wait_s, run_id=run_id)
