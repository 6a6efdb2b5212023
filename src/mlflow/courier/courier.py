"""The courier: takes the calls from a spool to their stores, in order within a run, until nothing is left.

The calls of a store that does not answer stay in the spool and are tried again ever less often; when nobody writes any
more and the store still does not answer, the courier leaves, and the one that the next run starts finds them.
"""

import contextlib
import logging
import time
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path

from src.core.errors import TrackingError
from src.mlflow.courier import process as courier_process
from src.mlflow.courier.delivery import Delivery
from src.mlflow.courier.store import Store
from src.mlflow.errors import PostponedError, StoreUnavailableError
from src.mlflow.spool.reader import RunReader, run_readers, sweep

POLL_S = 0.05
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
GIVE_UP_AFTER = 3  # failures in a row, once nobody writes any more

_logger = logging.getLogger(__name__)


class Breaker:
    """Keeps calls from what does not work, for a pause that doubles with every failure."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.failures = 0
        self._closed_again_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether no call is to be made now."""
        return self._clock() < self._closed_again_at

    @property
    def given_up(self) -> bool:
        """Whether it failed so often that it is not worth waiting for."""
        return self.failures >= GIVE_UP_AFTER

    def succeeded(self) -> None:
        """Note that it works."""
        self.failures = 0

    def failed(self) -> None:
        """Note that it does not."""
        pause_s = min(FIRST_PAUSE_S * 2**self.failures, LONGEST_PAUSE_S)
        self.failures += 1
        self._closed_again_at = self._clock() + pause_s


class Turn(Enum):
    """What became of an attempt to deliver."""

    DELIVERED = auto()
    LATE = auto()  # to be tried again
    POSTPONED = auto()  # comes after another run of the spool


class Courier:
    """Delivers the runs of one spool, each in the order in which it was written.

    A run that cannot be delivered, because there is no room for its artifacts for instance, does not hold up others.
    """

    def __init__(self, spool: Path, connect: Callable[[str], Store]) -> None:
        """Make a courier.

        Args:
            spool: the folder with the runs.
            connect: opens the store of a tracking URI; raises StoreUnavailableError.
        """
        self._spool = spool
        self._connect = connect
        self._stores: dict[str, Store] = {}
        self._breakers: dict[str, Breaker] = {}  # of stores and of runs
        self._deliveries: dict[Path, Delivery] = {}
        self._unreadable: set[Path] = set()
        self._run_ids: dict[str, str] = {}  # of provisional keys, shared by all deliveries

    def work(self) -> None:
        """Deliver until nothing is left that can be delivered."""
        sweep(self._spool)
        while self.round():
            time.sleep(POLL_S)

    def round(self) -> bool:
        """Visit every run once; returns whether there is a reason to come back.

        The oldest come first, so that a parent comes before its children, and those that failed last.
        """
        if courier_process.take_hurry(self._spool):
            self._breakers.clear()
            self._stores.clear()
        runs: dict[str, list[Delivery]] = {}
        for delivery in filter(None, map(self._delivery, run_readers(self._spool))):
            runs.setdefault(delivery.run, []).append(delivery)
        turns = sorted(runs.items(), key=lambda item: self._breaker(item[0]).failures)
        reasons = [self._visit(run, deliveries) for run, deliveries in turns]
        return any(reasons)

    def _visit(self, run: str, deliveries: list[Delivery]) -> bool:
        """Deliver what waits for a run, oldest first; returns whether to come back."""
        alive = [delivery.reader.writer_is_alive() for delivery in deliveries]  # before reading, to miss nothing
        come_back = any(alive)
        for delivery, writer_is_alive in zip(deliveries, alive, strict=True):
            turn = self._deliver(run, delivery, writer_is_alive)
            if turn is not Turn.DELIVERED:  # what was written later has to wait
                try_again = not (self._breaker(run).given_up or self._breaker(delivery.uri).given_up)
                return come_back or (try_again and turn is Turn.LATE)
            if delivery.state.done and not writer_is_alive:
                delivery.reader.remove()
                del self._deliveries[delivery.reader.folder]
                come_back = True  # something may have come meanwhile
        return come_back

    def _deliver(self, run: str, delivery: Delivery, writer_is_alive: bool) -> Turn:
        own, store = self._breaker(run), self._breaker(delivery.uri)
        if not delivery.has_work(writer_is_alive):
            return Turn.DELIVERED
        if own.is_open or store.is_open:
            return Turn.LATE
        before = delivery.state
        turn = Turn.DELIVERED
        try:
            delivery.advance(self._store(delivery.uri), writer_is_alive)
        except PostponedError:
            if delivery.state == before:
                return Turn.POSTPONED
            turn = Turn.LATE  # the run that it waits for may wait for what it has delivered now
        except Exception as error:  # whatever it is, the other runs have to be delivered
            expected = isinstance(error, TrackingError)
            _logger.warning("%s, %s: %s", delivery.uri, delivery.reader.folder.name, error, exc_info=not expected)
            if isinstance(error, StoreUnavailableError):
                store.failed()
            own.failed()
            with contextlib.suppress(OSError):  # the disk is full, or the user has deleted the folder
                delivery.note_failure(str(error) if expected else f"{type(error).__name__}: {error}")
            return Turn.LATE
        store.succeeded()
        own.succeeded()
        return turn

    def _delivery(self, reader: RunReader) -> Delivery | None:
        """The delivery of a folder; None where the folder cannot be read."""
        if reader.folder not in self._deliveries:
            try:
                self._deliveries[reader.folder] = Delivery(reader, self._run_ids)
            except (OSError, ValueError, KeyError) as error:
                if reader.folder not in self._unreadable:
                    _logger.warning("%s cannot be read: %s", reader.folder, error)
                self._unreadable.add(reader.folder)
        return self._deliveries.get(reader.folder)

    def _breaker(self, name: str) -> Breaker:
        return self._breakers.setdefault(name, Breaker())

    def _store(self, uri: str) -> Store:
        if uri not in self._stores:
            self._stores[uri] = self._connect(uri)
        return self._stores[uri]
