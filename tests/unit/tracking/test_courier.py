"""What reaches the store, in which order, and what happens when the store or the writer fails."""

import json
import time
from pathlib import Path

import pytest

from src.tracking import courier as courier_module
from src.tracking.courier import GIVE_UP_AFTER, Breaker
from src.tracking.run import RunStatus, attach, open_run


def spooled(options):
    return [path.name for path in Path(options.spool).glob("pending-*")]


def test_everything_of_a_run_is_delivered(courier, store, options, tmp_path):
    """Parameters, metrics, tags, files, data set and status reach the store, and the spool is empty afterwards."""
    weights = tmp_path / "best.pt"
    weights.write_bytes(b"weights")
    run = open_run(options, name="one", tags={"kind": "test"})
    run.log_params({"train.lr0": 1e-05, "train.rect": False, "train.freeze": None})
    run.log_metrics({"val/mAP50-95": 0.5}, step=1)
    run.log_artifact(weights, "weights")
    run.log_text("a: 1", "config.yaml")
    run.log_dataset(name="people", source="data/people", digest="d" * 64, context="training")
    weights.unlink()
    run.end(RunStatus.FINISHED)
    courier.round()

    stored = store.run_named("one")
    assert stored.params == {"train.lr0": "0.00001", "train.rect": "false", "train.freeze": "null"}
    assert [(metric.name, metric.value, metric.step) for metric in stored.metrics] == [("val/mAP50-95", 0.5, 1)]
    assert stored.tags["kind"] == "test"
    assert stored.files["weights/best.pt"] == b"weights"
    assert stored.files["config.yaml"] == b"a: 1"
    assert json.loads(stored.files["environment.json"])["python"]
    assert [len(use.digest) for use in stored.datasets] == [36]
    assert stored.status == "FINISHED"
    assert run.id == "id-0"
    assert run.experiment_id == "7"
    assert spooled(options) == []


def test_epochs_that_wait_are_delivered_together(courier, store, options):
    """Many epochs take one call of the store."""
    run = open_run(options, name="one")
    for epoch in range(50):
        run.log_metrics({"val/mAP50": epoch / 50}, step=epoch)
    run.end(RunStatus.FINISHED)
    assert store.calls.count("log_metrics") == 1
    assert [metric.step for metric in store.run_named("one").metrics] == list(range(50))


def test_a_child_is_found_under_its_parents_provisional_id(courier, store, options, monkeypatch):
    """A parent that the store does not know yet is named by its key, and the child still gets the real id."""
    monkeypatch.setattr("src.tracking.courier_process.ensure_running", lambda _: None)
    parent = open_run(options, name="study")
    child = open_run(options, name="trial-0", parent_run_id=parent.id)
    parent.set_tags({"best.run_id": child.id})
    assert parent.id.startswith("pending-")
    courier.round()
    courier.round()
    assert store.run_named("trial-0").tags["mlflow.parentRunId"] == parent.id == "id-0"
    assert store.run_named("study").tags["best.run_id"] == child.id == "id-1"


def test_a_key_of_another_machine_is_looked_up_in_the_store(courier, store, options, tmp_path):
    """A provisional key whose run is not in this spool is found by the tag that every run carries."""
    parent = open_run(options, name="study")
    key = store.run_named("study").tags["tracking.key"]
    parent.end(RunStatus.FINISHED)
    courier.round()
    courier._run_ids.clear()
    open_run(options, name="trial-0", parent_run_id=key)
    assert store.run_named("trial-0").tags["mlflow.parentRunId"] == "id-0"


def test_runs_of_no_parent_do_not_wait_for_each_other(courier, store, options):
    """Two trainings that share a spool end each on its own."""
    other = open_run(options, name="other")
    run = open_run(options, name="one")
    start = time.monotonic()
    run.end(RunStatus.FINISHED)
    assert time.monotonic() - start < options.wait_s / 2
    other.end(RunStatus.FINISHED)


def test_a_parent_waits_for_its_children(courier, store, options, monkeypatch):
    """A parent that ended first is not over before what its children wrote is in the store."""
    monkeypatch.setattr("src.tracking.courier_process.ensure_running", lambda _: None)
    parent = open_run(options, name="study")
    child = open_run(options, name="trial", parent_run_id=parent.id)
    child.end(RunStatus.FINISHED)
    monkeypatch.setattr("src.tracking.courier_process.ensure_running", lambda _: courier.round())
    parent.end(RunStatus.FINISHED)
    assert store.run_named("trial").status == "FINISHED"


def test_going_on_with_a_run_keeps_its_parameters(courier, store, options, caplog):
    """A run gone on with is running again; a parameter that has another value by now is left as it was."""
    first = open_run(options, name="one")
    first.log_params({"train.epochs": 3, "train.lr0": 0.1})
    first.end(RunStatus.KILLED)
    again = open_run(options, name="one", run_id=first.id)
    assert store.run_named("one").status == "RUNNING"
    again.log_params({"train.epochs": 5, "train.lr0": 0.1, "train.seed": 1})
    again.end(RunStatus.FINISHED)
    assert store.run_named("one").params == {"train.epochs": "3", "train.lr0": "0.1", "train.seed": "1"}
    assert store.run_named("one").status == "FINISHED"
    assert "train.epochs stays 3, not 5" in caplog.text


def test_a_run_that_is_gone_begins_anew(courier, store, options):
    """A study whose run was deleted from the store gets a new one, and so do the trials that name the old one."""
    run = open_run(options, name="study", run_id="deleted")
    open_run(options, name="trial-0", parent_run_id="deleted")
    assert run.id == "id-0"
    assert store.run_named("trial-0").tags["mlflow.parentRunId"] == "id-0"


def test_adding_to_a_run_leaves_its_status_alone(courier, store, options, tmp_path):
    """What is added to an ended run neither restarts nor ends it."""
    run = open_run(options, name="one")
    run.end(RunStatus.KILLED)
    added = attach(options, run.id)
    added.log_metrics({"best so far": 1.0}, step=0)
    added.close()
    assert store.run_named("one").status == "KILLED"
    assert len(store.run_named("one").metrics) == 1


def test_a_run_whose_process_died_ends_as_failed(courier, store, options):
    """A writer that vanishes without ending its run does not leave it running for ever."""
    run = open_run(options, name="one")
    run.log_metrics({"val/mAP50": 0.1}, step=0)
    run._outbox.close()  # what the operating system does when the process is killed
    courier.round()
    assert store.run_named("one").status == "FAILED"
    assert store.run_named("one").tags["error"] == "The process ended without ending the run."
    assert len(store.run_named("one").metrics) == 1
    assert spooled(options) == []


def test_a_store_that_is_down_gets_everything_later(courier, store, options, monkeypatch, caplog):
    """Nothing is lost while the store is down; the end of the run does not wait for it, and says so."""
    clock = iter(range(0, 10_000, 100))
    monkeypatch.setattr(courier_module, "Breaker", lambda: Breaker(clock=lambda: next(clock)))
    store.is_down = True
    run = open_run(options, name="one")
    for epoch in range(3):
        run.log_metrics({"val/mAP50": 0.1}, step=epoch)
    run.end(RunStatus.FINISHED)
    assert caplog.text.count("Tracking is in trouble, the training goes on: the store is down") == 1
    assert "it waits in" in caplog.text
    assert len(spooled(options)) == 1
    store.is_down = False
    courier.round()
    assert store.run_named("one").status == "FINISHED"
    assert len(store.run_named("one").metrics) == 3


def test_the_courier_leaves_when_the_store_stays_down(courier, store, options, monkeypatch):
    """With nobody writing any more, the courier gives up after a few attempts, and leaves the calls where they are."""
    monkeypatch.setattr(courier_module, "FIRST_PAUSE_S", 0.0)
    store.is_down = True
    open_run(options, name="one").end(RunStatus.FINISHED)
    rounds = 1
    while courier.round():
        rounds += 1
    assert rounds <= GIVE_UP_AFTER + 1
    assert len(spooled(options)) == 1


def test_a_run_is_not_created_twice_when_the_answer_is_lost(courier, store, options, monkeypatch):
    """After an unknown outcome the run is looked for before another one is made."""
    monkeypatch.setattr(courier_module, "FIRST_PAUSE_S", 0.0)
    store.loses_answers = True
    run = open_run(options, name="one")
    store.loses_answers = False
    run.end(RunStatus.FINISHED)
    assert store.run_named("one").status == "FINISHED"


def test_what_the_store_refuses_is_dropped_and_told(courier, store, options, caplog):
    """A call that can never succeed does not hold up those behind it."""
    store.refuses.add("log_dataset")
    run = open_run(options, name="one")
    run.log_dataset(name="people", source="data", digest="0", context="training")
    run.log_metrics({"val/mAP50": 0.1}, step=0)
    run.end(RunStatus.FINISHED)
    assert store.run_named("one").status == "FINISHED"
    assert "log_dataset is refused" in caplog.text


def test_another_courier_goes_on_where_the_first_one_stopped(courier, store, options):
    """How far a run is delivered outlives the courier: nothing is delivered twice."""
    run = open_run(options, name="one")
    run.log_metrics({"val/mAP50": 0.1}, step=0)
    courier.round()
    courier._deliveries.clear()
    courier._run_ids.clear()
    run.log_params({"a": 1})
    run.log_metrics({"val/mAP50": 0.2}, step=1)
    run.end(RunStatus.FINISHED)
    assert [metric.step for metric in store.run_named("one").metrics] == [0, 1]
    assert len(store.runs) == 1


@pytest.mark.parametrize(("failures", "pause_s"), [(1, 1), (2, 2), (3, 4), (10, 60)])
def test_the_pause_doubles_up_to_a_minute(failures, pause_s):
    """A store that keeps failing is asked ever less often."""
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    for _ in range(failures):
        breaker.failed()
    now[0] = pause_s - 0.01
    assert breaker.is_open
    now[0] = pause_s
    assert not breaker.is_open
