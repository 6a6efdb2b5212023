"""The delivery of one run: its calls, read from the spool and made to the store."""

import dataclasses
import json
import logging
from itertools import groupby
from typing import Any

from src.mlflow.comparison_view import ComparisonView
from src.mlflow.courier.store import DatasetUse, MetricValue, NewRun, Store
from src.mlflow.errors import HeldError, PostponedError, RunNotFoundError, StoreRefusedError
from src.mlflow.location import located
from src.mlflow.spool.environment import machine_now
from src.mlflow.spool.folder import KEY_TAG, State, is_key
from src.mlflow.spool.reader import RunReader

REFUSALS_KEPT = 5

_logger = logging.getLogger(__name__)


class Delivery:
    """Takes one run's calls to a store and remembers how far it came, also beyond the courier's own life.

    What has been delivered is noted after each call, so that a courier that is killed leaves at most one call in doubt;
    the next one makes it again (see `Store`).
    """

    def __init__(self, reader: RunReader, run_ids: dict[str, str]) -> None:
        """Read the run's header and how far an earlier courier came.

        Args:
            reader: the run's end of the spool.
            run_ids: the store's ids of provisional keys, which the deliveries of a courier share and extend; also
                of runs that the store has lost and that were created again.

        Raises:
            OSError, ValueError: the folder cannot be read.
        """
        self.reader = reader
        self._run_ids = run_ids
        self._header = reader.header()
        self._base = reader.folder.parent / self._header.get("base", "")
        self.uri = located(self._header["uri"], self._base)
        self.state = State.load(reader.folder)
        self._remember_id()
        if self._begins_a_run:  # now, not when the store is there: the code may be another one by then
            self._environment = {**reader.noted("machine.json", machine_now), **self._header["process"]}

    @property
    def run(self) -> str:
        """The run that the calls are for, by the best name known: the store's id, or a key."""
        name: str = self._header["run_id"] or self._header["key"]
        return self._run_ids.get(name, name)

    def has_work(self, writer_is_alive: bool) -> bool:
        """Whether there is anything to do now."""
        return not self.state.done and (not writer_is_alive or self.reader.waiting(self.state.offset) > 0)

    def advance(self, store: Store, writer_is_alive: bool) -> None:
        """Deliver all calls that wait; close the run if its writer died without doing so.

        Raises:
            StoreUnavailableError: the store did not answer; the call is made again next time.
            PostponedError: a call needs another run of the spool in the store first; likewise.
            HeldError: the run cannot be opened; likewise.
        """
        for operation, group in groupby(self.reader.calls_from(self.state.offset), key=lambda item: item[0].operation):
            items = list(group)
            if operation == "log_metrics":  # epochs that wait go together: a call to a server takes 0.2 s
                self._make(store, operation, [call.arguments for call, _ in items], items[-1][1])
            else:
                for call, offset in items:
                    self._make(store, operation, call.arguments, offset)
        if not writer_is_alive and not self.state.done:
            self._close_abandoned(store)

    def note_failure(self, reason: str) -> None:
        """Record why the calls wait, for the writer and `src.sync` to see."""
        self._update(error=reason, failures=self.state.failures + 1)

    def _make(self, store: Store, operation: str, arguments: Any, offset: int) -> None:
        try:
            getattr(self, f"_{operation}")(store, arguments)
        except StoreRefusedError as error:
            _logger.warning("%s: %s", self._header["name"], error)
            refused = (*self.state.refused, str(error))[:REFUSALS_KEPT]
            self._update(offset=offset, error=None, failures=0, refused=refused)
        else:
            self._update(offset=offset, error=None, failures=0)
        if operation == "log_artifact":  # not before: the call may have to be made again
            self.reader.discard(arguments["place"])

    def _open(self, store: Store, header: dict[str, Any]) -> None:
        if self.state.run_id is None:
            try:
                self._find_or_create(store, header)
            except StoreRefusedError as error:
                if not self._begins_a_run:  # somebody deleted the run that this is for
                    raise
                raise HeldError(f"the run cannot be opened: {error}") from error
            self._remember_id()
        if self.state.created:
            store.log_text(self._run_id, json.dumps(self._environment, indent=2), "environment.json")
        elif header["resume"]:
            store.resume_run(self._run_id)
        self._update(experiment_id=store.read_run(self._run_id).experiment_id)

    def _find_or_create(self, store: Store, header: dict[str, Any]) -> None:
        run_id = self._resolve(store, header["run_id"])
        if run_id is not None:
            try:
                store.read_run(run_id)
            except RunNotFoundError:
                if not header["resume"]:
                    raise
                _logger.warning(
                    "The store does not know run %s any more; a new run begins for '%s'.", run_id, header["name"]
                )
                run_id = None
        created = run_id is None
        self._update(run_id=run_id or self._create(store, header), created=created)

    def _create(self, store: Store, header: dict[str, Any]) -> str:
        key, experiment = header["key"], header["experiment"]
        parent = self._resolve(store, header["parent_run_id"])
        if found := store.find_run(experiment=experiment, tag=KEY_TAG, value=key):  # by a courier that was killed then
            return found
        run = NewRun(
            experiment=experiment,
            artifacts=located(header["artifacts"], self._base),
            name=header["name"],
            parent_run_id=parent,
            tags={**header["tags"], KEY_TAG: key},
            environment=self._environment,
            time_ms=header["time_ms"],
        )
        self._update(creations=min(self.state.creations + 1, 2))
        return store.create_run(run)

    def _resolve(self, store: Store, run_id: str | None) -> str | None:
        """The store's id for what may be a provisional key, perhaps of a run on another machine."""
        if run_id is None or run_id in self._run_ids:
            return run_id and self._run_ids[run_id]
        if not is_key(run_id):
            return run_id
        if (self.reader.folder.parent / run_id).exists():
            raise PostponedError(run_id)
        found = store.find_run(experiment=self._header["experiment"], tag=KEY_TAG, value=run_id)
        if found is None:
            raise HeldError(
                f"The run {run_id} is neither in the store nor in this spool. The machine that wrote it has to deliver"
                " it first: run `python -m src.sync` there."
            )
        self._run_ids[run_id] = found
        return found

    def _log_params(self, store: Store, arguments: dict[str, Any]) -> None:
        known = store.read_run(self._run_id).params
        for name, text in arguments["params"].items():
            if known.get(name, text) != text:
                _logger.warning("%s: %s stays %s, not %s.", self._header["name"], name, known[name], text)
        fresh = {name: text for name, text in arguments["params"].items() if name not in known}
        store.log_params(self._run_id, fresh)

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
        path = self.reader.folder / arguments["place"]  # a folder, or a file that has one to itself
        if not path.exists():
            raise StoreRefusedError(f"the copy of {path.name} is gone from {path.parent}")
        store.log_artifacts(self._run_id, path if path.is_dir() else path.parent, arguments["folder"])

    def _log_text(self, store: Store, arguments: dict[str, Any]) -> None:
        store.log_text(self._run_id, **arguments)

    def _set_tags(self, store: Store, arguments: dict[str, Any]) -> None:
        # a tag may name another run, such as a study's best one, by the key it had when the tag was written
        tags = {name: self._resolved_text(store, text) for name, text in arguments["tags"].items()}
        store.set_tags(self._run_id, tags)

    def _resolved_text(self, store: Store, text: str) -> str:
        try:
            return self._resolve(store, text) or text
        except HeldError:  # the key finds the run once it is there; a summary is not worth waiting for it
            return text

    def _log_dataset(self, store: Store, arguments: dict[str, Any]) -> None:
        store.log_dataset(self._run_id, DatasetUse(**arguments))

    def _save_view(self, store: Store, arguments: dict[str, Any]) -> None:
        store.save_view(self._run_id, ComparisonView(**arguments["view"]), arguments["time_ms"])

    def _end(self, store: Store, arguments: dict[str, Any]) -> None:
        store.end_run(self._run_id, arguments["status"], arguments["time_ms"])
        self._update(ended=True)

    def _close(self, store: Store, _arguments: dict[str, Any]) -> None:
        if self.state.creations > 1:  # the server may have begun with the first only after it was looked for in vain
            self._make(store, "delete_others", {}, self.state.offset)
        self._update(done=True)

    def _delete_others(self, store: Store, _arguments: dict[str, Any]) -> None:
        header = self._header
        store.delete_others(self._run_id, experiment=header["experiment"], tag=KEY_TAG, value=header["key"])

    def _damaged(self, _store: Store, arguments: dict[str, Any]) -> None:
        if arguments["text"]:
            raise StoreRefusedError(f"a call was cut off when it was written: {arguments['text'][:80]}…")

    def _close_abandoned(self, store: Store) -> None:
        """End a run whose process died without doing so: killed for its memory, for instance."""
        if self._begins_a_run and self.state.run_id is not None and not self.state.ended:
            reason = {"error": "The process ended without ending the run."}
            self._make(store, "set_tags", {"tags": reason}, self.state.offset)
            # when its last call was made, also where the store could not be reached for a day
            end = {"status": "FAILED", "time_ms": self.reader.last_call_ms()}
            self._make(store, "end", end, self.state.offset)
        self._make(store, "close", {}, self.state.offset)

    @property
    def _begins_a_run(self) -> bool:
        """Whether this is a run's own process, rather than somebody who adds to the run."""
        return self._header["run_id"] is None or bool(self._header["resume"])

    @property
    def _run_id(self) -> str:
        if self.state.run_id is None:
            raise RunNotFoundError("The run could not be opened.")
        return self.state.run_id

    def _remember_id(self) -> None:
        for key in filter(None, (self._header["key"], self._header["run_id"])):
            if self.state.run_id:
                self._run_ids[key] = self.state.run_id

    def _update(self, **changes: Any) -> None:
        state = dataclasses.replace(self.state, **changes)
        state.save(self.reader.folder)
        self.state = state  # not before it is saved: on a full disk the call is made again
