"""Starting the courier: the one process of a spool that imports MLflow and talks to its store.

A process of its own, because importing MLflow takes 4 s of Python that would hold up the training's own imports and
its first epochs if a thread of the training did it. It leaves by itself when nothing is left to deliver.
"""

import atexit
import contextlib
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

from src.mlflow.client import COURIER_ENVIRONMENT, COURIER_ENVIRONMENT_FIXED
from src.mlflow.spool.lock import is_held

_PROJECT = Path(__file__).resolve().parents[3]
_HURRY = "courier.hurry"
_LOG_LIMIT_BYTES = 1_000_000
START_S = 3.0  # from its start until a courier has taken the lock, generously

_processes: list[subprocess.Popen[bytes]] = []
_started_at: dict[Path, float] = {}


def lock_of(spool: Path) -> Path:
    """The file whose lock the courier of `spool` holds."""
    return spool / "courier.lock"


def log_of(spool: Path) -> Path:
    """The file that the courier of `spool` writes its messages to."""
    return spool / "courier.log"


def hurry(spool: Path) -> None:
    """Let the courier of `spool`, present or next, try at once what it would try only after a pause."""
    with contextlib.suppress(FileNotFoundError):  # no spool, nothing to hurry for
        (spool / _HURRY).touch()


def take_hurry(spool: Path) -> bool:
    """Whether the courier has been told to hurry since it was last asked."""
    try:
        (spool / _HURRY).unlink()
    except FileNotFoundError:
        return False
    return True


def ensure_running(spool: Path) -> bool:
    """Start a courier unless one is at work; returns whether one was started.

    Two processes may start one each at the same moment: the second courier finds the lock taken and leaves.
    One that was started a moment ago has not taken the lock yet, but counts.

    Side effects: a process that outlives this one until the spool is delivered.

    Raises:
        OSError: it cannot be started.
    """
    _processes[:] = [process for process in _processes if process.poll() is None]  # leaves no zombies behind
    started_s_ago = time.monotonic() - _started_at.get(spool, -START_S)
    if is_held(lock_of(spool)) or started_s_ago < START_S:
        return False
    log = log_of(spool)
    mode = "wb" if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES else "ab"
    with log.open(mode) as messages:
        process = subprocess.Popen(
            [sys.executable, "-m", "src.mlflow.courier", str(spool)],
            stdin=subprocess.DEVNULL,
            stdout=messages,
            stderr=messages,
            env=environment(),
            start_new_session=True,  # Ctrl-C is for the training, the courier still has its end to deliver
        )
    if not _processes:
        atexit.register(_let_go)
    _processes.append(process)
    _started_at[spool] = time.monotonic()
    return True


def _let_go() -> None:
    """Couriers outlive the program on purpose, of which Python would warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        _processes.clear()


def environment() -> dict[str, str]:
    """That of the courier: MLflow's time-outs cut short, unless the user set them, and no telemetry."""
    path = os.pathsep.join(filter(None, (str(_PROJECT), os.environ.get("PYTHONPATH"))))
    return {**COURIER_ENVIRONMENT, **os.environ, "PYTHONPATH": path, **COURIER_ENVIRONMENT_FIXED}
