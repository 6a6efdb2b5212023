"""A PostgreSQL server for tests: in a folder of its own, on a free port of this machine, and gone afterwards."""

import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from scripts.server_stack.postgresql import account_to_run_as, make_cluster, start, stop

USER = "optuna"
# nothing of it has to outlive the tests
FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


@dataclass(frozen=True)
class Server:
    """A running server; clients give `password` as PGPASSWORD."""

    port: int
    password: str

    def create(self, database: str) -> str:
        """Make an empty database; returns its URL, without the password."""
        address = {"host": "127.0.0.1", "port": self.port, "user": USER, "password": self.password}
        with psycopg.connect(**address, dbname="postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"')
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"


@contextmanager
def server() -> Iterator[Server]:
    """Start a server and stop it at the end, whatever happened.

    Raises:
        StackError: PostgreSQL is not installed.
    """
    account = account_to_run_as()
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    data = folder / "data"
    running = Server(free_port(), secrets.token_urlsafe())
    settings = [*FAST, f"port={running.port}", "listen_addresses=127.0.0.1", "unix_socket_directories="]
    try:
        if account:
            shutil.chown(folder, account)
        make_cluster(account, data, user=USER, password=running.password)
        try:
            start(account, data, settings)
            yield running
        finally:
            stop(account, data, "immediate")
    finally:
        shutil.rmtree(folder)


def free_port() -> int:
    """A TCP port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
