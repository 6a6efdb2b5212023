"""What waits, and how its delivery is looked on."""

from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock

import pytest

from src.mlflow.courier import courier as courier_module
from src.mlflow.courier import pending as pending_module
from src.mlflow.courier import process as courier_process
from src.mlflow.courier.courier import Courier
from src.mlflow.courier.pending import GIVE_UP_AFTER, deliver, pending
from src.mlflow.runs import RunStatus, open_run
from src.mlflow.spool.reader import RunReader, run_readers


@pytest.fixture
def spool(options, monkeypatch) -> Path:
    """A spool of an ended run and of one that is still written to, of which nobody has delivered anything."""
    monkeypatch.setattr(pending_module, "POLL_S", 0.0)
    monkeypatch.setattr(courier_module, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(courier_process, "ensure_running", lambda _: False)
    options.wait_s = 0
    ended = open_run(options, name="ended")
    ended.log_metrics({"val/mAP50": 0.1}, step=0)
    ended.end(RunStatus.FINISHED)
    return Path(options.spool)


@pytest.fixture
def at_work(courier, monkeypatch):
    """A courier makes a round each time somebody looks whether it is at work."""
    monkeypatch.setattr(courier_process, "ensure_running", lambda _: bool(courier.round()) and False)


def test_what_waits_is_told_with_its_size(spool, options):
    """By the run's name, its store and the number of its calls: open, metrics, end and close."""
    (waiting,) = pending(spool)
    assert (waiting.name, waiting.uri, waiting.calls, waiting.is_open) == ("ended", "fake:store", 4, False)
    assert waiting.size_bytes >= waiting.end > 0
    assert waiting.error is None
    assert pending(spool / "missing") == []


def test_all_that_waits_is_delivered(spool, options, store, at_work):
    """And the number of calls that wait only falls."""
    seen = []
    assert deliver(spool, lambda left: seen.append(sum(run.calls for run in left))) == []
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 0
    assert store.run_named("ended").status == "FINISHED"
    assert pending(spool) == []


def test_the_folder_of_a_courier_that_was_killed_before_it_removed_it_is_removed(spool, store, courier, monkeypatch):
    """Nothing waits in it any more, and whoever waits for the delivery finds the spool empty afterwards."""
    with monkeypatch.context() as killed:
        killed.setattr(RunReader, "remove", raises := Mock(side_effect=KeyboardInterrupt))
        while not raises.called:
            with suppress(KeyboardInterrupt):
                courier.round()
    assert pending(spool) == []
    assert len(run_readers(spool)) == 1

    successor = Courier(spool, lambda _: store)
    monkeypatch.setattr(courier_process, "ensure_running", lambda _: bool(successor.round()) and False)
    assert deliver(spool, lambda _: None) == []
    assert run_readers(spool) == []


def test_a_running_training_is_not_waited_for(spool, options, store, at_work):
    """What it has written is delivered; that more may come keeps nobody."""
    running = open_run(options, name="running")
    running.log_metrics({"val/mAP50": 0.1}, step=0)
    assert [run.name for run in pending(spool) if run.is_open] == ["running"]
    assert deliver(spool, lambda _: None) == []
    assert len(store.run_named("running").metrics) == 1
    assert store.run_named("running").status == "RUNNING"
    running.end(RunStatus.FINISHED)


def test_a_store_that_does_not_answer_ends_the_wait(spool, store, at_work):
    """After a few failures, of this time and not of the past; the calls are where they were, with the reason."""
    store.is_down = True
    for _ in range(2):
        store.calls.clear()
        (left,) = deliver(spool, lambda _: None)
        assert left.error == "the store is down"
        assert GIVE_UP_AFTER <= len(store.calls) <= GIVE_UP_AFTER + 1
    store.is_down = False
    assert deliver(spool, lambda _: None) == []


def test_couriers_that_die_end_the_wait(spool, monkeypatch):
    """A courier that cannot be run, because MLflow is broken for instance, is not started for ever."""
    started = []
    monkeypatch.setattr(courier_process, "ensure_running", lambda _: bool(started.append(1)) or True)
    (left,) = deliver(spool, lambda _: None)
    assert left.error is None
    assert len(started) == GIVE_UP_AFTER + 1


def test_a_folder_that_cannot_be_read_is_told(spool, store, at_work):
    """It is left, and named; it does not keep the others from being delivered."""
    broken = spool / "pending-00000000000000000000-00000000"
    broken.mkdir()
    (broken / "calls.jsonl").write_text("no call\n")
    (left,) = deliver(spool, lambda _: None)
    assert left.folder == broken
    assert "does not begin with the call 'open'" in left.error
    assert store.run_named("ended").status == "FINISHED"
