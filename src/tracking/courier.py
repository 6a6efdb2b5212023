"""The courier: takes the calls from a spool to their stores, in order within a run, until nothing is left.

Run as `python -m src.tracking.courier SPOOL`; src/tracking/courier_process.py does so. The calls of a store that does
not answer stay in the spool and are tried again ever less often; when nobody writes any more and the store still does
not answer, the courier leaves, and the one that the next run starts finds them.
"""

import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from src.tracking.courier_process import lock_of
from src.tracking.delivery import Delivery, PostponedError
from src.tracking.lock import FileLock
from src.tracking.spool import Inbox, inboxes
from src.tracking.store import Store, StoreUnavailableError

POLL_S = 0.05
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
GIVE_UP_AFTER = 3  # failures in a row, once nobody writes any more
LOCK_PATIENCE_S = 1.0  # somebody may hold the lock for a moment, only to see whether it is free

_logger = logging.getLogger(__name__)


class Breaker:
    """Keeps calls from a store that does not answer, for a pause that doubles with every failure."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._closed_again_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the store is to be left alone for now."""
        return self._clock() < self._closed_again_at

    @property
    def given_up(self) -> bool:
        """Whether the store failed so often that waiting for it has no use."""
        return self._failures >= GIVE_UP_AFTER

    def succeeded(self) -> None:
        """Note that the store answered."""
        self._failures = 0

    def failed(self) -> None:
        """Note that the store did not answer."""
        pause_s = min(FIRST_PAUSE_S * 2**self._failures, LONGEST_PAUSE_S)
        self._failures += 1
        self._closed_again_at = self._clock() + pause_s


class Courier:
    """Delivers the runs of one spool."""

    def __init__(self, spool: Path, connect: Callable[[str], Store]) -> None:
        """Make a courier.

        Args:
            spool: the folder with the runs.
            connect: opens the store of a tracking URI; raises StoreUnavailableError.
        """
        self._spool = spool
        self._connect = connect
        self._stores: dict[str, Store] = {}
        self._breakers: dict[str, Breaker] = {}
        self._deliveries: dict[Path, Delivery] = {}
        self._run_ids: dict[str, str] = {}  # of provisional keys, shared by all deliveries

    def work(self) -> None:
        """Deliver until nothing is left that can be delivered."""
        while self.round():
            time.sleep(POLL_S)

    def round(self) -> bool:
        """Visit every run once, oldest first; returns whether there is a reason to come back."""
        worth_coming_back = [self._visit(inbox) for inbox in inboxes(self._spool)]
        return any(worth_coming_back)

    def _visit(self, inbox: Inbox) -> bool:
        """Deliver what a run has waiting; returns whether to come back."""
        delivery = self._deliveries.get(inbox.folder) or Delivery(inbox, self._run_ids)
        self._deliveries[inbox.folder] = delivery
        writer_is_alive = inbox.writer_is_alive()  # asked before reading: what it wrote last must not be missed
        breaker = self._breakers.setdefault(delivery.uri, Breaker())
        if not breaker.is_open:
            self._deliver(delivery, breaker, writer_is_alive)
        if delivery.state.done and not writer_is_alive:
            inbox.remove()
            del self._deliveries[inbox.folder]
            return True  # something may have come meanwhile
        return writer_is_alive or not breaker.given_up

    def _deliver(self, delivery: Delivery, breaker: Breaker, writer_is_alive: bool) -> None:
        try:
            if delivery.has_work(writer_is_alive):
                with contextlib.suppress(PostponedError):  # the run that it needs is delivered next
                    delivery.advance(self._store(delivery.uri), writer_is_alive)
                breaker.succeeded()
        except StoreUnavailableError as error:
            _logger.warning("%s: %s", delivery.uri, error)
            delivery.note_failure(str(error))
            breaker.failed()

    def _store(self, uri: str) -> Store:
        if uri not in self._stores:
            self._stores[uri] = self._connect(uri)
        return self._stores[uri]


def main(spool: Path) -> None:
    """Work in `spool` as its only courier, if it has none yet."""
    lock = FileLock(lock_of(spool))
    while _acquire(lock):
        try:
            from src.tracking.mlflow_store import MlflowStore  # takes seconds, which one courier is enough to spend

            Courier(spool, MlflowStore).work()
            left = keys_in(spool)
        finally:
            lock.release()
        # A writer that saw the lock taken just before it was released relies on this second look.
        if not keys_in(spool) - left:
            return


def keys_in(spool: Path) -> set[str]:
    """The keys of the runs in the spool."""
    return {inbox.folder.name for inbox in inboxes(spool)}


def _acquire(lock: FileLock) -> bool:
    deadline = time.monotonic() + LOCK_PATIENCE_S
    while not lock.try_acquire():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(process)d %(levelname)s %(message)s", level=logging.WARNING)
    if hasattr(os, "nice"):
        os.nice(10)  # the training comes first: 4 s of import are nothing to it, but not on its cores
    main(Path(sys.argv[1]))
