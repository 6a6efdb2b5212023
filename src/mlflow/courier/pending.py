"""What waits in the spool, and its delivery while somebody looks on."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from src.core.secrets import without_credentials
from src.mlflow.courier import process as courier_process
from src.mlflow.location import located
from src.mlflow.spool.folder import Inbox, State, inboxes, opened_at

GIVE_UP_AFTER = 3  # failures, or couriers that died, with nothing delivered in between
PATIENCE_S = 300.0  # without either, as when a large file is on its way
POLL_S = 0.1


@dataclass(frozen=True)
class Waiting:
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


def backlog(spool: Path) -> list[Waiting]:
    """The runs that have something waiting, oldest first."""
    return [waiting for inbox in inboxes(spool) if (waiting := _looked_at(inbox)) is not None]


def deliver(spool: Path, on_progress: Callable[[Sequence[Waiting]], None]) -> list[Waiting]:
    """Have everything delivered that waits now, by the courier at work or by a new one, and wait for it.

    What is written meanwhile is delivered as well but not waited for, so that this ends beside a running training.

    Args:
        spool: The folder with the runs.
        on_progress: Called ten times a second with what is left.

    Returns:
        What could not be delivered; nothing if all could.

    Side effects: starts a courier, which goes on should this process be killed.
    """
    goal = {waiting.folder: waiting.end for waiting in backlog(spool)}
    courier_process.hurry(spool)
    least, failures_then, couriers, since = None, 0, 0, time.monotonic()
    while (left := _left(spool, goal)) and any(waiting.uri for waiting in left):
        on_progress(left)
        remaining = (len(left), sum(waiting.calls for waiting in left))
        failures = sum(waiting.failures for waiting in left)
        if least is None or remaining < least:
            least, failures_then, couriers, since = remaining, failures, 0, time.monotonic()
        couriers += courier_process.ensure_running(spool)
        if max(failures - failures_then, couriers - 1) >= GIVE_UP_AFTER or time.monotonic() - since > PATIENCE_S:
            break
        time.sleep(POLL_S)
    on_progress(left)
    return left


def _left(spool: Path, goal: dict[Path, int]) -> list[Waiting]:
    return [
        waiting
        for waiting in backlog(spool)
        if waiting.folder in goal and (waiting.offset < goal[waiting.folder] or not waiting.is_open)
    ]


def _looked_at(inbox: Inbox) -> Waiting | None:
    """What a run has waiting; None where nothing is."""
    try:
        is_open = inbox.writer_is_alive()  # asked first: what it wrote last must not be missed
        header, state = inbox.header(), State.load(inbox.folder)
        calls = inbox.waiting(state.offset)
        if state.done or (is_open and not calls):
            return None
        return Waiting(
            folder=inbox.folder,
            name=header["name"],
            uri=without_credentials(located(header["uri"], inbox.folder.parent / header.get("base", ""))),
            opened_at=opened_at(inbox.folder.name),
            calls=calls,
            end=inbox.end(),
            offset=state.offset,
            size_bytes=inbox.size_bytes(),
            is_open=is_open,
            failures=state.failures,
            error=state.error,
        )
    except FileNotFoundError:  # delivered since we looked
        return None
    except (OSError, ValueError, KeyError) as error:
        return Waiting(inbox.folder, inbox.folder.name, error=f"It cannot be read: {error}")
