"""What reaches the store, in which order, and what happens when the store or the writer fails."""

import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from src.mlflow.courier import courier as courier_module
from src.mlflow.courier import process as courier_process
from src.mlflow.courier.courier import GIVE_UP_AFTER, Breaker, Courier
from src.mlflow.runs import RunStatus, attach, open_run
from src.mlflow.spool.folder import State
from tests.unit.mlflow.fake_store import FakeStore


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
    monkeypatch.setattr("src.mlflow.courier.process.ensure_running", lambda _: None)
    parent = open_run(options, name="study")
    child = open_run(options, name="trial-0", parent_run_id=parent.id)
    parent.set_tags({"best.run_id": child.id})
    assert parent.id.startswith("pending-")
    courier.round()
    courier.round()
    assert store.run_named("trial-0").parent_run_id == parent.id == "id-0"
    assert store.run_named("study").tags["best.run_id"] == child.id == "id-1"


def test_a_key_of_another_machine_is_looked_up_in_the_store(courier, store, options, tmp_path):
    """A provisional key whose run is not in this spool is found by the tag that every run carries."""
    parent = open_run(options, name="study")
    key = store.run_named("study").tags["tracking.key"]
    parent.end(RunStatus.FINISHED)
    courier.round()
    courier._run_ids.clear()
    open_run(options, name="trial-0", parent_run_id=key)
    assert store.run_named("trial-0").parent_run_id == "id-0"


def test_runs_of_no_parent_do_not_wait_for_each_other(courier, store, options):
    """Two trainings that share a spool end each on its own."""
    options.wait_s = 60
    other = open_run(options, name="other")
    run = open_run(options, name="one")
    start = time.monotonic()
    run.end(RunStatus.FINISHED)
    assert time.monotonic() - start < options.wait_s / 2
    other.end(RunStatus.FINISHED)


def test_a_parent_waits_for_its_children(courier, store, options, monkeypatch):
    """A parent that ended first is not over before what its children wrote is in the store."""
    monkeypatch.setattr("src.mlflow.courier.process.ensure_running", lambda _: None)
    parent = open_run(options, name="study")
    child = open_run(options, name="trial", parent_run_id=parent.id)
    child.end(RunStatus.FINISHED)
    monkeypatch.setattr("src.mlflow.courier.process.ensure_running", lambda _: courier.round())
    parent.end(RunStatus.FINISHED)
    assert store.run_named("trial").status == "FINISHED"


def test_going_on_with_a_run_keeps_its_parameters(courier, store, options, caplog):
    """A resumed run is running again; a parameter that has another value by now is left as it was."""
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


def test_a_run_that_is_gone_is_created_again(courier, store, options):
    """A study whose run was deleted from the store gets a new one, and so do the trials that name the old one."""
    run = open_run(options, name="study", run_id="deleted")
    open_run(options, name="trial-0", parent_run_id="deleted")
    assert run.id == "id-0"
    assert store.run_named("trial-0").parent_run_id == "id-0"


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
    run._writer.close()  # what the operating system does when the process is killed
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
    assert caplog.text.count("Tracking has a problem, the training continues: the store is down") == 1
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


def test_runs_that_wait_for_each_other_are_not_left(courier, store, options, monkeypatch):
    """A study that failed once comes after its trials, which wait for it; its summary waits for one of them."""
    monkeypatch.setattr(courier_module, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(courier_process, "ensure_running", lambda _: None)
    study = open_run(options, name="study")
    trial = open_run(options, name="trial 0", parent_run_id=study.id)
    study.set_tags({"best.run_id": trial.id})
    for run in (trial, study):
        run.end(RunStatus.FINISHED)
    store.fails.add("create_run")
    courier.round()
    store.fails.clear()
    courier.work()
    assert store.run_named("study").tags["best.run_id"] == "id-1"
    assert spooled(options) == []


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


@pytest.fixture
def nobody_delivers(monkeypatch):
    monkeypatch.setattr("src.mlflow.courier.process.ensure_running", lambda _: None)
    monkeypatch.setattr(courier_module, "FIRST_PAUSE_S", 0.0)


def test_a_run_that_cannot_be_opened_waits(courier, store, options, nobody_delivers):
    """Somebody deleted the experiment: nothing is dropped, and all is there once it is restored."""
    store.refuses.add("create_run")
    run = open_run(options, name="one")
    run.log_metrics({"val/mAP50": 0.1}, step=0)
    run.close()
    courier.round()
    assert State.load(run._writer.folder).error == "the run cannot be opened: create_run is refused"
    store.refuses.clear()
    courier.work()
    assert len(store.run_named("one").metrics) == 1


def test_a_run_in_trouble_does_not_hold_up_others(courier, store, options, nobody_delivers, tmp_path):
    """No room for artifacts: what waits behind the artifact waits, and so does what was added to its run later."""
    options.wait_s = 0
    stuck = open_run(options, name="stuck")
    stuck.log_artifact(Path(__file__))
    stuck.end(RunStatus.KILLED)
    other = open_run(options, name="other")
    other.end(RunStatus.FINISHED)
    later = open_run(options, name="stuck", run_id=stuck.id)
    later.end(RunStatus.FINISHED)
    store.fails = {"log_artifacts"}
    for _ in range(10):
        courier.round()
    assert store.run_named("other").status == "FINISHED"
    assert store.run_named("stuck").status == "RUNNING"
    store.fails = set()
    courier.work()
    assert store.run_named("stuck").status == "FINISHED"
    assert spooled(options) == []


def test_a_child_waits_for_a_parent_on_another_machine(courier, store, options, nobody_delivers, tmp_path):
    """After an outage machines deliver in any order; a trial that comes first waits for its study, and says so."""
    elsewhere = replace(options, spool=str(tmp_path / "elsewhere"))
    options.wait_s = elsewhere.wait_s = 0
    study = open_run(elsewhere, name="study")
    trial = open_run(options, name="trial", parent_run_id=study.id)
    trial.end(RunStatus.FINISHED)
    for _ in range(GIVE_UP_AFTER):
        courier.round()
    assert not courier.round()
    assert store.runs == {}
    assert "run `python -m src.sync` there" in State.load(trial._writer.folder).error
    Courier(Path(elsewhere.spool), lambda _: store).round()
    courier_process.hurry(Path(options.spool))
    courier.work()
    assert store.run_named("trial").parent_run_id == "id-0"
    assert store.run_named("trial").status == "FINISHED"
    study.end(RunStatus.FINISHED)


def test_a_tag_does_not_wait_for_a_run_on_another_machine(courier, store, options, nobody_delivers):
    """A study's summary names its best trial by the key under which it will be found."""
    study = open_run(options, name="study")
    key = "pending-01795276989712000000-0123abcd"
    study.set_tags({"best.run_id": key})
    courier.round()
    assert store.run_named("study").tags["best.run_id"] == key


def test_the_machine_is_described_as_it_was(courier, store, options, nobody_delivers, monkeypatch):
    """A run that is delivered a day later was still made by the code of its own day."""
    monkeypatch.setattr("src.mlflow.courier.delivery.machine_now", lambda: {"git.commit": "then"})
    store.is_down = True
    run = open_run(options, name="one")
    run.close()
    courier.round()
    monkeypatch.setattr("src.mlflow.courier.delivery.machine_now", lambda: {"git.commit": "now"})
    store.is_down = False
    Courier(Path(options.spool), lambda _: store).work()
    assert store.run_named("one").environment["git.commit"] == "then"
    assert json.loads(store.run_named("one").files["environment.json"])["git.commit"] == "then"


def test_a_run_whose_process_died_ended_with_its_last_call(courier, store, options, nobody_delivers):
    """Not when somebody found it dead, which may be days later."""
    run = open_run(options, name="one")
    run.log_metrics({"val/mAP50": 0.1}, step=0)
    run._writer.close()
    os.utime(run._writer.folder / "calls.jsonl", (100, 100))
    courier.work()
    assert store.run_named("one").ended_ms == 100_000


def test_a_folder_of_something_else_harms_nobody(courier, store, options, nobody_delivers, caplog):
    """What cannot be read is left where it is, and named once."""
    broken = Path(options.spool) / "pending-00000000000000000000-00000000"
    broken.mkdir(parents=True)
    (broken / "calls.jsonl").write_text("no call\n")
    open_run(options, name="one").end(RunStatus.FINISHED)
    courier.work()
    assert store.run_named("one").status == "FINISHED"
    assert caplog.text.count("does not begin with the call 'open'") == 1
    assert spooled(options) == [broken.name]


def test_a_spool_that_is_deleted_ends_the_courier(courier, store, options, nobody_delivers):
    """The user may delete what waits while the courier is at it."""
    store.is_down = True
    run = open_run(options, name="one")
    courier.round()
    shutil.rmtree(options.spool)
    assert not courier.round()
    run.close()


def test_hurry_ends_the_pauses(courier, store, options, nobody_delivers, monkeypatch):
    """Who has repaired the server does not have to wait until the courier tries again."""
    monkeypatch.setattr(courier_module, "FIRST_PAUSE_S", 60.0)
    store.is_down = True
    run = open_run(options, name="one")
    courier.round()
    store.is_down = False
    courier.round()
    assert store.runs == {}
    courier_process.hurry(Path(options.spool))
    courier.round()
    assert len(store.runs) == 1
    run.close()


def test_a_moved_project_records_in_the_store_that_moved_with_it(options, tmp_path, monkeypatch):
    """Paths in the spool count from the project, wherever it is by now."""
    monkeypatch.setattr("src.mlflow.courier.process.ensure_running", lambda _: None)
    (tmp_path / "before").mkdir()
    monkeypatch.chdir(tmp_path / "before")
    relative = replace(options, uri="sqlite:///mlflow.db", artifacts="mlartifacts", spool=".tracking", wait_s=0)
    open_run(relative, name="one").close()
    (tmp_path / "before").rename(tmp_path / "after")
    store, asked = FakeStore(), []
    Courier(tmp_path / "after" / ".tracking", lambda uri: (asked.append(uri), store)[1]).work()
    assert asked == [f"sqlite:///{tmp_path}/after/mlflow.db"]
    assert store.artifacts == f"{tmp_path}/after/mlartifacts"
