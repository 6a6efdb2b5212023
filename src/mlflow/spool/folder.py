"""The spool: a folder in which calls to the tracking store wait for the courier that delivers them.

Each run has a folder named after its key, a name that sorts by the time the run was opened:

    <key>/calls.jsonl   one call a line, the first of them `open`
    <key>/files/        copies of the artifacts on their way
    <key>/writer.lock   held by the process that writes, so that its death is noticed
    <key>/machine.json  what the run runs on, noted by the first courier that sees it
    <key>/state.json    how far the courier has come

The writer appends, the courier reads: neither ever waits for the other.
"""

import contextlib
import dataclasses
import json
import re
import shutil
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from src.core.files import write_json
from src.mlflow.spool.lock import is_held

_PREFIX = "pending-"
_DELIVERED = ".delivered-"  # before the name of a folder that is being deleted
_KEY = re.compile(_PREFIX + r"\d{20}-[0-9a-f]{8}")


def new_key() -> str:
    """A key that no other run has, and that sorts by the time it is made."""
    return f"{_PREFIX}{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"


def is_key(text: str) -> bool:
    """Whether a run is named by the provisional key it has in the spool, not by the store's id."""
    return _KEY.fullmatch(text) is not None


def opened_at(key: str) -> float:
    """When the run with a key was opened, in seconds since 1970."""
    return int(key.removeprefix(_PREFIX).split("-")[0]) / 1e9


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


class Inbox:
    """The reading end of one run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._calls = folder / "calls.jsonl"

    def calls_from(self, offset: int) -> list[tuple[Call, int]]:
        """The complete calls after `offset` bytes, each with the offset behind it.

        What is no call, because the disk was full when it was written, comes as the call `damaged`.
        """
        with self._calls.open("rb") as file:
            file.seek(offset)
            content = file.read()
        *lines, _being_written = content.split(b"\n")
        calls = []
        for line in lines:
            offset += len(line) + 1
            calls.append((_parsed(line), offset))
        return calls

    def header(self) -> dict[str, Any]:
        """The arguments of the first call, `open`.

        Raises:
            ValueError: the folder begins with something else.
        """
        with self._calls.open("rb") as file:
            first = _parsed(file.readline())
        if first.operation != "open":
            raise ValueError(f"{self.folder} does not begin with the call 'open'; delete the folder.")
        return first.arguments

    def waiting(self, offset: int) -> int:
        """How many calls lie after `offset` bytes, the one that is still being written left out."""
        with self._calls.open("rb") as file:
            file.seek(offset)
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))

    def end(self) -> int:
        """Bytes of all calls."""
        return self._calls.stat().st_size

    def size_bytes(self) -> int:
        """What the calls and the copies of artifacts take on the disk."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def last_call_ms(self) -> int:
        """When the last call was written, in milliseconds since 1970."""
        return self._calls.stat().st_mtime_ns // 1_000_000

    def noted(self, name: str, content: Callable[[], Any]) -> Any:
        """What the file `name` holds, and what `content` gives where there is none yet, which is kept in it."""
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            fresh = content()
            write_json(self.folder / name, fresh)
            return fresh

    def is_child_of(self, run_ids: Collection[str]) -> bool:
        """Whether the run has one of these for a parent; False when its folder is unreadable, or has just gone."""
        return self._names("parent_run_id", run_ids)

    def adds_to(self, run_ids: Collection[str]) -> bool:
        """Whether the folder adds to one of these runs, which began before; False as above."""
        return self._names("run_id", run_ids)

    def _names(self, what: str, run_ids: Collection[str]) -> bool:
        try:
            return self.header()[what] in run_ids
        except (OSError, ValueError, KeyError):
            return False

    def writer_is_alive(self) -> bool:
        """Whether more calls may come."""
        return is_held(self.folder / "writer.lock")

    def discard(self, place: str) -> None:
        """Delete the copy of an artifact."""
        shutil.rmtree((self.folder / place).parent, ignore_errors=True)

    def remove(self) -> None:
        """Delete the run's folder; it is gone at once, so that nobody finds it without the half of its files."""
        doomed = self.folder.with_name(_DELIVERED + self.folder.name)
        with contextlib.suppress(FileNotFoundError):  # the user has deleted it
            self.folder.rename(doomed)
        _vanish(doomed)


def inboxes(spool: Path) -> list[Inbox]:
    """The runs in the spool, oldest first, so that a parent comes before its children."""
    with contextlib.suppress(FileNotFoundError):
        return [Inbox(folder) for folder in sorted(spool.glob(f"{_PREFIX}*"))]
    return []


def sweep(spool: Path) -> None:
    """Delete what a courier that was killed had begun to delete."""
    for folder in spool.glob(f"{_DELIVERED}*"):
        _vanish(folder)


def _vanish(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _parsed(line: bytes) -> Call:
    try:
        operation, arguments = json.loads(line)
        return Call(str(operation), dict(arguments))
    except (ValueError, TypeError):
        return Call("damaged", {"text": line.decode(errors="replace").strip()})
