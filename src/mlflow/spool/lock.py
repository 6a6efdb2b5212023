"""A lock on a file that the operating system drops when the process holding it ends, however it ends."""

import os
from pathlib import Path

from optuna_search import platforms


class FileLock:
    """At most one `FileLock` on a path is held at a time, also within one process.

    Processes forked by the holder keep holding it with the holder; programs that it starts do not.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def try_acquire(self) -> bool:
        """Take the lock if it is free.

        Side effects: creates the file.

        Raises:
            OSError: the file cannot be opened, because its folder is gone for instance.
        """
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if platforms.CAN_LOCK:
                platforms.lock(handle)
        except OSError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Give the lock back; the file stays."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock on `path`; a missing file is held by nobody."""
    if not path.exists():
        return False
    probe = FileLock(path)
    try:
        free = probe.try_acquire()
    except FileNotFoundError:  # gone since we looked
        return False
    probe.release()
    return not free
