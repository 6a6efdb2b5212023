"""How many trials fit into the memory of this machine, seen by those that run."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optuna_search.trial.shared_gpu import SharedGpu
from optuna_search.trial.stop import Stop

log = logging.getLogger(__name__)

LOOK_S = 1.0  # between two looks at whether there is room
SETTLED_S = 3.0  # what a trial has taken before says little about what it is going to take
SPARE = 1.1  # of what the largest trial so far has taken

_CGROUP = Path("/sys/fs/cgroup")


class Place:
    """What one slot's trial takes.

    Attributes:
        taken: The most memory that a process of it has had so far, in bytes.
    """

    def __init__(self, gpu: SharedGpu | None = None) -> None:
        self.taken = 0
        self._begun = time.monotonic()
        self._gpu = gpu
        self._showed = False

    def restart(self) -> None:
        """Its trial begins now."""
        self._begun = time.monotonic()

    def look(self, pid: int) -> None:
        """Note how much the process has taken so far."""
        self.taken = max(self.taken, peak_memory(pid))

    def step(self) -> None:
        """Its trial has reported a step."""
        if self._gpu is not None and not self._showed:
            self._showed = True
            self._gpu.showed()

    @property
    def settled(self) -> bool:
        """Whether it has run for long enough to show what a trial takes."""
        return time.monotonic() - self._begun > SETTLED_S


class MemoryRoom:
    """Lets a slot draw its next trial when there is memory for it; the trials themselves show how much that is.

    A trial is expected to grow to what the largest has taken. The first trial begins alone, and beside none a trial may
    always begin. Where the system does not say how much memory is free (Linux does), there is always room.
    """

    def __init__(self, *, limited: bool = True) -> None:
        self._limited = limited
        self._lock = threading.Lock()
        self._places: list[Place] = []
        self._largest = 0  # of the trials that have ended
        self._said = False

    @contextmanager
    def place(self, stop: Stop, gpu: SharedGpu | None = None) -> Iterator[Place]:
        """Wait until there is room for one more trial, also on the GPU, and keep its place within the block.

        Raises:
            KeyboardInterrupt, Terminated: From `stop`.
        """
        place = Place(gpu)
        while not self._admit(place, gpu):
            stop.check()
            stop.at_once.wait(LOOK_S)
        try:
            yield place
        finally:
            with self._lock:
                self._places.remove(place)
                self._largest = max(self._largest, place.taken)
            place.step()  # if it never did
            if gpu is not None:
                gpu.leave()

    def _admit(self, place: Place, gpu: SharedGpu | None) -> bool:
        free = available_memory() if self._limited else None
        with self._lock:
            if self._places and free is not None and not self._fits(free):
                return False
            if gpu is not None and not gpu.enter():
                return False
            place.restart()
            self._places.append(place)
            return True

    def _fits(self, free: int) -> bool:
        largest = max(self._largest, *(place.taken for place in self._places if place.settled), 0)
        if largest == 0:
            return False
        needed = largest + sum(max(0, largest - place.taken) for place in self._places)
        if free < needed * SPARE and not self._said:
            self._said = True
            log.info(
                "%d trials run at once and no more: one takes up to %.1f GB of memory, and %.1f GB are free.",
                len(self._places),
                largest / 1e9,
                free / 1e9,
            )
        return free >= needed * SPARE


def peak_memory(pid: int) -> int:
    """The most memory that a process has had so far, in bytes; 0 where it has ended or the system does not say."""
    try:
        return _field(Path(f"/proc/{pid}/status"), "VmHWM:") or 0
    except OSError:
        return 0


def available_memory() -> int | None:
    """What programs can still take, in bytes, of the machine and of the container; None where it is not said."""
    try:
        free = _field(Path("/proc/meminfo"), "MemAvailable:")
    except OSError:
        return None
    limit, used = _number(_CGROUP / "memory.max"), _number(_CGROUP / "memory.current")
    return free if free is None or limit is None or used is None else min(free, max(0, limit - used))


def _field(path: Path, name: str) -> int | None:
    for line in path.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024  # it is given in KiB
    return None


def _number(path: Path) -> int | None:
    """A number in a file of the kernel; None where there is no file, or no limit."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
