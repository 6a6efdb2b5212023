"""A run is there once, whatever becomes of the request to make it: the one call that a store cannot be sent twice."""

from pathlib import Path

import pytest

from src.mlflow.courier import courier as courier_module
from src.mlflow.runs import RunStatus, open_run
from src.mlflow.spool.reader import run_readers


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(courier_module, "FIRST_PAUSE_S", 0.0)


def test_a_run_is_not_created_twice_when_the_answer_is_lost(courier, store, options):
    """After an unknown outcome the run is looked for before another one is made."""
    store.loses_answers = True
    run = open_run(options, name="one")
    store.loses_answers = False
    run.end(RunStatus.FINISHED)
    assert store.run_named("one").status == "FINISHED"


def test_a_run_that_the_store_makes_late_is_not_there_twice(courier, store, options):
    """It was looked for, not found, and made again; then the server came to the first request."""
    store.is_late = True
    run = open_run(options, name="one")
    store.is_late = False
    courier.round()
    store.catch_up()
    assert sorted(store.runs) == ["id-0", "late-0"]
    run.end(RunStatus.FINISHED)
    courier.round()
    assert list(store.runs) == [run.id] == ["id-0"]
    assert run_readers(Path(options.spool)) == []


def test_a_second_run_that_may_not_be_deleted_is_told_and_no_obstacle(courier, store, options, caplog):
    store.refuses.add("delete_others")
    store.is_late = True
    run = open_run(options, name="one")
    store.is_late = False
    run.end(RunStatus.FINISHED)
    courier.round()
    assert store.run_named("one").status == "FINISHED"
    assert "delete_others is refused" in caplog.text
    assert run_readers(Path(options.spool)) == []


def test_a_run_that_was_made_at_once_is_not_looked_for_again(courier, store, options):
    open_run(options, name="one").end(RunStatus.FINISHED)
    assert store.calls.count("find_run") == 1
    assert "delete_others" not in store.calls
