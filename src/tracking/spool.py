"""The spool: a folder in which calls to the tracking store wait for the courier that delivers them.

Each run has a folder named after its key, a name that sorts by the time the run was opened:

    <key>/calls.jsonl   one call a line, the first of them `open`
    <key>/files/        copies of the artifacts on their way
    <key>/writer.lock   held by the process that writes, so that its death is noticed
    <key>/state.json    how far the courier has come

The writer appends, the courier reads: neither ever waits for the other.
"""

import contextlib
import dataclasses
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from src.core.files import write_json
from src.tracking.lock import FileLock, is_held

_PREFIX = "pending-"
_KEY = re.compile(_PREFIX + r"\d{20}-[0-9a-f]{8}")


def is_key(text: str) -> bool:
    """Whether a run is named by the provisional key it has in the spool, not by the store's id."""
    return _KEY.fullmatch(text) is not None


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
        attempted: whether the store was asked to create the run, with an unknown result.
        error: why the last attempt failed, while it is not known to work again.
        refused: what the store did not accept so far and was dropped.
        ended: whether the run has been given its final status.
        done: whether everything is delivered and the run closed.
    """

    run_id: str | None = None
    experiment_id: str | None = None
    offset: int = 0
    attempted: bool = False
    error: str | None = None
    refused: tuple[str, ...] = ()
    ended: bool = False
    done: bool = False

    @classmethod
    def load(cls, folder: Path) -> "State":
        """The state of the run in `folder`; the initial one when the courier has not begun."""
        try:
            content = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        return cls(**{**content, "refused": tuple(content["refused"])})

    def save(self, folder: Path) -> None:
        """Replace the state of the run in `folder`."""
        write_json(folder / "state.json", dataclasses.asdict(self))


class Outbox:
    """The writing end of one run's folder."""

    def __init__(self, spool: Path, header: dict[str, Any]) -> None:
        """Make the folder with its first call, `open`.

        Raises:
            OSError: the spool cannot be written to.
        """
        self.key = f"{_PREFIX}{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
        self.folder = spool / self.key
        scratch = spool / f".{self.key}"
        (scratch / "files").mkdir(parents=True)
        self._lock = FileLock(scratch / "writer.lock")
        self._lock.try_acquire()
        self._calls = os.open(scratch / "calls.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        self.append(Call("open", {**header, "key": self.key}))
        scratch.rename(self.folder)  # the courier sees it complete and locked

    def append(self, call: Call) -> None:
        """Write one call; a single write, so that calls of several threads do not mix."""
        os.write(self._calls, (json.dumps(call) + "\n").encode())

    def keep(self, path: Path) -> str:
        """Copy a file or folder into the spool and return the copy's place relative to the run's folder."""
        place = Path("files") / uuid.uuid4().hex / path.name
        target = self.folder / place
        if path.is_dir():
            shutil.copytree(path, target)
        else:
            target.parent.mkdir()
            shutil.copyfile(path, target)
        return str(place)

    def state(self) -> State:
        """How far the courier has come."""
        return State.load(self.folder)

    def close(self) -> None:
        """Leave the folder to the courier, which removes it when all is delivered."""
        os.close(self._calls)
        self._lock.release()


class Inbox:
    """The reading end of one run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def calls_from(self, offset: int) -> list[tuple[Call, int]]:
        """The complete calls after `offset` bytes, each with the offset behind it."""
        with (self.folder / "calls.jsonl").open("rb") as file:
            file.seek(offset)
            content = file.read()
        calls = []
        for line in content.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break  # still being written
            offset += len(line)
            calls.append((Call(*json.loads(line)), offset))
        return calls

    def header(self) -> dict[str, Any]:
        """The arguments of the first call, `open`.

        Raises:
            ValueError: the folder begins with something else.
        """
        calls = self.calls_from(0)
        if not calls or calls[0][0].operation != "open":
            raise ValueError(f"{self.folder} does not begin with the call 'open'; delete the folder.")
        return calls[0][0].arguments

    def is_child_of(self, run_ids: Collection[str]) -> bool:
        """Whether the run has one of these for a parent; False when the courier has just removed its folder."""
        try:
            return self.header()["parent_run_id"] in run_ids
        except FileNotFoundError:
            return False

    def writer_is_alive(self) -> bool:
        """Whether more calls may come."""
        return is_held(self.folder / "writer.lock")

    def discard(self, place: str) -> None:
        """Delete the copy of an artifact."""
        shutil.rmtree((self.folder / place).parent, ignore_errors=True)

    def remove(self) -> None:
        """Delete the run's folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def inboxes(spool: Path) -> list[Inbox]:
    """The runs in the spool, oldest first, so that a parent comes before its children."""
    with contextlib.suppress(FileNotFoundError):
        return [Inbox(folder) for folder in sorted(spool.glob(f"{_PREFIX}*"))]
    return []
