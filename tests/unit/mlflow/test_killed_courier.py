"""A courier may be killed at any moment: what the store has in the end is the same."""

import shutil
from pathlib import Path

import pytest

from src.mlflow.comparison_view import ComparisonView
from src.mlflow.courier.courier import Courier
from src.mlflow.runs import RunStatus, attach, open_run
from tests.unit.mlflow.fake_store import FakeStore
from tests.unit.mlflow.mortality import deliver_with_kills


@pytest.fixture(autouse=True)
def nobody_delivers(monkeypatch):
    monkeypatch.setattr("src.mlflow.courier.process.ensure_running", lambda _: None)


@pytest.fixture
def spool(options, tmp_path) -> Path:
    """What a study of two trials leaves, one of which was killed and had been found late to be the best."""
    options.wait_s = 0.0
    weights = tmp_path / "best.pt"
    weights.write_bytes(b"weights")
    (tmp_path / "plots" / "deep").mkdir(parents=True)
    (tmp_path / "plots" / "deep" / "a.png").write_bytes(b"picture")
    study = open_run(options, name="study", tags={"kind": "study"})
    trials = [open_run(options, name=f"trial {n}", parent_run_id=study.id) for n in range(2)]
    for trial in trials:
        trial.log_params({"train.lr0": 0.1, "train.epochs": 2})
        trial.log_dataset(name="people", source="data", digest="0" * 36, context="training")
        for epoch in range(2):
            trial.log_metrics({"val/mAP50": epoch / 10, "val/mAP50-95": float("nan")}, step=epoch)
        trial.log_artifact(tmp_path / "plots", "plots")
        trial.log_artifact(weights, "weights")
    trials[0].end(RunStatus.FINISHED)
    trials[1]._writer.close()  # killed
    study.set_tags({"best.run_id": str(trials[1].id)})
    study.save_view(ComparisonView("study", ["train.lr0"], "val/mAP50", maximize=True))
    study.end(RunStatus.FINISHED)
    late = attach(options, str(trials[1].id), parent_run_id=study.id)
    late.set_tags({"reason": "killed"})
    late.end(RunStatus.FAILED, time_ms=1)
    return Path(options.spool)


def test_a_delivery_survives_a_kill_at_every_point(spool, monkeypatch, caplog):
    """Before and after each call of the store, each note of the state, each deletion; all runs are there once."""
    shutil.copytree(spool, spool.with_name("copy"))
    undisturbed, disturbed = FakeStore(), FakeStore()
    Courier(spool.with_name("copy"), lambda _: undisturbed).work()
    points = deliver_with_kills(spool, disturbed, monkeypatch)

    assert len(undisturbed.runs) == 3
    assert disturbed.contents() == undisturbed.contents()
    assert disturbed.run_named("trial 1").status == "FAILED"
    assert list(spool.iterdir()) == []
    assert caplog.text == ""
    called = {name for name in undisturbed.calls if any(point.startswith(f"after {name} ") for point in points)}
    assert called == set(undisturbed.calls)


def test_a_lost_state_changes_nothing(spool, monkeypatch):
    """Where a power failure emptied the state files all calls are made again, which changes nothing."""
    shutil.copytree(spool, spool.with_name("copy"))
    store, again = FakeStore(), FakeStore()
    Courier(spool.with_name("copy"), lambda _: store).work()
    shutil.copytree(spool, spool.with_name("first"))
    Courier(spool.with_name("first"), lambda _: again).work()
    for folder in spool.iterdir():
        (folder / "state.json").write_text("")
    Courier(spool, lambda _: again).work()
    assert again.contents() == store.contents()
