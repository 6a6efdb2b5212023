"""The delivery of one run: its calls, read from the spool and made to the store."""

import dataclasses
import json
import logging
import time
from itertools import groupby
from typing import Any

from src.tracking.comparison_view import ComparisonView
from src.tracking.environment import describe_machine
from src.tracking.spool import Inbox, State, is_key
from src.tracking.store import DatasetUse, MetricValue, RunNotFoundError, Store, StoredRun, StoreRefusedError

KEY_TAG = "tracking.key"
REFUSALS_KEPT = 5

_logger = logging.getLogger(__name__)


class PostponedError(Exception):
    """A call names a run that waits in the spool itself: it has to be delivered first."""


class Delivery:
    """Takes one run's calls to a store and remembers how far it came, also beyond the courier's own life."""

    def __init__(self, inbox: Inbox, run_ids: dict[str, str]) -> None:
        """Read the run's header and how far an earlier courier came.

        Args:
            inbox: the run's end of the spool.
            run_ids: the store's ids of provisional keys, which the deliveries of a courier share and extend; also
                of runs that the store has lost and that began anew.
        """
        self._inbox = inbox
        self._run_ids = run_ids
        self._params: dict[str, str] | None = None
        self._header = inbox.header()
        self.uri: str = self._header["uri"]
        self.state = State.load(inbox.folder)
        if self.state.run_id:
            self._run_ids[self._header["key"]] = self.state.run_id

    def has_work(self, writer_is_alive: bool) -> bool:
        """Whether there is anything to do now."""
        return not self.state.done and (not writer_is_alive or bool(self._inbox.calls_from(self.state.offset)))

    def advance(self, store: Store, writer_is_alive: bool) -> None:
        """Deliver all calls that wait; close the run if its writer died without doing so.

        Raises:
            StoreUnavailableError: the store did not answer; the call is tried again next time.
            PostponedError: a call needs another run of the spool in the store first; likewise.
        """
        for operation, group in groupby(self._inbox.calls_from(self.state.offset), key=lambda item: item[0].operation):
            items = list(group)
            if operation == "log_metrics":  # epochs that wait go together: a call to a server takes 0.2 s
                self._make(store, operation, [call.arguments for call, _ in items], items[-1][1])
            else:
                for call, offset in items:
                    self._make(store, operation, call.arguments, offset)
        if not writer_is_alive and not self.state.done:
            self._bury(store)

    def note_failure(self, reason: str) -> None:
        """Record why the store cannot be reached, for the writer to see."""
        self._update(error=reason, attempted=True)

    def _make(self, store: Store, operation: str, arguments: Any, offset: int) -> None:
        try:
            getattr(self, f"_{operation}")(store, arguments)
        except StoreRefusedError as error:
            _logger.warning("%s: %s", self._header["name"], error)
            self._update(offset=offset, error=None, refused=(*self.state.refused, str(error))[:REFUSALS_KEPT])
        else:
            self._update(offset=offset, error=None)

    def _open(self, store: Store, header: dict[str, Any]) -> None:
        given = self._resolve(store, header["run_id"])
        run_id = self.state.run_id or self._existing(store, given, header["resume"])
        if run_id is None:
            run_id = self._create(store, header)
        self._update(run_id=run_id, experiment_id=self._read(store, run_id).experiment_id)
        for key in filter(None, (header["key"], header["run_id"])):
            self._run_ids[key] = run_id

    def _existing(self, store: Store, run_id: str | None, resume: bool) -> str | None:
        if run_id is None:
            return None
        try:
            self._read(store, run_id)
            if resume:
                store.resume_run(run_id)
        except RunNotFoundError:
            if not resume:
                raise
            _logger.warning("The store does not know run %s any more; '%s' begins anew.", run_id, self._header["name"])
            return None
        return run_id

    def _create(self, store: Store, header: dict[str, Any]) -> str:
        key, experiment = header["key"], header["experiment"]
        if self.state.attempted:  # it may be the answer that was lost, not the question
            found = store.find_run(experiment=experiment, tag=KEY_TAG, value=key)
            if found:
                return found
        environment = {**describe_machine(), **header["process"]}
        tags = {**_source_tags(environment), **header["tags"], KEY_TAG: key}
        parent = self._resolve(store, header["parent_run_id"])
        if parent:
            tags["mlflow.parentRunId"] = parent
        run_id = store.create_run(
            experiment=experiment,
            artifacts=header["artifacts"],
            name=header["name"],
            tags=tags,
            time_ms=header["time_ms"],
        )
        self._update(run_id=run_id)
        store.log_text(run_id, json.dumps(environment, indent=2), "environment.json")
        return run_id

    def _read(self, store: Store, run_id: str) -> StoredRun:
        run = store.read_run(run_id)
        self._params = dict(run.params)
        return run

    def _resolve(self, store: Store, run_id: str | None) -> str | None:
        """The store's id for what may be a provisional key, perhaps of a run on another machine."""
        if run_id is None or run_id in self._run_ids:
            return run_id and self._run_ids[run_id]
        if not is_key(run_id):
            return run_id
        found = store.find_run(experiment=self._header["experiment"], tag=KEY_TAG, value=run_id)
        if found is None and (self._inbox.folder.parent / run_id).exists():
            raise PostponedError(run_id)
        if found is None:
            raise RunNotFoundError(f"There is no run with the provisional key {run_id}.")
        return found

    def _log_params(self, store: Store, arguments: dict[str, Any]) -> None:
        known = self._params if self._params is not None else dict(self._read(store, self._run_id).params)
        fresh = {name: text for name, text in arguments["params"].items() if name not in known}
        for name, text in arguments["params"].items():
            if known.get(name, text) != text:
                _logger.warning("%s: %s stays %s, not %s.", self._header["name"], name, known[name], text)
        store.log_params(self._run_id, fresh)
        self._params = {**known, **fresh}

    def _log_metrics(self, store: Store, calls: list[dict[str, Any]]) -> None:
        store.log_metrics(
            self._run_id,
            [
                MetricValue(name, value, call["step"], call["time_ms"])
                for call in calls
                for name, value in call["metrics"].items()
            ],
        )

    def _log_artifact(self, store: Store, arguments: dict[str, Any]) -> None:
        place = arguments["place"]
        store.log_artifact(self._run_id, self._inbox.folder / place, arguments["folder"])
        self._inbox.discard(place)

    def _log_text(self, store: Store, arguments: dict[str, Any]) -> None:
        store.log_text(self._run_id, **arguments)

    def _set_tags(self, store: Store, arguments: dict[str, Any]) -> None:
        # a tag may name another run, such as a study's best one, by the key it had when the tag was written
        tags = {name: self._resolve(store, text) or "" for name, text in arguments["tags"].items()}
        store.set_tags(self._run_id, tags)

    def _log_dataset(self, store: Store, arguments: dict[str, Any]) -> None:
        store.log_dataset(self._run_id, DatasetUse(**arguments))

    def _save_view(self, store: Store, arguments: dict[str, Any]) -> None:
        experiment_id = self._read(store, self._run_id).experiment_id
        store.tag_experiment(experiment_id, ComparisonView(**arguments).tag(self._run_id))

    def _end(self, store: Store, arguments: dict[str, Any]) -> None:
        store.end_run(self._run_id, arguments["status"], arguments["time_ms"])
        self._update(ended=True)

    def _close(self, _store: Store, _arguments: dict[str, Any]) -> None:
        self._update(done=True)

    def _bury(self, store: Store) -> None:
        """End a run whose process died without doing so: killed for its memory, for instance."""
        is_ours = self._header["run_id"] is None or self._header["resume"]
        if is_ours and self.state.run_id is not None and not self.state.ended:
            reason = {"error": "The process ended without ending the run."}
            self._make(store, "set_tags", {"tags": reason}, self.state.offset)
            end = {"status": "FAILED", "time_ms": time.time_ns() // 1_000_000}
            self._make(store, "end", end, self.state.offset)
        self._update(done=True)

    @property
    def _run_id(self) -> str:
        if self.state.run_id is None:
            raise RunNotFoundError("The run could not be opened.")
        return self.state.run_id

    def _update(self, **changes: Any) -> None:
        self.state = dataclasses.replace(self.state, **changes)
        self.state.save(self._inbox.folder)


def _source_tags(environment: dict[str, str]) -> dict[str, str]:
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
