import subprocess
import sys

from src.mlflow.spool.lock import FileLock, is_held


def test_only_one_holds_the_lock(tmp_path):
    """A lock that is held cannot be taken, also not in the same process, until it is given back."""
    path = tmp_path / "lock"
    first, second = FileLock(path), FileLock(path)
    assert not is_held(path)
    assert first.try_acquire()
    assert not second.try_acquire()
    assert is_held(path)
    first.release()
    assert not is_held(path)
    assert second.try_acquire()
    second.release()


def test_a_killed_holder_gives_the_lock_up(tmp_path):
    """The operating system releases the lock of a process that is killed."""
    path = tmp_path / "lock"
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from src.mlflow.spool.lock import FileLock\n"
        "lock = FileLock(Path(sys.argv[1])); lock.try_acquire(); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path), "."]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        assert is_held(path)
        holder.kill()
    assert not is_held(path)
