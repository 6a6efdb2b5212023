import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.mlflow.spool import writer as writer_module
from src.mlflow.spool.folder import Call, State, is_key, opened_at
from src.mlflow.spool.reader import RunReader, run_readers, sweep
from src.mlflow.spool.writer import RunWriter


@pytest.fixture
def writer(tmp_path):
    return RunWriter(tmp_path, {"name": "run", "parent_run_id": None})


def test_calls_are_read_in_the_order_they_were_written(writer):
    """Each call comes with the offset behind it, from which reading continues."""
    writer.append(Call("set_tags", {"tags": {"a": "1"}}))
    writer.append(Call("close", {}))
    reader = RunReader(writer.folder)
    (opened, offset), *others = reader.calls_from(0)
    assert opened.operation == "open"
    assert opened.arguments["key"] == writer.key
    assert [call for call, _ in others] == [Call("set_tags", {"tags": {"a": "1"}}), Call("close", {})]
    assert reader.calls_from(offset) == others
    assert reader.calls_from(others[-1][1]) == []


def test_a_line_that_is_still_being_written_is_left_for_later(writer):
    """A call without its line end is not read yet."""
    with (writer.folder / "calls.jsonl").open("a") as file:
        file.write('["set_tags", {"ta')
    assert len(RunReader(writer.folder).calls_from(0)) == 1


@given(text=st.text(), number=st.floats())
def test_any_text_and_number_survives(tmp_path_factory, text, number):
    """Line breaks, quotes and NaN come out as they went in."""
    writer = RunWriter(tmp_path_factory.mktemp("spool"), {"name": text, "parent_run_id": None})
    writer.append(Call("log_text", {"text": text, "number": number}))
    (_, (call, _)) = RunReader(writer.folder).calls_from(0)
    writer.close()
    assert call.arguments["text"] == text
    assert call.arguments["number"] == pytest.approx(number, rel=0, abs=0, nan_ok=True)


def test_runs_are_listed_in_the_order_they_were_opened(tmp_path):
    """A parent comes before its children."""
    keys = [RunWriter(tmp_path, {"name": str(n), "parent_run_id": None}).key for n in range(5)]
    assert [reader.folder.name for reader in run_readers(tmp_path)] == keys
    assert all(is_key(key) for key in keys)
    assert run_readers(tmp_path / "missing") == []


def test_names_that_only_look_like_keys_are_none():
    """A tag of the user's that begins like a key is not taken for one."""
    assert not is_key("pending-review")


def test_the_writer_is_alive_until_it_closes(writer):
    """The courier can tell a run that is still written to from one that has ended."""
    reader = RunReader(writer.folder)
    assert reader.writer_is_alive()
    writer.close()
    assert not reader.writer_is_alive()


def test_artifacts_are_copied_at_once(writer, tmp_path):
    """A file or folder may change after the call, the copy does not."""
    source = tmp_path / "plots"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "a.png").write_text("before")
    folder, file = writer.keep(source), writer.keep(source / "deep" / "a.png")
    (source / "deep" / "a.png").write_text("after")
    assert (writer.folder / folder / "deep" / "a.png").read_text() == "before"
    assert (writer.folder / file).read_text() == "before"
    RunReader(writer.folder).discard(file)
    assert not (writer.folder / file).exists()


def test_state_comes_back(tmp_path):
    """How far the courier came is kept between couriers, and is the beginning where nothing is kept."""
    state = State(run_id="a", offset=12, refused=("no", "never"))
    state.save(tmp_path)
    assert State.load(tmp_path) == state
    assert State.load(tmp_path / "missing") == State()


def test_a_folder_of_something_else_is_told_apart(tmp_path):
    """A folder that does not begin with `open` is named in the error."""
    folder = tmp_path / "pending-x"
    folder.mkdir()
    (folder / "calls.jsonl").write_text(json.dumps(["close", {}]) + "\n")
    with pytest.raises(ValueError, match="pending-x does not begin with the call 'open'"):
        RunReader(folder).header()


def test_a_full_disk_costs_the_call_that_it_cuts_off_and_no_other(writer, monkeypatch):
    """The half of a line is told from the calls before and behind it, and the writer hears of it."""
    write = os.write
    writer.append(Call("set_tags", {"tags": {"a": "1"}}))
    monkeypatch.setattr(os, "write", lambda handle, line: write(handle, line[: len(line) // 2]))
    with pytest.raises(OSError, match="No space left"):
        writer.append(Call("set_tags", {"tags": {"b": "2"}}))
    monkeypatch.setattr(os, "write", write)
    writer.append(Call("close", {}))
    _, *calls = [call for call, _ in RunReader(writer.folder).calls_from(0)]
    assert [call.operation for call in calls] == ["set_tags", "damaged", "close"]
    assert '"b"' not in calls[0].arguments


def test_a_copy_that_finds_no_room_leaves_nothing(writer, monkeypatch, tmp_path):
    """The half of a file is not delivered, and its room is given back."""

    def full(source, target):
        Path(target).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer_module.shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        writer.keep(Path(__file__))
    assert list((writer.folder / "files").iterdir()) == []


@given(lines=st.lists(st.binary().filter(lambda line: b"\n" not in line)))
def test_any_bytes_are_read_as_calls(tmp_path_factory, lines):
    """What is no call is a damaged one; every line counts, and none ends the courier."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "calls.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    reader = RunReader(folder)
    calls = reader.calls_from(0)
    assert len(calls) == reader.waiting(0) == len(lines)
    assert [offset for _, offset in calls][-1:] == [sum(len(line) + 1 for line in lines)][: len(lines)]


def test_what_is_half_deleted_is_deleted(tmp_path):
    """A courier that is killed while it deletes a run leaves nothing that looks like one."""
    writer = RunWriter(tmp_path, {"name": "run", "parent_run_id": None})
    writer.folder.rename(tmp_path / f".delivered-{writer.key}")
    assert run_readers(tmp_path) == []
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []
    writer.close()


def test_a_state_of_another_version_is_read(tmp_path):
    """What this version does not know is left out."""
    (tmp_path / "state.json").write_text(json.dumps({"run_id": "a", "attempted": True}))
    assert State.load(tmp_path) == State(run_id="a")


def test_a_key_tells_when_the_run_was_opened():
    assert opened_at("pending-01795276989712000000-0123abcd") == pytest.approx(1795276989.712)


def test_nothing_is_renamed_while_it_is_open(tmp_path, monkeypatch):
    """Windows refuses that, for a folder also where a file within is open."""
    renamed, really = [], Path.rename

    def rename(path: Path, target: Path) -> None:
        opened = [handle.readlink() for handle in Path("/proc/self/fd").iterdir() if handle.exists()]
        assert not [file for file in opened if file.is_relative_to(path)]
        renamed.append(path.name)
        really(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    writer = RunWriter(tmp_path, {"name": "run", "parent_run_id": None})
    writer.append(Call("close", {}))
    writer.close()
    [reader] = run_readers(tmp_path)
    assert len(reader.calls_from(0)) == 2
    reader.remove()

    assert renamed == ["calls.new", writer.key]
    assert run_readers(tmp_path) == []


def test_a_run_is_seen_once_it_has_a_call_and_a_writer(tmp_path, monkeypatch):
    """A courier that looked sooner would find no call, or take the writer for dead."""
    seen, really = [], Path.rename

    def rename(path: Path, target: Path) -> None:
        seen.append(run_readers(tmp_path))
        really(path, target)
        seen.append([reader.writer_is_alive() for reader in run_readers(tmp_path)])

    monkeypatch.setattr(Path, "rename", rename)
    RunWriter(tmp_path, {"name": "run", "parent_run_id": None}).close()
    assert seen == [[], [True]]
