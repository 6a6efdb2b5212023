"""MLflow's server on a SQLite database and a folder, as a process of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

START_S = 400


@dataclass
class MlflowServer:
    """A server, and where it keeps what it is told."""

    folder: Path
    port: int

    @property
    def database(self) -> Path:
        return self.folder / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"


@contextlib.contextmanager
def mlflow_servers(*folders: Path) -> Iterator[list[MlflowServer]]:
    """A server in each folder; they start side by side, because each takes half a minute."""
    servers = [MlflowServer(folder, _free_port()) for folder in folders]
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(_process(server)) for server in servers]
        for server, process in zip(servers, processes, strict=True):
            _await(server, process)
        yield servers


@contextlib.contextmanager
def _process(server: MlflowServer) -> Iterator[subprocess.Popen[bytes]]:
    server.folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(server.port)]
    command += ["--backend-store-uri", f"sqlite:///{server.database}", "--workers", "1"]
    command += ["--artifacts-destination", str(server.artifacts)]
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (server.folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=server.folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # its workers, too
        process.wait()


def _await(server: MlflowServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"MLflow's server did not start:\n{(server.folder / 'server.log').read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
