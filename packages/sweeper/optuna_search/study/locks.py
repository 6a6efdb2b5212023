"""Locks on a study: one worker at a time draws a trial, and one program makes a database's tables."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import optuna
from filelock import FileLock
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from optuna_search.optuna_internals import backend_of, path_of, storage_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

_in_memory = threading.Lock()


@contextmanager
def exclusive(study: optuna.Study) -> Iterator[bool]:
    """Let no other worker draw a trial of the study within the block, wherever it runs.

    A journal and SQLite are locked by a file beside them, PostgreSQL by an advisory lock; all of these end with their
    process. Studies in memory share one lock of this process. Behind a gRPC proxy, and for other storages, there is
    none.

    Yields:
        Whether the lock is held; where it is not, `TrialBudget` alone keeps the total exact.
    """
    backend = backend_of(storage_of(study))
    if isinstance(backend, JournalFileBackend):
        with _beside(path_of(backend)):
            yield True
    elif isinstance(backend, RDBStorage) and backend.engine.dialect.name == "sqlite" and backend.engine.url.database:
        with _beside(backend.engine.url.database):
            yield True
    elif isinstance(backend, RDBStorage) and backend.engine.dialect.name == "postgresql":
        with _of_database(storage_of(study), f"study {study.study_name}"):
            yield True
    elif isinstance(backend, InMemoryStorage):
        with _in_memory:
            yield True
    else:
        yield False


@contextmanager
def making_tables(url: str) -> Iterator[None]:
    """Optuna makes the tables of an empty database without asking who else is about to."""
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.pool import NullPool

    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        with _advisory(create_engine(parsed, poolclass=NullPool), "tables"):
            yield
    elif parsed.get_backend_name() == "sqlite" and parsed.database:
        with _beside(parsed.database):
            yield
    else:
        yield


@contextmanager
def _beside(path: str) -> Iterator[None]:
    with FileLock(f"{path}.draw.lock"):
        yield


def _of_database(storage: BaseStorage, what: str) -> AbstractContextManager[None]:
    from optuna_search.database_internals import PostgreSQLStorage

    if isinstance(storage, PostgreSQLStorage):
        return storage.exclusively(_number(what))
    return _advisory(backend_of(storage).engine, what)  # one that Optuna has opened


@contextmanager
def _advisory(engine: "Engine", what: str) -> Iterator[None]:
    from sqlalchemy import func, select

    with engine.begin() as connection:  # ends with the transaction, and so with a lost connection
        connection.execute(select(func.pg_advisory_xact_lock(_number(what))))
        yield


def _number(what: str) -> int:
    digest = hashlib.blake2b(f"optuna_sweeper:{what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
