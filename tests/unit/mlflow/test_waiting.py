from pathlib import Path

import pytest

from src.mlflow.courier.pending import wait_until_delivered
from src.mlflow.runs import RunStatus, attach, open_run


@pytest.fixture
def nobody_delivers(options, monkeypatch):
    monkeypatch.setattr("src.mlflow.courier.process.ensure_running", lambda _: None)
    options.wait_s = 0.0


def delivered(options, run_id, **named):
    return wait_until_delivered(Path(options.spool), run_id, wait_s=options.wait_s, **named)


def test_a_key_is_waited_for_until_the_store_has_named_the_run(options, store, courier):
    run = open_run(options, name="one")
    key = run._writer.key
    run.log_metrics({"val/mAP50": 0.5}, step=0)
    run._writer.close()  # killed
    result = delivered(options, key)
    assert (result.run_id, result.pending, result.error) == ("id-0", 0, None)
    assert store.run_named("one").status == "FAILED"


def test_what_still_waits_is_counted_and_the_stores_reason_given(options, store, courier, monkeypatch):
    run = open_run(options, name="one")
    store.fails.add("log_metrics")
    run.log_metrics({"val/mAP50": 0.5}, step=0)
    options.wait_s = 0.0
    run.end(RunStatus.FINISHED)
    result = delivered(options, "id-0")
    assert (result.run_id, result.pending, result.error) == ("id-0", 1, "the store is down")


def test_the_courier_is_started_also_where_nobody_waits(options, store, courier):
    run = open_run(options, name="one")
    run.log_metrics({"val/mAP50": 0.5}, step=0)
    run._writer.close()  # killed
    options.wait_s = 0.0
    assert delivered(options, run._writer.key).pending == 1
    assert store.run_named("one").status == "FAILED"


@pytest.mark.parametrize(("children", "waiting"), [(False, 2), (True, 3)])
def test_what_adds_to_a_run_counts_and_its_children_where_asked_for(options, nobody_delivers, children, waiting):
    study = open_run(options, name="study")
    trial = open_run(options, name="trial 0", parent_run_id=study.id)
    other = open_run(options, name="other")
    added = attach(options, str(study.id))
    added.set_tags({"status": "accepted"})
    added.close()
    for run in (trial, study, other):
        run.end(RunStatus.FINISHED)
    assert delivered(options, str(study.id), children=children).pending == waiting


def test_nothing_waits_of_a_run_of_another_machine(options, nobody_delivers):
    assert delivered(options, "0123456789abcdef").pending == 0
