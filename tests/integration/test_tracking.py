"""Tracking with a courier in a process of its own and MLflow's real SQLite store."""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest

from src.mlflow.courier.process import lock_of
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import RunStatus, open_run
from src.mlflow.spool.lock import is_held
from src.mlflow.study import StudyRun
from tests.support.stores import local_store

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_S = 240


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def options(folder) -> TrackingOptions:
    return local_store(folder, PATIENCE_S)


@pytest.fixture(scope="module", autouse=True)
def open_courier(options):
    """An open run keeps one courier at work for all the tests, which saves each of them the import of MLflow."""
    keeper = open_run(options, name="keeper")
    wait_until(lambda: keeper.experiment_id)  # nobody else opens the database while its tables are made
    yield
    keeper.end(RunStatus.FINISHED)


@pytest.fixture(scope="module")
def client(options, open_courier):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, on import
        from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=options.uri)


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.1)


def run_named(client, name):
    experiment = client.get_experiment_by_name("detection-search")
    if experiment is None:
        return None
    found = client.search_runs([experiment.experiment_id], f"attributes.run_name = '{name}'")
    return found[0] if found else None


def test_a_run_arrives_whole(options, client, tmp_path):
    """What was logged can be read back from MLflow by its own client."""
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "a.png").write_bytes(b"png")
    run = open_run(options, name="whole", tags={"kind": "test"})
    run.log_params({"train.lr0": 0.01, "train.imgsz": 320})
    for epoch in range(3):
        run.log_metrics({"val/mAP50-95": epoch / 10, "train/box_loss": float("nan")}, step=epoch)
    run.log_artifact(tmp_path / "plots", "plots")
    run.log_dataset(name="people", source="data/people", digest="d" * 64, context="training")
    run.end(RunStatus.FINISHED)

    stored = client.get_run(run.id)
    assert stored.info.status == "FINISHED"
    assert stored.data.params == {"train.lr0": "0.01", "train.imgsz": "320"}
    assert [metric.value for metric in client.get_metric_history(run.id, "val/mAP50-95")] == [0.0, 0.1, 0.2]
    assert stored.data.tags["mlflow.runName"] == "whole"
    assert stored.data.tags["kind"] == "test"
    assert [item.path for item in client.list_artifacts(run.id, "plots")] == ["plots/a.png"]
    assert stored.inputs.dataset_inputs[0].dataset.digest == "d" * 36
    environment = json.loads(Path(client.download_artifacts(run.id, "environment.json", str(tmp_path))).read_text())
    assert environment["package.mlflow"].startswith("3.")


def test_many_parameters_arrive_in_batches(options, client):
    """More parameters than MLflow takes at once, and a resumed run that has some of them."""
    run = open_run(options, name="many")
    run.log_params({f"parameter_{n}": n for n in range(250)})
    run.end(RunStatus.KILLED)
    again = open_run(options, name="many", run_id=run.id)
    again.log_params({"parameter_0": 1, "another": 2})
    again.end(RunStatus.FINISHED)
    stored = client.get_run(run.id)
    assert again.id == run.id
    assert len(stored.data.params) == 251
    assert stored.data.params["parameter_0"] == "0"
    assert stored.info.status == "FINISHED"


def test_a_study_arrives_with_its_trials(options, client):
    """Parent, children, summary and the saved view are in MLflow when the sweep ends."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(study_name="people", direction="maximize")
    study._storage.set_study_system_attr(study._study_id, "study:metric_names", ["val/mAP50"])
    callback = StudyRun(options)
    callback.on_sweep_start(study)
    for value in (0.1, 0.3, 0.2):
        trial = study.ask()
        lr0 = trial.suggest_float("train.lr0", 1e-4, 1e-1, log=True)
        run = open_run(options, name=f"trial {trial.number}", parent_run_id=study.user_attrs["mlflow_run_id"])
        run.log_params({"train.lr0": lr0})
        run.log_metrics({"val/mAP50": value}, step=1)
        run.end(RunStatus.FINISHED)
        trial.set_user_attr("mlflow_run_id", run.id)
        study.tell(trial, value)
        callback(study, study.trials[-1])
    callback.on_sweep_end(study)

    parent = client.get_run(study.user_attrs["mlflow_run_id"])
    experiment = parent.info.experiment_id
    children = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    assert {child.info.run_name for child in children} == {"trial 0", "trial 1", "trial 2"}
    assert {child.info.status for child in children} == {"FINISHED"}
    assert parent.info.status == "FINISHED"
    assert client.get_run(parent.data.tags["best.run_id"]).info.run_name == "trial 1"
    assert any(name.startswith("mlflow.sharedViewState.") for name in client.get_experiment(experiment).tags)
    assert study.user_attrs["mlflow_comparison_url"].split("/")[5] == experiment


def test_no_call_keeps_a_training_waiting(options):
    """A call takes well below a millisecond, and a child run does not wait at its end."""
    parent = open_run(options, name="parent")
    run = open_run(options, name="quick", parent_run_id=parent.id)
    durations_ms = []
    for epoch in range(200):
        before = time.perf_counter()
        run.log_metrics({f"val/metric_{n}": 0.5 for n in range(10)}, step=epoch)
        durations_ms.append(1000 * (time.perf_counter() - before))
    start = time.perf_counter()
    run.end(RunStatus.FINISHED)
    assert time.perf_counter() - start < PATIENCE_S / 4
    assert statistics.median(durations_ms) < 8  # a tenth where nothing else runs; a server's answer takes far longer
    parent.end(RunStatus.FINISHED)


TRAINING = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells have what they start with `&` ignore it
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import RunStatus, open_run
run = open_run(TrackingOptions(uri=sys.argv[1], artifacts=sys.argv[2], spool=sys.argv[3]), name=sys.argv[4])
run.log_metrics({"val/mAP50": 0.5}, step=0)
try:
    print("started", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    run.end(RunStatus.KILLED)
"""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGKILL, "FAILED"), (signal.SIGINT, "KILLED")], ids=["killed", "interrupted"]
)
def test_a_training_that_is_ended_from_outside_ends_in_mlflow(options, client, number, status):
    """A process killed for its memory leaves a FAILED run, Ctrl-C a KILLED one; neither stays RUNNING."""
    name = f"ended by {number.name}"
    command = [sys.executable, "-c", TRAINING, options.uri, options.artifacts, options.spool, name]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(PROJECT)}
    ) as training:
        assert training.stdout.readline() == b"started\n"
        training.send_signal(number)
    wait_until(lambda: (run := run_named(client, name)) is not None and run.info.status == status)
    assert run_named(client, name).data.metrics == {"val/mAP50": 0.5}


def test_an_unreachable_server_delays_nobody(tmp_path, caplog):
    """Without a server a run ends within seconds, keeps its calls and says so; the courier does not stay for ever."""
    options = TrackingOptions(uri="http://127.0.0.1:9", artifacts="", spool=str(tmp_path / "spool"), wait_s=60)
    run = open_run(options, name="one")
    start = time.perf_counter()
    for epoch in range(100):
        run.log_metrics({"val/mAP50": 0.5}, step=epoch)
    assert time.perf_counter() - start < 8
    run.end(RunStatus.FINISHED)
    assert "Tracking has a problem, the training continues" in caplog.text
    assert "it waits in" in caplog.text
    assert len(list((tmp_path / "spool").glob("pending-*"))) == 1
    wait_until(lambda: not is_held(lock_of(tmp_path / "spool")))


def test_the_training_never_imports_mlflow():
    """Importing MLflow takes seconds of Python, which a training does not have to spend."""
    code = (
        "import sys, src.mlflow.runs, src.mlflow.runs.spooled_run, src.mlflow.study\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('mlflow', 'torch', 'plotly', 'sqlalchemy')])"
    )
    output = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"
