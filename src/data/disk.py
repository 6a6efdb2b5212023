"""Disk space: checked before writing, and reported when it runs out nevertheless."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from src.core.errors import DataError

_RESERVE_BYTES = 50 * 2**20  # other programs write too
_OUT_OF_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def check_room(folder: Path, needed_bytes: int) -> None:
    """Refuse to begin what cannot fit.

    Raises:
        DataError: the file system of `folder` has less free space than needed.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + _RESERVE_BYTES:
        raise DataError(
            f"{folder}: needs {_megabytes(needed_bytes + _RESERVE_BYTES)} of disk space, {_megabytes(free)} are free"
        )


@contextmanager
def disk_errors_explained(folder: Path) -> Iterator[None]:
    """Turn what the operating system says of files into the project's error.

    Raises:
        DataError: in place of such an OSError.
    """
    try:
        yield
    except PermissionError as error:
        raise DataError(f"{error.filename or folder}: no permission to read or write it") from error
    except OSError as error:
        if error.errno in _OUT_OF_ROOM:
            raise DataError(f"{folder}: no space left on the device; nothing half written was kept") from error
        raise DataError(f"{error.filename or folder}: cannot be read or written: {error.strerror or error}") from error


def _megabytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MB"
