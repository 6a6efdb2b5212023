"""The reading end of the spool: what waits in a run's folder, and the folder's removal once it is delivered."""

import contextlib
import json
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from src.core.files import write_json
from src.mlflow.spool.folder import CALLS, PREFIX, Call
from src.mlflow.spool.lock import is_held

_DELIVERED = ".delivered-"  # before the name of a folder that is being deleted


class RunReader:
    """The reading end of one run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._calls = folder / CALLS

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

    def names(self) -> set[str]:
        """What the writer calls the run: its key, and the id or key that it was opened with to resume or add to it."""
        return {name for name in (self.folder.name, self._header_value("run_id")) if name}

    def is_child_of(self, run_ids: Collection[str]) -> bool:
        """Whether the run has one of these for a parent; False when its folder is unreadable, or has just gone."""
        return self._header_value("parent_run_id") in run_ids

    def _header_value(self, name: str) -> str | None:
        try:
            return str(self.header()[name] or "")
        except (OSError, ValueError, KeyError):
            return None

    def writer_is_alive(self) -> bool:
        """Whether more calls may come."""
        return is_held(self.folder / "writer.lock")

    def discard(self, place: str) -> None:
        """Delete the copy of an artifact."""
        shutil.rmtree((self.folder / place).parent, ignore_errors=True)

    def remove(self) -> None:
        """Delete the run's folder; it is gone at once, so that nobody finds it without the half of its files."""
        removed = self.folder.with_name(_DELIVERED + self.folder.name)
        with contextlib.suppress(FileNotFoundError):  # the user has deleted it
            self.folder.rename(removed)
        _vanish(removed)


def run_readers(spool: Path) -> list[RunReader]:
    """The runs in the spool, oldest first, so that a parent comes before its children."""
    return [RunReader(calls.parent) for calls in sorted(spool.glob(f"{PREFIX}*/{CALLS}"))]


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
