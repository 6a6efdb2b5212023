"""What a trial's process died of."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
from optuna_search.ending import Ending
from optuna_search.trial import isolation
from optuna_search.trial.isolation import (
    Limits,
    TrialProcesses,
    _death,
    _killed_for_memory,
    _signal,
    run_in_process,
)
from optuna_search.trial.stop import Stop


@pytest.mark.parametrize(
    ("exitcode", "for_memory", "error", "kinds"),
    [
        pytest.param(-9, False, "killed by SIGKILL", ("SIGKILL",), id="by somebody"),
        pytest.param(
            -9,
            True,
            "killed by the kernel because memory ran out (SIGKILL)",
            ("SIGKILL", "MemoryError"),
            id="by the kernel",
        ),
        pytest.param(-11, True, "killed by SIGSEGV", ("SIGSEGV",), id="a crash, while others ran out of memory"),
        pytest.param(3, False, "its process exited with status 3", ("SystemExit",), id="an exit"),
    ],
)
def test_a_death_has_a_reason_and_a_name_to_retry_it_by(exitcode, for_memory, error, kinds):
    outcome = _death(exitcode, for_memory=for_memory)
    assert (outcome.reason, outcome.kinds) == (error, kinds)


def test_the_kernel_says_how_many_it_has_killed_for_memory(tmp_path, monkeypatch):
    counters = tmp_path / "vmstat"
    counters.write_text("nr_free_pages 12\noom_kill 7\npgfault 99\n")
    monkeypatch.setattr(isolation, "Path", lambda _: counters)
    assert _killed_for_memory() == 7
    counters.unlink()
    assert _killed_for_memory() == 0


def test_a_process_that_cannot_be_started_ahead_leaves_the_running_trial_alone(monkeypatch):
    def refuse(packed):
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(isolation, "TrialProcess", refuse)
    processes = TrialProcesses(b"", ahead=True)
    processes.prepare()
    with pytest.raises(BlockingIOError):  # the trial that needs it says why it cannot run
        processes.take()
    processes.close()


class EndsWhileOneLooks:
    """A process that is alive when asked, and gone when it gets a signal."""

    def __init__(self, pid):
        self.pid = pid

    def is_alive(self):
        return True


def test_a_process_that_ends_while_it_is_killed_is_no_error():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(ProcessLookupError):
        os.kill(ended.pid, signal.SIGKILL)
    _signal(EndsWhileOneLooks(ended.pid), signal.SIGKILL)


class Scripted:
    """A process of a trial that sends what it is told to and is gone."""

    made: ClassVar[list["Scripted"]] = []

    def __init__(self, packed):
        self.has_waited, self.pid = False, os.getpid()
        self.pipe, self.theirs = multiprocessing.Pipe()
        self.ends = multiprocessing.Pipe()  # nobody writes: it is never seen to end
        self.process = SimpleNamespace(sentinel=self.ends[0])
        Scripted.made.append(self)
        if len(Scripted.made) == 1:  # the first one dies while it waits
            self.theirs.close()
        else:
            self.theirs.send(("outcome", (Ending.COMPLETED, 0.5, "", (), 1.0)))

    def exitcode(self):
        return -signal.SIGKILL

    def close(self):
        for end in (self.pipe, self.theirs, *self.ends):
            end.close()


def test_a_process_that_dies_while_it_waits_is_no_fault_of_the_trial_that_it_was_meant_for(monkeypatch):
    """Its death may be noticed only when the trial has been handed over."""
    monkeypatch.setattr(isolation, "TrialProcess", Scripted)
    monkeypatch.setattr(Scripted, "made", [])
    processes = TrialProcesses(b"", ahead=True)
    processes.prepare()
    job = SimpleNamespace(config={}, folder=Path(), facts=None, environment={})
    handle = SimpleNamespace(**dict.fromkeys(["report", "should_prune", "set_user_attr", "set_constraint"]))
    limits = Limits(None, threading.Event(), Stop(), SimpleNamespace(look=lambda _: None))
    outcome = run_in_process(job, handle, limits, processes)
    assert (outcome.ending, outcome.value) == (Ending.COMPLETED, 0.5)
    processes.close()


class TidyingUp(Scripted):
    """A process that, told to end, keeps something on its trial, waits for the answer, and ends."""

    def __init__(self, packed):
        self.pipe, self.theirs = multiprocessing.Pipe()
        self.ends = multiprocessing.Pipe()
        self.process = SimpleNamespace(sentinel=self.ends[0], pid=None)
        self.answers = []
        threading.Thread(target=self.tidy_up, daemon=True).start()

    def tidy_up(self):
        self.theirs.send(("began", ()))
        for key in ("run_id", "forbidden"):
            self.theirs.send(("set_user_attr", (key, "7")))
            self.answers.append(self.theirs.recv())
        self.theirs.close()
        self.ends[1].close()


def test_a_task_that_tells_its_trial_something_while_it_is_interrupted_gets_an_answer(monkeypatch):
    """It would wait for it until it is killed, and Ctrl-C take half a minute."""
    monkeypatch.setattr(isolation, "GRACE_S", 5.0)
    kept = {}

    def keep(key, value):
        if key == "forbidden":
            raise RuntimeError("the trial is told already")
        kept[key] = value

    handle = SimpleNamespace(**dict.fromkeys(["report", "should_prune", "set_constraint"]), set_user_attr=keep)
    process = TidyingUp(b"")
    began = time.monotonic()
    isolation.TrialProcess.interrupt(process, Stop(), handle)
    assert time.monotonic() - began < 5.0
    assert kept == {"run_id": "7"}
    assert process.answers[0] == (None, None)
    assert "the trial is told already" in str(process.answers[1][1])
