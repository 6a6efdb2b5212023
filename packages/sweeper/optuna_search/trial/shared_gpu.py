"""How many trials share one GPU: found while they run, by how busy it is and how much of its memory they take."""

import logging
import shutil
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass

log = logging.getLogger(__name__)

BUSY = 85.0  # % of the time, from which on a further trial would only slow the others
LOOK_S = 1.0  # between two looks, since nvidia-smi tells of the last second
LOOKS = 5
SPARE = 1.5  # of what a trial takes on average: searched image sizes take different amounts
_MIB = 2**20
_QUERY = ("--query-gpu=utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class GpuUse:
    """What `nvidia-smi` says of a GPU.

    Attributes:
        busy: % of the last second in which something ran on it.
        used: Bytes of its memory that are taken, by anybody.
        total: Bytes that it has.
    """

    busy: float
    used: int
    total: int


def gpu_use(name: str) -> GpuUse | None:
    """What a GPU does now; None where nobody can say: no `nvidia-smi`, or a part of a divided GPU.

    Args:
        name: Its number or UUID.
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    asked = subprocess.run([program, f"--id={name}", *_QUERY], capture_output=True, text=True, check=False)
    try:
        busy, used, total = map(float, asked.stdout.strip().split(","))
    except ValueError:  # an error, or [N/A]
        return None
    return GpuUse(busy, int(used * _MIB), int(total * _MIB))


class SharedGpu:
    """Lets ever more trials share a GPU, as long as it has time and memory for them.

    At first one trial runs there. Twice as many are let in whenever those that were let in last have shown what a
    trial takes, by reporting a step or by ending, and the GPU is idle for a part of the time. Where nobody can say how
    busy it is, one trial at a time runs there.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._allowed = 1
        self._running = 0
        self._unseen = 1  # so many have still to show what they take, before more are let in
        self._looked = time.monotonic()
        self._uses: deque[GpuUse] = deque(maxlen=LOOKS)
        use = gpu_use(name)
        self._grows = use is not None
        self._before = 0 if use is None else use.used  # by others

    def enter(self) -> bool:
        """Begin a trial there, if another one is let in."""
        with self._lock:
            if self._running >= self._allowed and not (self._grows and self._grow()):
                return False
            self._running += 1
            return True

    def showed(self) -> None:
        """A trial has reported its first step, or ended without one."""
        with self._lock:
            self._unseen -= 1

    def leave(self) -> None:
        """A trial has ended."""
        with self._lock:
            self._running -= 1

    def _grow(self) -> bool:
        if self._unseen > 0 or time.monotonic() - self._looked < LOOK_S:
            return False
        self._looked = time.monotonic()
        use = gpu_use(self._name)
        if use is not None:
            self._uses.append(use)
        if len(self._uses) < LOOKS:
            return False
        busy = sum(use.busy for use in self._uses) / LOOKS
        used = max(use.used for use in self._uses) - self._before
        free = self._uses[-1].total - self._before - used
        more = min(self._running, int(free / max(1.0, SPARE * used / self._running)))
        if busy >= BUSY or more == 0:
            self._grows = False
            why = f"it is busy for {busy:.0f} % of the time" if busy >= BUSY else f"{free / 1e9:.1f} GB of it are free"
            log.info("%d trials at once share GPU %s and no more: %s.", self._running, self._name, why)
            return False
        self._allowed = self._running + more
        self._unseen = more
        self._uses.clear()
        return True
