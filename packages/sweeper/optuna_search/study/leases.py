"""Leases: how a worker shows that it still lives, and how a controller tells that one does not.

Whoever runs a trial counts up a number on it (its lease) several times within `lease_s`. A trial whose number has not
moved for `lease_s` on the watcher's own clock has lost its worker; clocks of different machines are never compared.
On one machine nobody need wait that long: its processes can be looked up. Optuna's own heartbeat works within
`Study.optimize` and on database storages only.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from optuna.exceptions import UpdateFinishedTrialError

from optuna_search.attributes import LEASE, RETRIES
from optuna_search.ending import Ending, Outcome
from optuna_search.platforms import is_running
from optuna_search.study.queue import fail_and_requeue

if TYPE_CHECKING:
    from collections.abc import Iterator

    import optuna
    from optuna.trial import FrozenTrial

log = logging.getLogger(__name__)

BEATS = 3  # within a lease
CHECK_INTERVAL_S = 1.0  # how often the processes of this machine are looked up
SETTLE_S = 5.0  # how long workers of a sweep that was told to end are waited for
SETTLE_LOOK_S = 0.1


def machine() -> str:
    """What two processes have in common if one can look up the other: host, boot and process namespace."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    namespace = Path("/proc/self/ns/pid")
    known = [boot.read_text().strip(), str(namespace.stat().st_ino)] if boot.exists() and namespace.exists() else []
    return "/".join([socket.gethostname(), *known])


def owner() -> dict[str, Any]:
    """This process as the owner of a lease; the time of its start tells it from a later one with its number."""
    return {"machine": machine(), "pid": os.getpid(), "started": _started(os.getpid())}


def gone(lease: Mapping[str, Any]) -> bool:
    """Whether the owner is a process of this machine that has ended."""
    if not lease or lease["machine"] != machine():
        return False
    return not is_running(lease["pid"]) or bool(_started(lease["pid"]) != lease["started"])


def _started(pid: int) -> int | None:
    """When a process started, in clock ticks after the machine did; None once it has ended, 0 where nobody tells."""
    if not Path("/proc/self/stat").exists():
        return 0
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


class Lease:
    """Keeps the leases of the trials that this process runs, from a thread of its own."""

    def __init__(
        self, storage: "optuna.storages.BaseStorage", lease_s: float, slot: tuple[int, int] | None = None
    ) -> None:
        """Keep leases in a storage.

        Args:
            storage: The study's storage.
            lease_s: How long a lease lasts without a sign of life, in seconds.
            slot: Of a worker slot, the number of its run and its own, which become part of the lease.
        """
        self._storage = storage
        self._owner = {**owner(), **({} if slot is None else {"slot": list(slot)})}
        self._held: dict[int, Callable[[], None]] = {}
        self._ended = threading.Event()
        self._interval_s = lease_s / BEATS
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    @property
    def first(self) -> dict[str, Any]:
        """What is written when a trial is taken."""
        return {**self._owner, "beat": 0}

    def __enter__(self) -> "Lease":
        """Begin to keep what is held."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; what is still held runs out."""
        self._ended.set()

    @contextmanager
    def held(self, trial_id: int, when_lost: Callable[[], None]) -> "Iterator[None]":
        """Keep the lease of a trial within the block.

        Args:
            trial_id: The trial's id in its storage.
            when_lost: Called in the lease's thread if somebody else has told how the trial ended.
        """
        self._held[trial_id] = when_lost
        try:
            yield
        finally:
            self._held.pop(trial_id, None)

    def _keep(self) -> None:
        beat = 0
        while not self._ended.wait(self._interval_s):
            beat += 1
            for trial_id, when_lost in list(self._held.items()):
                try:
                    self._storage.set_trial_system_attr(trial_id, LEASE, {**self._owner, "beat": beat})
                except UpdateFinishedTrialError:
                    if self._held.pop(trial_id, None) is not None:
                        when_lost()
                except Exception:  # a server that cannot be reached now may be back before the lease has run out
                    log.warning("The lease of a trial could not be renewed; trying again.", exc_info=True)


class WorkerWatch:
    """Watches a study's running trials while a controller lives, and queues again what lost its worker.

    Side effects: a thread that reads the storage once a second.
    """

    def __init__(self, study: "optuna.Study", lease_s: float, max_retries: int) -> None:
        # set: workers die because the sweep was told to end, by no fault of their trials
        self.interrupted = threading.Event()
        self._study = study
        self._lease_s = lease_s
        self._max_retries = max_retries
        self._seen: dict[int, tuple[Any, float]] = {}
        self._ended = threading.Event()
        self._looking = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="worker-watch", daemon=True)

    def __enter__(self) -> "WorkerWatch":
        """Start watching."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching."""
        self._ended.set()
        self._thread.join()

    def look(self) -> None:
        """Judge every running trial once."""
        with self._looking:
            for trial in self._running():
                if self._has_lost_its_worker(trial):
                    self._end(trial)

    def look_after_interrupt(self, run: int) -> None:
        """Judge every running trial of a sweep that was told to end, once its own workers on this machine have ended.

        A launcher that has killed its processes does not wait until they are gone. Workers that outlive the controller
        by their launcher's design are waited for no longer than `SETTLE_S`, and keep their trials.

        Args:
            run: The number of the sweep's run, as its workers write it into their leases.
        """
        ends = time.monotonic() + SETTLE_S
        self.look()
        while any(_runs_here(trial, run) for trial in self._running()) and time.monotonic() < ends:
            time.sleep(SETTLE_LOOK_S)
            self.look()

    def _running(self) -> "list[FrozenTrial]":
        from optuna.trial import TrialState

        return self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))

    def _watch(self) -> None:
        while not self._ended.wait(CHECK_INTERVAL_S):
            try:
                self.look()
            except Exception:  # the storage may answer again in a second
                log.warning("The running trials could not be looked at; trying again.", exc_info=True)

    def _has_lost_its_worker(self, trial: "FrozenTrial") -> bool:
        lease = trial.system_attrs.get(LEASE, {})
        if gone(lease):
            return True
        seen = (lease.get("machine"), lease.get("pid"), lease.get("beat"))
        known, since = self._seen.get(trial.number, (None, 0.0))
        if known != seen:
            self._seen[trial.number] = (seen, time.monotonic())
            return False
        return time.monotonic() - since > self._lease_s

    def _end(self, trial: "FrozenTrial") -> None:
        interrupted = self.interrupted.is_set()
        due = due_retry(trial, self._max_retries, counts=not interrupted)
        ending = Ending.INTERRUPTED if interrupted else Ending.WORKER_DIED
        if fail_and_requeue(self._study, trial, Outcome.ended(ending), due):
            what = "its parameters are queued again" if due else f"not queued again after {self._max_retries} retries"
            log.warning("Trial %d has lost its worker; %s.", trial.number, what)


def _runs_here(trial: "FrozenTrial", run: int) -> bool:
    """Whether a worker of this run, on this machine, holds a trial."""
    lease = trial.system_attrs.get(LEASE, {})
    return bool(lease.get("machine") == machine() and lease.get("slot", [None])[0] == run)


def due_retry(trial: "FrozenTrial", max_retries: int, *, counts: bool = True) -> dict[str, Any] | None:
    """What `fail_and_requeue()` needs to have a trial repeated, or None if it was repeated often enough.

    Args:
        trial: The trial.
        max_retries: How often.
        counts: Whether the trial itself may have been the cause, other than for one that was told to end.
    """
    retries = trial.user_attrs.get(RETRIES, 0) + counts
    return {RETRIES: retries} if retries <= max_retries else None
