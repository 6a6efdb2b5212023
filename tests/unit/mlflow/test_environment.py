import subprocess
import time

import pytest

from src.mlflow.spool import environment
from src.mlflow.spool.environment import describe_environment, describe_machine


@pytest.fixture(autouse=True)
def fresh_description():
    describe_machine.cache_clear()
    yield
    describe_machine.cache_clear()


def test_the_description_says_what_may_explain_a_result():
    """Versions, interpreter, hardware, code and command are there, as non-empty texts."""
    facts = describe_environment()
    assert {"python", "platform", "cpu_cores", "package.optuna", "command"} <= facts.keys()
    assert all(isinstance(value, str) and value for value in facts.values())


def test_the_description_is_made_once():
    """Asking again costs next to nothing."""
    describe_environment()
    start = time.process_time()
    describe_environment()
    assert time.process_time() - start < 0.01


@pytest.mark.parametrize("failure", [FileNotFoundError("git"), subprocess.TimeoutExpired("git", 5)])
def test_without_git_the_commit_is_left_out(monkeypatch, failure):
    """A machine without git, or with one that hangs, is described nevertheless."""

    def fail(*args, **kwargs):
        raise failure

    monkeypatch.setattr(environment.subprocess, "run", fail)
    facts = describe_environment()
    assert "git.commit" not in facts
    assert "git.dirty" not in facts


def test_gpus_are_those_that_the_driver_lists(monkeypatch, tmp_path):
    """The driver's own program is asked, which needs no torch."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA H200, 143771 MiB, 550.54'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert describe_environment()["gpus"] == "NVIDIA H200, 143771 MiB, 550.54"


def test_outside_a_repository_the_commit_is_left_out(monkeypatch, tmp_path):
    """Code that is installed somewhere else has no commit."""
    monkeypatch.setattr(environment, "_CODE", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "git.commit" not in describe_environment()


def test_the_command_is_told_without_its_secrets(monkeypatch):
    """It becomes an artifact of every run."""
    monkeypatch.setattr(environment.sys, "orig_argv", ["python", "db.password=hunter2"])
    assert describe_environment()["command"] == "python 'db.password=***'"
