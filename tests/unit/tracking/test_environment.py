import subprocess
import time

import pytest

from src.tracking import environment
from src.tracking.environment import command_line, describe_environment, describe_machine, without_credentials


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
    start = time.perf_counter()
    describe_environment()
    assert time.perf_counter() - start < 0.01


@pytest.mark.parametrize("failure", [FileNotFoundError("git"), subprocess.TimeoutExpired("git", 5)])
def test_without_git_the_commit_is_left_out(monkeypatch, failure):
    """A machine without git, or with one that hangs, is described all the same."""

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


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("train.lr0=0.1", "train.lr0=0.1"),
        ("db.password=hunter2", "'db.password=***'"),
        ("AWS_SECRET_ACCESS_KEY=abc", "'AWS_SECRET_ACCESS_KEY=***'"),
        ("storage=postgresql://me:pw@host/db", "'storage=postgresql://***@host/db'"),
    ],
)
def test_secrets_do_not_get_into_the_command_line(argument, shown):
    """Values of password-like settings and credentials in URLs are replaced."""
    assert command_line(["python", argument]) == f"python {shown}"


def test_urls_without_credentials_stay_as_they_are():
    """Only what stands before an @ is taken for credentials."""
    for url in ("sqlite:///mlflow.db", "http://127.0.0.1:5000", "https://host/path@2"):
        assert without_credentials(url) == url
