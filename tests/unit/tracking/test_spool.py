import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.tracking.spool import Call, Inbox, Outbox, State, inboxes, is_key


@pytest.fixture
def outbox(tmp_path):
    return Outbox(tmp_path, {"name": "run", "parent_run_id": None})


def test_calls_are_read_in_the_order_they_were_written(outbox):
    """Each call comes with the offset behind it, from which reading goes on."""
    outbox.append(Call("set_tags", {"tags": {"a": "1"}}))
    outbox.append(Call("close", {}))
    inbox = Inbox(outbox.folder)
    (opened, offset), *others = inbox.calls_from(0)
    assert opened.operation == "open"
    assert opened.arguments["key"] == outbox.key
    assert [call for call, _ in others] == [Call("set_tags", {"tags": {"a": "1"}}), Call("close", {})]
    assert inbox.calls_from(offset) == others
    assert inbox.calls_from(others[-1][1]) == []


def test_a_line_that_is_still_being_written_is_left_for_later(outbox):
    """A call without its line end is not read yet."""
    with (outbox.folder / "calls.jsonl").open("a") as file:
        file.write('["set_tags", {"ta')
    assert len(Inbox(outbox.folder).calls_from(0)) == 1


@given(text=st.text(), number=st.floats())
def test_any_text_and_number_survives(tmp_path_factory, text, number):
    """Line breaks, quotes and NaN come out as they went in."""
    outbox = Outbox(tmp_path_factory.mktemp("spool"), {"name": text, "parent_run_id": None})
    outbox.append(Call("log_text", {"text": text, "number": number}))
    (_, (call, _)) = Inbox(outbox.folder).calls_from(0)
    outbox.close()
    assert call.arguments["text"] == text
    assert call.arguments["number"] == pytest.approx(number, rel=0, abs=0, nan_ok=True)


def test_runs_are_listed_in_the_order_they_were_opened(tmp_path):
    """A parent comes before its children."""
    keys = [Outbox(tmp_path, {"name": str(n), "parent_run_id": None}).key for n in range(5)]
    assert [inbox.folder.name for inbox in inboxes(tmp_path)] == keys
    assert all(is_key(key) for key in keys)
    assert inboxes(tmp_path / "missing") == []


def test_names_that_only_look_like_keys_are_none():
    """A tag of the user's that begins like a key is not taken for one."""
    assert not is_key("pending-review")


def test_the_writer_is_alive_until_it_closes(outbox):
    """The courier can tell a run that goes on from one that is over."""
    inbox = Inbox(outbox.folder)
    assert inbox.writer_is_alive()
    outbox.close()
    assert not inbox.writer_is_alive()


def test_artifacts_are_copied_at_once(outbox, tmp_path):
    """A file or folder may change after the call, the copy does not."""
    source = tmp_path / "plots"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "a.png").write_text("before")
    folder, file = outbox.keep(source), outbox.keep(source / "deep" / "a.png")
    (source / "deep" / "a.png").write_text("after")
    assert (outbox.folder / folder / "deep" / "a.png").read_text() == "before"
    assert (outbox.folder / file).read_text() == "before"
    Inbox(outbox.folder).discard(file)
    assert not (outbox.folder / file).exists()


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
        Inbox(folder).header()
