"""Servers in the background: started, found again by a later call, and ended with all that they started."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from scripts.server_stack.compose import LOOPBACK
from scripts.server_stack.errors import StackError

_ENDING_S = 15.0


class Processes:
    """The servers that were started from a folder, whose `processes.json` names them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "processes.json"

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        """Start a server; what it prints is appended to `NAME.log`."""
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for whoever starts the stack
            )
        self._save({**self._known(), name: [process.pid, psutil.Process(process.pid).create_time()]})

    def pid(self, name: str) -> int | None:
        """The process of a server; None if it has ended, even where its number belongs to another one by now."""
        pid, started = self._known().get(name, (None, None))
        if pid is None:
            return None
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if process.create_time() == started and process.status() != psutil.STATUS_ZOMBIE:
                return pid
        return None

    def stop(self, name: str) -> bool:
        """End a server and what it started: politely, and after a while not; returns whether there was any of it."""
        members = found = self._members(name)
        for kind in (signal.SIGTERM, signal.SIGKILL):
            for member in members:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.send_signal(kind)
            _, members = psutil.wait_procs(members, timeout=_ENDING_S)
        self._save({other: process for other, process in self._known().items() if other != name})
        return bool(found)

    def _members(self, name: str) -> list[psutil.Process]:
        """The processes of a server's session, which it leads, or led until it was killed."""
        leader, started = self._known().get(name, (None, None))
        if leader is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(leader).create_time() != started:
                return []  # its number belongs to another process, so nothing of the session is left
        members = []
        for process in psutil.process_iter():
            with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
                if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                    members.append(process)
        return members

    def log(self, name: str) -> Path:
        """Where a server's output goes."""
        return self._folder / f"{name}.log"

    def _known(self) -> dict[str, tuple[int, float]]:
        try:
            content: dict[str, tuple[int, float]] = json.loads(self._file.read_text())
        except FileNotFoundError:
            return {}
        return content

    def _save(self, processes: Mapping[str, Sequence[float]]) -> None:
        scratch = self._file.with_suffix(".new")
        scratch.write_text(json.dumps(processes))
        scratch.replace(self._file)


def last_lines(log: Path, count: int = 8) -> str:
    """The end of a server's output, for a message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.is_file() else ""


def check_port(name: str, port: int) -> None:
    """Refuse a port on which somebody listens already.

    Raises:
        StackError: so it is.
    """
    if answers(port):
        variable = f"{name.upper().replace('-', '_').replace('STORAGE', 'S3')}_PORT"
        raise StackError(
            f"{name} cannot start: another program listens at {LOOPBACK}:{port}. Set {variable} in .env to a free port."
        )


def answers(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


def wait_until(is_so: Callable[[], bool], patience_s: float) -> bool:
    """Look again and again, ever less often; returns whether it came true in time."""
    deadline, pause_s = time.monotonic() + patience_s, 0.1
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 2.0)
    return True
