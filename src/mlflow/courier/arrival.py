"""Waiting for what this machine still has to deliver: runs are written to a spool, not to the store."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from src.mlflow.courier import process as courier_process
from src.mlflow.options import TrackingOptions
from src.mlflow.spool.folder import Inbox, State, inboxes, is_key


@dataclass(frozen=True)
class Arrival:
    """What became of a run's calls.

    Attributes:
        run_id: The run by the best name known: the store's id, or its provisional key.
        waiting: How many folders of the spool still wait.
        error: What the store said to one of them, if anything.
    """

    run_id: str
    waiting: int
    error: str | None


def await_arrival(options: TrackingOptions, run_id: str, *, children: bool = False) -> Arrival:
    """Wait, `options.wait_s` at most, until the spool holds nothing of a run any more.

    Args:
        options: Where the run is recorded.
        run_id: Its id, or the provisional key that it has until the store answers.
        children: Whether the runs below it count, too.

    Side effects: starts the courier where something waits.
    """
    spool = Path(options.spool).absolute()
    deadline = time.monotonic() + options.wait_s
    known = run_id
    while waiting := _waiting(spool, {run_id, known}, children):
        known = _settled(spool, known)
        courier_process.ensure_running(spool)
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    error = next((state.error for state in waiting if state.error), None)
    return Arrival(_settled(spool, known), len(waiting), error)


def _waiting(spool: Path, names: set[str], children: bool) -> list[State]:
    states = {inbox: State.load(inbox.folder) for inbox in inboxes(spool)}
    names = names | {inbox.folder.name for inbox, state in states.items() if state.run_id in names}
    return [state for inbox, state in states.items() if not state.done and _is_of(inbox, names, children)]


def _is_of(inbox: Inbox, names: Collection[str], children: bool) -> bool:
    return inbox.folder.name in names or inbox.adds_to(names) or (children and inbox.is_child_of(names))


def _settled(spool: Path, run_id: str) -> str:
    return (State.load(spool / run_id).run_id or run_id) if is_key(run_id) else run_id
