"""What operating systems do differently: groups of processes, signals, and whether a process still runs.

Windows has no groups of processes, and of its signals only Ctrl-C reaches a program; all others end it at once.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform == "win32":
    import ctypes
    import msvcrt

    CAN_LOCK = True
    _SYNCHRONIZE, _ACCESS_DENIED, _STILL_RUNNING = 0x100000, 5, 0x102
else:
    try:
        import fcntl
    except ModuleNotFoundError:  # a build of Python without it
        CAN_LOCK = False
    else:
        CAN_LOCK = True

CAN_BLOCK_INTERRUPTS = hasattr(signal, "pthread_sigmask")  # not on Windows
KILL: int = getattr(signal, "SIGKILL", signal.SIGTERM)


def lock(handle: int) -> None:
    """Lock an open file for this process and those that are forked from it; needs `CAN_LOCK`.

    The operating system drops the lock with the last of them.

    Raises:
        OSError: somebody else has it.
    """
    if sys.platform == "win32":
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lead_group() -> None:
    """Put this process into a group of its own where there are groups: Ctrl-C then reaches its parent only."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)


def kill_own_group() -> None:
    """End this process, with all of its group where it leads one, without any handler."""
    if not signal_group(os.getpid(), KILL):
        os.kill(os.getpid(), KILL)


def signal_group(pid: int, number: int) -> bool:
    """Send a signal to the group that a process leads; False where it leads none, or has ended with all of it."""
    if not hasattr(os, "killpg"):
        return False
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def signal_process(pid: int, number: int) -> None:
    """Send a signal to a child. Ctrl-C is not sent on Windows, where the child got it when its parent did.

    Raises:
        ProcessLookupError: it has ended.
    """
    if sys.platform != "win32" or number != signal.SIGINT:
        os.kill(pid, number)


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Keep Ctrl-C from this thread, and from processes that it starts, until `unblock_interrupts` or the block's end.

    Does nothing where that cannot be done.
    """
    if sys.platform == "win32" or not CAN_BLOCK_INTERRUPTS:
        yield
    else:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unblock_interrupts() -> None:
    """Let Ctrl-C reach this thread, also one that was given before now."""
    if sys.platform != "win32" and CAN_BLOCK_INTERRUPTS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


if sys.platform == "win32":

    def is_running(pid: int) -> bool:
        """Whether there is a process with this number."""
        kernel = ctypes.windll.kernel32  # os.kill(pid, 0) would be Ctrl-C
        handle = kernel.OpenProcess(_SYNCHRONIZE, False, pid)
        if not handle:
            return bool(kernel.GetLastError() == _ACCESS_DENIED)
        running = kernel.WaitForSingleObject(handle, 0) == _STILL_RUNNING
        kernel.CloseHandle(handle)
        return bool(running)

else:

    def is_running(pid: int) -> bool:
        """Whether there is a process with this number."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # somebody else's
            return True
        return True
