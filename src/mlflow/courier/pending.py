"""What is still to be delivered of a spool, and waiting until it is."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from src.core.secrets import without_credentials
from src.mlflow.courier import process as courier_process
from src.mlflow.location import located
from src.mlflow.spool.folder import State, known_id, opened_at
from src.mlflow.spool.reader import RunReader, run_readers

GIVE_UP_AFTER = 3  # failures, or couriers that died, with nothing delivered in between
LONGEST_S = 300.0  # without any of them, as when a large file is uploaded
POLL_S = 0.1
WAIT_POLL_S = 0.02


@dataclass(frozen=True)
class PendingRun:
    """What a run has waiting in the spool.

    Attributes:
        folder: Where it waits.
        name: What the run is called.
        uri: The store that it is for; empty where the folder cannot be read.
        opened_at: When the run was opened, in seconds since 1970.
        calls: How many calls wait.
        end: Bytes that the calls had when this was looked at.
        offset: Bytes of them that are delivered.
        size_bytes: What it takes on the disk.
        is_open: Whether its writer is at work, so that more may come.
        failures: How many attempts to deliver it have failed since the last one that did not.
        error: Why the last one failed, if it did.
        done: Whether nothing waits any more and only its folder is still to be removed.
    """

    folder: Path
    name: str
    uri: str = ""
    opened_at: float = 0.0
    calls: int = 0
    end: int = 0
    offset: int = 0
    size_bytes: int = 0
    is_open: bool = False
    failures: int = 0
    error: str | None = None
    done: bool = False


@dataclass(frozen=True)
class DeliveryResult:
    """What became of a run's calls.

    Attributes:
        run_id: The run by the best name known: the store's id, or its provisional key.
        pending: How many folders of the spool still wait.
        error: What the store said to one of them, if anything.
    """

    run_id: str
    pending: int
    error: str | None


def pending(spool: Path) -> list[PendingRun]:
    """The runs that have something waiting, oldest first."""
    return [run for run in _found(spool) if not run.done]


def wait_until_delivered(
    spool: Path, run_id: str, *, wait_s: float, children: bool = False, stop_on_error: bool = False
) -> DeliveryResult:
    """Wait until the spool holds nothing of a run any more.

    Args:
        spool: The folder with the runs.
        run_id: The run, by the store's id or by the provisional key that it has until the store answers.
        wait_s: The longest time that this waits, in seconds.
        children: Whether the runs below it count, too.
        stop_on_error: Whether to stop waiting as soon as an attempt to deliver the run itself has failed.

    Side effects: starts the courier where something waits.
    """
    deadline = time.monotonic() + wait_s
    own, below = _undelivered(spool, run_id, children)
    while own or below:
        run_id = known_id(spool, run_id)
        courier_process.ensure_running(spool)
        if time.monotonic() > deadline or (stop_on_error and any(state.error for state in own)):
            break
        time.sleep(WAIT_POLL_S)
        own, below = _undelivered(spool, run_id, children)
    left = [*own, *below]
    error = next((state.error for state in left if state.error), None)
    return DeliveryResult(known_id(spool, run_id), len(left), error)


def deliver(spool: Path, on_progress: Callable[[Sequence[PendingRun]], None]) -> list[PendingRun]:
    """Have everything delivered that waits now, by the courier at work or by a new one, and wait for it.

    What is written meanwhile is delivered as well but not waited for, so that this also ends while a training runs.

    Args:
        spool: The folder with the runs.
        on_progress: Called ten times a second with what is left.

    Returns:
        What could not be delivered; nothing if all could.

    Side effects: starts a courier, which continues if this process is killed.
    """
    goal = {run.folder: run.end for run in _found(spool)}
    courier_process.hurry(spool)
    least, failures_then, couriers, since = None, 0, 0, time.monotonic()
    while (left := _left(spool, goal)) and any(run.uri for run in left):
        on_progress(left)
        remaining = (len(left), sum(run.calls for run in left))
        failures = sum(run.failures for run in left)
        if least is None or remaining < least:
            least, failures_then, couriers, since = remaining, failures, 0, time.monotonic()
        couriers += courier_process.ensure_running(spool)
        if max(failures - failures_then, couriers - 1) >= GIVE_UP_AFTER or time.monotonic() - since > LONGEST_S:
            break
        time.sleep(POLL_S)
    on_progress(left)
    return left


def _left(spool: Path, goal: dict[Path, int]) -> list[PendingRun]:
    """What is not delivered, or not removed: a courier may be killed between the two."""
    return [run for run in _found(spool) if run.folder in goal and (run.offset < goal[run.folder] or not run.is_open)]


def _undelivered(spool: Path, run_id: str, children: bool) -> tuple[list[State], list[State]]:
    """The states of what is not delivered of a run, and of the runs below it where these count."""
    names, own, below = {run_id}, [], []
    for reader in run_readers(spool):  # oldest first: a run comes before what is added to it, and before its children
        state = State.load(reader.folder)
        own_names = reader.names() | {state.run_id or ""}
        if own_names & names:
            names |= own_names - {""}
            own.append(state)
        elif children and reader.is_child_of(names):
            below.append(state)
    return [state for state in own if not state.done], [state for state in below if not state.done]


def _found(spool: Path) -> list[PendingRun]:
    return [run for reader in run_readers(spool) if (run := _found_of(reader)) is not None]


def _found_of(reader: RunReader) -> PendingRun | None:
    """What a run has waiting; None while its writer is at work and nothing waits."""
    try:
        is_open = reader.writer_is_alive()  # asked first: what it wrote last must not be missed
        header, state = reader.header(), State.load(reader.folder)
        calls = reader.waiting(state.offset)
        if is_open and not calls:
            return None
        return PendingRun(
            folder=reader.folder,
            name=header["name"],
            uri=without_credentials(located(header["uri"], reader.folder.parent / header.get("base", ""))),
            opened_at=opened_at(reader.folder.name),
            calls=calls,
            end=reader.end(),
            offset=state.offset,
            size_bytes=reader.size_bytes(),
            is_open=is_open,
            failures=state.failures,
            error=state.error,
            done=state.done,
        )
    except FileNotFoundError:  # delivered since we looked
        return None
    except (OSError, ValueError, KeyError) as error:
        return PendingRun(reader.folder, reader.folder.name, error=f"It cannot be read: {error}")
