"""Temporary folders of which nothing stays: not at the end, and not after a kill once the next one is made."""

import os
import shutil
import tempfile
from multiprocessing.util import Finalize
from pathlib import Path

from optuna_search import platforms

_LOCK = ".owned"  # in each folder; the operating system drops the lock with the last process that has it


def scratch_folder(prefix: str) -> Path:
    """Make a folder in the temporary folder, and remove those with this prefix that belong to no living process.

    It belongs to this process and to those that are forked from it.

    Args:
        prefix: What its name begins with; it should name the application.

    Side effects: the folder is removed when this process ends, and again those that nobody has, such as of workers
    that a launcher has killed. A lock is held in it until then.
    """
    _remove_left(prefix)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        if not platforms.CAN_LOCK or _owned(folder):  # else another process has tidied it up just now
            break
    # No exit handler: children of multiprocessing call none. Last, because multiprocessing may keep sockets in it. In a
    # forked child it does nothing.
    Finalize(None, _end, args=(folder, prefix), exitpriority=-200)
    return folder


def _owned(folder: Path) -> bool:
    lock = folder / _LOCK
    lock.touch()
    return _locked(lock) is not None and lock.exists()


def _end(folder: Path, prefix: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _remove_left(prefix)


def _remove_left(prefix: str) -> None:
    if not platforms.CAN_LOCK:  # those of other processes cannot be told from what is left
        return
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*/{_LOCK}"):
        if (handle := _locked(left)) is not None:
            shutil.rmtree(left.parent, ignore_errors=True)
            os.close(handle)


def _locked(path: Path) -> int | None:
    """A handle that holds the lock; None if somebody else holds it, or the file is gone or not ours."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        platforms.lock(handle)
    except OSError:
        os.close(handle)
        return None
    return handle
