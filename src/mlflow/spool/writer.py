"""The writing end of the spool: where a run's calls and files are put down, and nothing is waited for."""

import errno
import json
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

from src.mlflow.spool.folder import CALLS, Call, State, new_key
from src.mlflow.spool.lock import FileLock


class RunWriter:
    """The writing end of one run's folder."""

    def __init__(self, spool: Path, header: dict[str, Any]) -> None:
        """Make the folder with its first call, `open`.

        Raises:
            OSError: the spool cannot be written to.
        """
        self.key = new_key()
        self.folder = spool / self.key
        (self.folder / "files").mkdir(parents=True)
        self._lock = FileLock(self.folder / "writer.lock")
        self._lock.try_acquire()
        # The courier sees a folder once it has calls, and so complete and locked. Windows renames closed files only.
        unseen, calls = self.folder / "calls.new", self.folder / CALLS
        unseen.write_bytes(_line(Call("open", {**header, "key": self.key})))
        unseen.rename(calls)
        self._calls = os.open(calls, os.O_WRONLY | os.O_APPEND)
        self._torn = False

    def append(self, call: Call) -> None:
        """Write one call; a single write, so that calls of several threads do not mix.

        Raises:
            OSError: the disk is full, for instance; the call is lost, those before and after it are not.
        """
        line = _line(call)
        if self._torn:  # the half of a call must not swallow the next one
            line = b"\n" + line
        self._torn = os.write(self._calls, line) < len(line)
        if self._torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder))

    def keep(self, path: Path) -> str:
        """Copy a file or folder into the spool and return the copy's place relative to the run's folder.

        Raises:
            OSError: there is no such file, or no room for the copy; nothing of it is left.
        """
        place = Path("files") / uuid.uuid4().hex / path.name
        target = self.folder / place
        try:
            if path.is_dir():
                shutil.copytree(path, target)
            else:
                target.parent.mkdir()
                shutil.copyfile(path, target)
        except OSError:
            shutil.rmtree(target.parent, ignore_errors=True)
            raise
        return str(place)

    def state(self) -> State:
        """How far the courier has come."""
        return State.load(self.folder)

    def close(self) -> None:
        """Leave the folder to the courier, which removes it when all is delivered."""
        os.close(self._calls)
        self._lock.release()


def _line(call: Call) -> bytes:
    return (json.dumps(call) + "\n").encode()
