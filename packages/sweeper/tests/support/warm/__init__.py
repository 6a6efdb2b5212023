"""A Python that starts with its imports done: most of what a short program takes is the import of its libraries.

`python()` is an executable that takes the place of `sys.executable`, for a test and for the programs that it starts.
`server.py` has imported the libraries and forks a process for each program. `client.py` is the process that is started:
it hands over its folder, environment, files and signals, and ends as the program ended.

What a program does while it imports is not seen this way, so each entry point is also started by `sys.executable`
somewhere.
"""

import atexit
import functools
import hashlib
import os
import shlex
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

HERE = Path(__file__).parent
SWEEPER = (  # what sweeps import
    *("hydra.main", "plugins_of_hydra", "optuna_search.run.search", "numpy.random", "joblib"),
    *("optuna.storages._rdb.storage", "alembic.command", "sqlalchemy.dialects.postgresql.psycopg", "psycopg"),
    "sqlalchemy.dialects.sqlite.pysqlite",
)
ENVIRONMENT = {
    "GOMP_SPINCOUNT": "1000",  # read when torch is imported; src/detector/environment.py says why
    "MLFLOW_DISABLE_TELEMETRY": "true",  # it is a thread
}


@functools.cache
def python(*libraries: str) -> str:
    """The executable that runs a program with these libraries imported.

    Side effects: a server that lives until the last of those processes has ended that run these tests and called this.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    key = hashlib.sha256(" ".join([run, *libraries]).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"warm-{key}"
    executable, address = folder / "python", folder / "socket"
    folder.mkdir(exist_ok=True)
    holder = socket.socket(socket.AF_UNIX)
    with FileLock(folder / "lock"):
        if not address.exists():
            client = [sys.executable, "-I", "-S", str(HERE / "client.py"), str(address)]
            executable.write_text(f'#!/bin/sh\nexec {shlex.join(client)} "$@"\n')
            executable.chmod(0o755)
            server = [sys.executable, str(HERE / "server.py"), str(address), str(executable), *libraries]
            subprocess.run(server, env=os.environ | ENVIRONMENT, check=True)
        holder.connect(str(address))
        holder.sendall(b"h")
    atexit.register(holder.close)
    return str(executable)
