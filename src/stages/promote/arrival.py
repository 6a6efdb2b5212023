"""Waiting for what this machine still has to deliver of a run: the stages write to a spool, not to the store."""

import time
from pathlib import Path

from src.core.errors import RegistryError
from src.core.secrets import without_credentials
from src.tracking import courier_process
from src.tracking.options import TrackingOptions
from src.tracking.spool import Inbox, State, inboxes, is_key


def await_arrival(options: TrackingOptions, run_id: str) -> str:
    """Wait until the spool holds nothing of a run any more; returns the run by the best name known.

    Args:
        options: Where the run is recorded.
        run_id: Its id, or the provisional key that it has until the store answers.

    Side effects: starts the courier where something waits.

    Raises:
        RegistryError: something still waits after `options.wait_s`.
    """
    spool = Path(options.spool).absolute()
    deadline = time.monotonic() + options.wait_s
    known = run_id
    while waiting := [inbox for inbox in inboxes(spool) if _is_of(inbox, {run_id, known}) and not _state(inbox).done]:
        if is_key(known):
            known = State.load(spool / known).run_id or known
        if time.monotonic() > deadline:
            reasons = [state.error for state in map(_state, waiting) if state.error]
            said = f" The store said: {reasons[0]}" if reasons else ""
            raise RegistryError(
                f"What the stages recorded of run {run_id} has not all reached {without_credentials(options.uri)} yet;"
                f" it waits in {spool}.{said} Deliver it with `python -m src.sync`."
            )
        courier_process.ensure_running(spool)
        time.sleep(0.05)
    return (State.load(spool / known).run_id or known) if is_key(known) else known


def _is_of(inbox: Inbox, names: set[str]) -> bool:
    """Whether a folder of the spool adds to the run."""
    try:
        return bool(names & {inbox.folder.name, inbox.header()["run_id"], _state(inbox).run_id})
    except FileNotFoundError:  # the courier has just removed it
        return False


def _state(inbox: Inbox) -> State:
    return State.load(inbox.folder)
