"""The spool: a folder in which calls to the tracking store wait for the courier that delivers them.

Each run has a folder named after its key, a name that sorts by the time the run was opened:

    <key>/calls.jsonl   one call a line, the first of them `open`
    <key>/files/        copies of the artifacts on their way
    <key>/writer.lock   held by the process that writes, so that its death is noticed
    <key>/machine.json  what the run runs on, noted by the first courier that sees it
    <key>/state.json    how far the courier has come

The writer appends, the courier reads: neither ever waits for the other.
"""

import dataclasses
import json
import re
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from src.core.files import write_json

PREFIX = "pending-"
CALLS = "calls.jsonl"
KEY_TAG = "tracking.key"  # the tag of a run in the store that holds the key it had in the spool
_KEY = re.compile(PREFIX + r"\d{20}-[0-9a-f]{8}")


def new_key() -> str:
    """A key that no other run has, and that sorts by the time it is made."""
    return f"{PREFIX}{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"


def is_key(text: str) -> bool:
    """Whether a run is named by the provisional key it has in the spool, not by the store's id."""
    return _KEY.fullmatch(text) is not None


def opened_at(key: str) -> float:
    """When the run with a key was opened, in seconds since 1970."""
    return int(key.removeprefix(PREFIX).split("-")[0]) / 1e9


class Call(NamedTuple):
    """One call to the store, as it is written to the spool."""

    operation: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class State:
    """How far the courier has come with a run.

    Attributes:
        run_id: the store's id of the run, once it has one.
        experiment_id: the store's id of the run's experiment, likewise.
        offset: bytes of `calls.jsonl` that are delivered.
        created: whether the run was made for this folder, rather than found by its id.
        creations: how often the store was asked to make the run, 2 at most: then it may have made more than one.
        error: why the last attempt failed, while it is not known to work again.
        failures: how many attempts have failed since the last one that did not.
        refused: what the store did not accept so far and was dropped.
        ended: whether the run has been given its final status.
        done: whether everything is delivered and the run closed.
    """

    run_id: str | None = None
    experiment_id: str | None = None
    offset: int = 0
    created: bool = False
    creations: int = 0
    error: str | None = None
    failures: int = 0
    refused: tuple[str, ...] = ()
    ended: bool = False
    done: bool = False

    @classmethod
    def load(cls, folder: Path) -> "State":
        """The state of the run in `folder`; the initial one when the courier has not begun.

        It is also that when the file cannot be read, after a power failure for instance: every call can be made twice.
        """
        try:
            content = json.loads((folder / "state.json").read_text(encoding="utf-8"))
            known = {field.name: content[field.name] for field in dataclasses.fields(cls) if field.name in content}
            return cls(**{**known, "refused": tuple(known.get("refused", ()))})
        except (FileNotFoundError, ValueError, TypeError):
            return cls()

    def save(self, folder: Path) -> None:
        """Replace the state of the run in `folder`."""
        write_json(folder / "state.json", dataclasses.asdict(self))


def known_id(spool: Path, run_id: str) -> str:
    """The store's id for a provisional key if this spool knows it already, or what was given."""
    return (State.load(spool / run_id).run_id or run_id) if is_key(run_id) else run_id
