"""`python -m src.mlflow.courier SPOOL`: the courier of a spool; src/mlflow/courier/process.py starts it."""

import logging
import os
import sys
import time
from pathlib import Path

from src.mlflow.courier import process as courier_process
from src.mlflow.courier.courier import Courier
from src.mlflow.courier.store import Store
from src.mlflow.spool.lock import FileLock
from src.mlflow.spool.reader import run_readers

LOCK_PATIENCE_S = 1.0  # somebody may hold the lock for a moment, only to see whether it is free


def main(spool: Path) -> None:
    """Work in `spool` as its only courier, if it has none yet."""
    lock = FileLock(courier_process.lock_of(spool))
    while _acquire(lock):
        try:
            from src.mlflow.courier.mlflow_store import (
                MlflowStore,  # takes seconds, which one courier is enough to spend
            )

            Courier(spool, MlflowStore).work()
            left = keys_in(spool)
        finally:
            lock.release()
        # A writer that saw the lock taken just before it was released relies on this second look.
        if not keys_in(spool) - left:
            return


def open_store(uri: str) -> Store:
    """The store at a tracking URI.

    Another tracker is added here, by the scheme of its URI; see docs/guides/tracking.md.
    """
    from src.mlflow.courier.mlflow_store import MlflowStore  # takes seconds: only once the courier has its lock

    return MlflowStore(uri)


def keys_in(spool: Path) -> set[str]:
    """The keys of the runs in the spool."""
    return {reader.folder.name for reader in run_readers(spool)}


def _acquire(lock: FileLock) -> bool:
    deadline = time.monotonic() + LOCK_PATIENCE_S
    while not lock.try_acquire():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(process)d %(levelname)s %(message)s", level=logging.WARNING)
    if hasattr(os, "nice"):
        os.nice(10)  # the training comes first: 4 s of import are nothing to it, but not on its cores
    main(Path(sys.argv[1]))
