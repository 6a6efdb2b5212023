import os
from types import SimpleNamespace

import pytest

from src.core.errors import ConfigError
from src.stages.train import run_state
from src.stages.train.run_state import RunState, Status, find_interrupted
from src.train import how_to_resume

NO_PROCESS = 2**22 + 1  # above Linux's greatest process id


def _run(folder, status=Status.INTERRUPTED, pid=NO_PROCESS, with_checkpoint=True, age=0):
    RunState(status, "digest", "id", pid).write(folder)
    if with_checkpoint:
        path = run_state.checkpoint(folder)
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (1000 - age, 1000 - age))
    return folder


def test_a_state_is_read_as_it_was_written(tmp_path):
    """The folder keeps what a later process needs."""
    state = RunState(Status.RUNNING, "digest", None, 7)
    state.write(tmp_path)
    assert RunState.load(tmp_path) == state


@pytest.mark.parametrize("content", [None, "", "[]", '{"status": "running"}'])
def test_a_folder_without_readable_state_is_no_run(tmp_path, content):
    """A file cut off by a full disk does not break the search for others."""
    if content is not None:
        (tmp_path / RunState.FILE).write_text(content)
    assert RunState.load(tmp_path) is None


def test_the_run_folder_itself_comes_first(tmp_path):
    """`hydra.run.dir=` of the interrupted run is enough."""
    here = _run(tmp_path / "here", age=10)
    _run(tmp_path / "outputs" / "day" / "time")
    assert find_interrupted(here, None, tmp_path / "outputs") == here


def test_else_the_newest_interrupted_run_is_taken(tmp_path):
    """By its checkpoint; finished, failed and living runs are no candidates."""
    outputs = tmp_path / "outputs"
    _run(outputs / "day" / "old", age=5)
    newest = _run(outputs / "day" / "killed", status=Status.RUNNING, age=2)
    _run(outputs / "day" / "finished", status=Status.FINISHED)
    _run(outputs / "day" / "alive", status=Status.RUNNING, pid=os.getppid())
    _run(outputs / "day" / "early", with_checkpoint=False)
    assert find_interrupted(tmp_path / "new", None, outputs) == newest


def test_a_named_folder_or_checkpoint_wins(tmp_path):
    """Both are what users of Ultralytics would name."""
    named = _run(tmp_path / "named")
    assert find_interrupted(tmp_path, str(named)) == named
    assert find_interrupted(tmp_path, str(named / "weights" / "last.pt")) == named


def test_nothing_to_go_on_with_is_an_error_that_says_how_to_name_it(tmp_path):
    """Starting anew instead would be a surprise."""
    with pytest.raises(ConfigError, match=r"train\.resume_from"):
        find_interrupted(tmp_path, None, tmp_path)


def test_a_finished_run_cannot_be_gone_on_with(tmp_path):
    """But its weights are a starting point."""
    done = _run(tmp_path / "done", status=Status.FINISHED)
    with pytest.raises(ConfigError, match=r"finished.*model\.weights="):
        find_interrupted(tmp_path, str(done))


def test_a_named_folder_without_checkpoint_is_refused(tmp_path):
    """With the file that was expected."""
    with pytest.raises(ConfigError, match=r"last\.pt"):
        find_interrupted(tmp_path, str(tmp_path / "nowhere"))


def test_a_resumed_training_that_is_interrupted_again_names_the_folder_it_writes_to(tmp_path, monkeypatch):
    """Its own folder of today is empty: the checkpoints are with the run that it resumes."""
    monkeypatch.chdir(tmp_path)
    interrupted = _run(tmp_path / "outputs" / "day" / "a run")
    for resume_from in (None, str(interrupted)):
        job = SimpleNamespace(folder=tmp_path / "today", train=SimpleNamespace(resume=True, resume_from=resume_from))
        assert f"'train.resume_from={interrupted}'" in how_to_resume(job)
    first = SimpleNamespace(folder=tmp_path / "today", train=SimpleNamespace(resume=False, resume_from=None))
    assert "no checkpoint" in how_to_resume(first)
