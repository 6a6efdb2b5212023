"""What every kind of run does, whatever becomes of the calls."""

from pathlib import Path

import pytest

from src.mlflow.comparison_view import ComparisonView
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import NullRun, Run, RunStatus, attach, open_run


@pytest.fixture(
    params=[
        pytest.param({"kind": "none"}, id="none"),
        pytest.param({"kind": "mlflow"}, id="mlflow"),
        pytest.param({"kind": "mlflow", "spool": "/proc/no/such/folder"}, id="mlflow-without-a-spool"),
    ]
)
def options(request, tmp_path, monkeypatch) -> TrackingOptions:
    monkeypatch.setattr("src.mlflow.courier.process.ensure_running", lambda _: None)  # nobody delivers
    return TrackingOptions(**{"spool": str(tmp_path / "spool"), "wait_s": 0.0, **request.param})


@pytest.fixture
def run(options) -> Run:
    return open_run(options, name="one", parent_run_id=None, tags={"kind": "test"})


def everything(run: Run, folder: Path) -> None:
    """Call every method that records something."""
    run.log_params({"train.lr0": 0.1, "train.epochs": 3, "train.rect": False, "train.name": "x", "train.freeze": None})
    run.log_metrics({"val/mAP50": 0.5, "train/box_loss": float("nan")}, step=0)
    run.log_artifact(folder)
    run.log_artifact(folder / "file", "somewhere")
    run.log_text("text", "name.txt")
    run.set_tags({"flags": ""})
    run.log_dataset(name="people", source="data", digest="0" * 64, context="training")
    run.save_view(ComparisonView("study", ["a", "b"], "val/mAP50", maximize=True))


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("content")
    return tmp_path / "folder"


def test_a_run_can_be_used_and_ended(run, folder):
    """Nothing raises and nothing waits while nobody delivers."""
    everything(run, folder)
    run.end(RunStatus.FINISHED)


def test_an_ended_run_can_still_be_called(run, folder):
    """Calls after the end are dropped, ending or closing again does nothing."""
    run.end(RunStatus.KILLED)
    everything(run, folder)
    run.end(RunStatus.FINISHED)
    run.close()


def test_the_id_is_text_or_nothing_and_stays_usable(run, options):
    """What `id` gives can be handed to a child, to a resumed run and to `attach`."""
    assert run.id is None or isinstance(run.id, str)
    assert run.experiment_id is None
    open_run(options, name="child", parent_run_id=run.id).end(RunStatus.FINISHED)
    open_run(options, name="again", run_id=run.id).end(RunStatus.FINISHED)
    attach(options, run.id or "some-id").close()


def test_a_missing_artifact_is_no_error(run, folder):
    """A plot that was never drawn does not end a training."""
    run.log_artifact(folder / "missing.png", "plots")
    run.end(RunStatus.FINISHED)


def test_values_of_other_types_are_no_error(run):
    """A number of numpy's is a number, and something that is none does not end a training."""
    import numpy as np

    run.log_metrics({"a": np.float32(0.5), "b": np.int64(3)}, step=np.int64(2))
    run.log_params({"c": np.float64(0.5)})
    run.log_metrics({"a": "not a number"}, step=0)
    run.log_text(object(), "object.txt")


def test_a_spool_that_vanishes_is_no_error(options, folder):
    """The user may delete the spool while a training runs."""
    import shutil

    run = open_run(options, name="one")
    shutil.rmtree(options.spool, ignore_errors=True)
    everything(run, folder)
    run.end(RunStatus.FINISHED)


def test_without_a_tracker_there_is_no_id():
    """Nothing is recorded, so nothing can be named."""
    assert open_run(TrackingOptions(kind="none"), name="one").id is None
    assert isinstance(attach(TrackingOptions(kind="none"), "id"), NullRun)
