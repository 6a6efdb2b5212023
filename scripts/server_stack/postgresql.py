"""PostgreSQL's own programs: where they are, as whom they run, and a server in a folder of its own."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.server_stack.errors import StackError

DEBIAN = "/usr/lib/postgresql"
_TIMEOUT_S = 120


def program(name: str) -> str:
    """A program of PostgreSQL, from PATH or from where Debian puts it.

    Raises:
        StackError: it is not installed.
    """
    newest_first = sorted(Path(DEBIAN).glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, newest_first)))
    if found is None:
        raise StackError(
            f"There is no '{name}' on PATH or in {DEBIAN}/*/bin. A PostgreSQL server's programs are needed: "
            "apt-get install postgresql"
        )
    return found


def account_to_run_as() -> str | None:
    """Somebody other than root, as whom the server refuses to run; None where we are that already."""
    if os.geteuid() != 0:
        return None
    import pwd

    accounts = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in accounts else "nobody"


def call(account: str | None, name: str, *arguments: object, environment: Mapping[str, str] | None = None) -> None:
    """Run one of the programs, as `account` if that is not None.

    Raises:
        StackError: it is not installed or fails; the message has what it printed.
    """
    done = run(account, [program(name), *map(str, arguments)], environment)
    if done.returncode:
        raise StackError(f"{name} ended with status {done.returncode}:\n{done.stdout}")


def run(
    account: str | None, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program that may leave a server behind; what is printed comes back as `stdout`."""
    group = _group_of(account)
    # what pg_ctl starts would hold a pipe open for as long as it lives
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=account,
            group=group,
            extra_groups=None if account is None else [],
            env=None if environment is None else dict(environment),
            timeout=_TIMEOUT_S,
            check=False,
        )
        output.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, output.read())


def make_cluster(account: str | None, data: Path, *, user: str, password: str) -> None:
    """Make an empty cluster of databases in `data`, whose parent folder exists.

    Raises:
        StackError: the account cannot get there, or `initdb` fails.
    """
    data.mkdir(mode=0o700)
    secret = data.with_name(f".{data.name}.password")
    secret.touch(mode=0o600)
    try:
        secret.write_text(password)
        if account:
            shutil.chown(data, account)
            shutil.chown(secret, account)
        call(account, "initdb", "-D", data, "-U", user, "-A", "scram-sha-256", f"--pwfile={secret}", "-N", "-E", "UTF8")
    finally:
        secret.unlink()


def start(account: str | None, data: Path, settings: Sequence[str]) -> None:
    """Start the server of a cluster and wait until it answers; it writes `log` in the cluster's folder.

    Args:
        account: As whom it runs; None for us.
        data: The cluster.
        settings: As in postgresql.conf, `port=5432`.

    Raises:
        StackError: it does not start; the message has the end of its log.
    """
    log = data / "log"
    options = " ".join(f"-c {setting}" for setting in settings)
    try:
        call(account, "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
    except StackError as error:
        said = log.read_text(errors="replace").splitlines()[-5:] if log.is_file() else []
        raise StackError("\n".join([str(error).rstrip(), *said])) from error


def stop(account: str | None, data: Path, mode: str) -> None:
    """Stop the server of a cluster: `fast` ends what clients do, `immediate` does not even write what is in memory."""
    call(account, "pg_ctl", "-D", data, "-m", mode, "-w", "stop")


def is_running(account: str | None, data: Path) -> bool:
    """Whether the cluster has a server."""
    return (data / "PG_VERSION").is_file() and run(
        account, [program("pg_ctl"), "-D", str(data), "status"]
    ).returncode == 0


def _group_of(account: str | None) -> int | None:
    if account is None:
        return None
    import pwd

    return pwd.getpwnam(account).pw_gid
