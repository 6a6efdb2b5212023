"""A PostgreSQL server for tests: in a folder of its own, on a free port of this machine, and gone afterwards."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

DEBIAN = "/usr/lib/postgresql"
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
        FileNotFoundError: PostgreSQL is not installed.
    """
    account = account_to_run_as()
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    data = folder / "data"
    running = Server(free_port(), secrets.token_urlsafe())
    settings = [*FAST, f"port={running.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    try:
        secret = folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(running.password)
        if account:
            shutil.chown(folder, account)
            shutil.chown(secret, account)
        call(account, "initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}", "-N", "-E", "UTF8")
        secret.unlink()
        options = " ".join(f"-c {setting}" for setting in settings)
        try:
            call(account, "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
            yield running
        finally:
            call(account, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def call(account: str | None, name: str, *arguments: object) -> None:
    """Run one of the server's programs, which refuse to run as root."""
    command = [program(name), *map(str, arguments)]
    as_account = {"user": account, "group": account_group(account), "extra_groups": []} if account else {}
    # what pg_ctl starts would hold a pipe open for as long as it lives
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(command, cwd="/", stdout=output, stderr=subprocess.STDOUT, check=False, **as_account)
        output.seek(0)
        assert done.returncode == 0, f"{name} ended with status {done.returncode}:\n{output.read()}"


def program(name: str) -> str:
    """A program of the server, from PATH or from where Debian puts it."""
    newest_first = sorted(Path(DEBIAN).glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, newest_first)))
    if found is None:
        raise FileNotFoundError(
            f"There is no '{name}' on PATH or in {DEBIAN}/*/bin. These tests need a PostgreSQL server's programs: "
            "apt-get install postgresql"
        )
    return found


def account_to_run_as() -> str | None:
    """Somebody other than root; None where we are that already."""
    if os.geteuid() != 0:
        return None
    import pwd

    accounts = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in accounts else "nobody"


def account_group(account: str) -> int:
    import pwd

    return pwd.getpwnam(account).pw_gid


def free_port() -> int:
    """A TCP port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
