"""A journal file that a full disk or a kill cannot damage.

Optuna's own backend appends records and never looks at what is there. Half a record at the end, left by a full disk or
a machine that stopped, would have the next record glued to it, and then no study of the file could be read.
"""

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

from filelock import FileLock
from optuna.storages.journal import JournalFileBackend

from optuna_search.errors import StudyError
from optuna_search.optuna_internals import BaseJournalFileLock, JournalOperation, get_lock_file

_OPERATIONS = tuple(map(int, JournalOperation))
_SHOWN = 100  # characters of what is no record
_BLOCK = 4096  # bytes that are read at once on the way back to the last end of a line


class JournalFile(JournalFileBackend):
    """A journal whose records are whole, or are not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), lock_obj=KernelLock(path))

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append records after the last whole one; after a failed write the file is as it was before.

        Raises:
            OSError: The disk is full, or the file cannot be written.
        """
        with get_lock_file(self._lock):  # the same lock as within; a FileLock counts how often its holder takes it
            self._cut_half_a_record()
            try:
                super().append_logs(logs)
            except OSError:
                self._cut_half_a_record()
                raise

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        """The records from a number on.

        Raises:
            StudyError: A line in the middle of the file is no record.
        """
        number = log_number_from
        try:
            for record in super().read_logs(log_number_from):
                _check_record(record)
                yield record
                number += 1
        except (json.JSONDecodeError, ValueError) as error:
            raise StudyError(
                f"{self._file_path}:{number + 1}: this line is no record of a study ({error}), so that no study of the"
                " file can be read. A program without protection against a full disk has written it. Keep a copy of the"
                " file, and delete the line: the studies are then without what it said."
            ) from error

    def _cut_half_a_record(self) -> None:
        """Shorten the file to its last end of a line, if it does not end with one."""
        with Path(self._file_path).open("rb+") as file:
            size = end = file.seek(0, os.SEEK_END)
            while end > 0:
                start = max(0, end - _BLOCK)
                file.seek(start)
                place = file.read(end - start).rfind(b"\n")
                if place >= 0:
                    end = start + place + 1
                    break
                end = start
            if end < size:
                file.truncate(end)


def _check_record(record: Any) -> None:
    """Refuse what is JSON and nothing that Optuna writes.

    Raises:
        ValueError: So it is.
    """
    if not isinstance(record, dict):
        raise ValueError(f"expected a mapping, found {str(record)[:_SHOWN]}")
    if record.get("op_code") not in _OPERATIONS:
        raise ValueError(f"Optuna knows no operation {str(record.get('op_code'))[:_SHOWN]}")


class KernelLock(BaseJournalFileLock):
    """A journal's lock that ends with its process; after Optuna's own, a kill makes all others wait for 30 s."""

    def __init__(self, journal: Path) -> None:
        self._lock = FileLock(f"{journal}.append.lock")

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._lock.acquire()
        return True

    def release(self) -> None:
        """Give it back."""
        self._lock.release()
