"""Temporary folders are removed at the end, and those of killed processes by the next one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.toy import wait_for

MAKE = """
import os, sys, time
from optuna_search.scratch import scratch_folder
print(scratch_folder("scratch-"), flush=True)
"""
FORK = """
if os.fork() == 0:
    print("forked", flush=True)
    time.sleep(60)
"""
STAY = "time.sleep(60)\n"
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}


@pytest.fixture
def temporary(tmp_path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def start(temporary: Path, program: str) -> tuple[subprocess.Popen[str], Path]:
    environment = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, text=True, start_new_session=True, **PIPES
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def kill(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_folder_is_gone_when_its_process_has_ended(temporary):
    process, folder = start(temporary, MAKE)
    assert process.wait() == 0
    assert folder.parent == temporary
    assert list(temporary.iterdir()) == []
    process.communicate()


def test_a_child_of_multiprocessing_leaves_none_either(temporary):
    child = "import multiprocessing\nfrom optuna_search.scratch import scratch_folder\n" + (
        "process = multiprocessing.get_context('fork').Process(target=scratch_folder, args=('scratch-',))\n"
        "process.start(); process.join(); print(process.exitcode)\n"
    )
    process, _ = start(temporary, child)
    assert process.wait() == 0
    assert list(temporary.iterdir()) == []
    process.communicate()


def test_the_folder_of_a_killed_process_is_removed_by_the_next_one(temporary):
    process, folder = start(temporary, MAKE + STAY)
    kill(process)
    assert folder.is_dir()
    process, _ = start(temporary, MAKE)
    process.communicate()
    assert list(temporary.iterdir()) == []


def test_the_folder_of_a_process_that_was_killed_meanwhile_is_removed_at_the_end(temporary):
    """As of a launcher's workers after Ctrl-C."""
    lasting, _ = start(temporary, MAKE + "sys.stdin.readline()\n")
    killed, folder = start(temporary, MAKE + STAY)
    kill(killed)
    assert folder.is_dir()
    lasting.communicate("\n")
    assert list(temporary.iterdir()) == []


def test_the_folder_of_a_living_process_stays(temporary):
    living, folder = start(temporary, MAKE + STAY)
    other, _ = start(temporary, MAKE)
    other.communicate()
    assert list(temporary.iterdir()) == [folder]
    kill(living)


def test_a_forked_child_leaves_its_parents_folder_alone(temporary):
    process, folder = start(temporary, MAKE + "if os.fork() == 0: sys.exit()\nos.wait()\n" + STAY)
    time.sleep(0.5)
    assert folder.is_dir()
    kill(process)


def test_a_forked_child_that_outlives_its_parent_keeps_the_folder(temporary):
    process, folder = start(temporary, MAKE + FORK + STAY)
    assert process.stdout is not None
    assert process.stdout.readline() == "forked\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    other, _ = start(temporary, MAKE)
    other.communicate()
    assert folder.is_dir()
    kill(process)
    wait_for(lambda: not _tidied(temporary))


def _tidied(temporary: Path) -> list[Path]:
    """What is left after one more start."""
    process, _ = start(temporary, MAKE)
    process.communicate()
    return list(temporary.iterdir())
