"""One spool, delivered to two of MLflow's databases: undisturbed, and by couriers that are killed at every point."""

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from src.mlflow.comparison_view import ComparisonView
from src.mlflow.courier import courier as courier_module
from src.mlflow.courier.courier import Courier
from src.mlflow.courier.store import NewRun, Store
from src.mlflow.errors import StoreRefusedError, StoreUnavailableError
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import RunStatus, attach, open_run
from tests.contract.store_conformance import new_run
from tests.integration.tables import BY_THE_STORES_CLOCK, files, rows, run_names
from tests.unit.mlflow.mortality import deliver_with_kills

pytestmark = pytest.mark.integration

PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory) -> Path:
    """A database with MLflow's tables, which take seconds to make."""
    path = tmp_path_factory.mktemp("template") / "mlflow.db"
    mlflow_store(path)
    return path


def mlflow_store(database: Path):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, on import
        from src.mlflow.courier.mlflow_store import MlflowStore

    store = MlflowStore(f"sqlite:///{database}")
    store.find_run(experiment="none", tag="none", value="none")  # opens it
    return store


@pytest.fixture
def project(tmp_path, empty_database, monkeypatch) -> Path:
    """A folder with two copies of a spool, and with an empty database for each."""
    monkeypatch.setattr("src.mlflow.courier.process.ensure_running", lambda _: None)
    for arm in ("undisturbed", "killed"):
        (tmp_path / arm).mkdir()
        shutil.copy(empty_database, tmp_path / arm / "mlflow.db")
    monkeypatch.chdir(tmp_path / "undisturbed")
    write_a_study()
    shutil.copytree(tmp_path / "undisturbed" / ".tracking", tmp_path / "killed" / ".tracking")
    return tmp_path


def write_a_study() -> None:
    """A study with a finished, a killed and a resumed trial, in the words of every method of a run."""
    options = TrackingOptions(artifacts="mlartifacts", wait_s=0)
    Path("plots/deep").mkdir(parents=True)
    Path("plots/results.png").write_bytes(PNG)
    Path("plots/deep/labels.jpg").write_bytes(PNG * 2)
    Path("best.pt").write_bytes(bytes(range(256)) * 1000)
    study = open_run(options, name="people", tags={"kind": "study", "study": "people"})
    trials = [open_run(options, name=f"trial {n}", parent_run_id=study.id, tags={"trial": str(n)}) for n in range(3)]
    for number, trial in enumerate(trials):
        trial.log_params({f"train.parameter_{n}": n for n in range(150)} | {"train.lr0": 10.0**-number})
        trial.log_dataset(name="people", source="data/people", digest="d" * 64, context="training")
        for epoch in range(5):
            losses = {"train/box_loss": float("nan") if epoch == 2 else 1 / (epoch + 1), "val/mAP50": epoch / 10}
            trial.log_metrics(losses, step=epoch)
        trial.log_text("train: {}\n", "config.yaml")
        trial.log_artifact(Path("plots"), "plots")
    trials[0].log_artifact(Path("best.pt"), "weights")
    trials[0].end(RunStatus.FINISHED)
    trials[1]._writer.close()  # killed
    trials[2].end(RunStatus.KILLED)
    again = open_run(options, name="trial 2", parent_run_id=study.id, run_id=trials[2].id)
    again.log_params({"train.lr0": 5, "train.resumed": True})
    again.log_metrics({"val/mAP50": 0.9}, step=5)
    again.end(RunStatus.FINISHED)
    study.set_tags({"best.run_id": str(trials[2].id)})
    study.save_view(ComparisonView("people", ["train.lr0"], "val/mAP50", maximize=True))
    study.end(RunStatus.FINISHED)
    added = attach(options, str(trials[1].id), parent_run_id=study.id)
    added.set_tags({"reason": "out of memory"})
    added.close()


def contents(arm: Path):
    """The rows of an arm's database and its artifacts."""
    database = arm / "mlflow.db"
    assert not list((arm / ".tracking").glob("*pending-*"))
    found = rows(database, named_by="tracking.key", masked=BY_THE_STORES_CLOCK, texts={str(arm): "<project>"})
    return found, files(arm / "mlartifacts", run_names(database, "tracking.key"))


@pytest.mark.slow
def test_a_killed_delivery_leaves_the_same_rows_and_files(project, monkeypatch):
    """Every table and every column, up to ids and to when the store made the experiment."""
    Courier(project / "undisturbed" / ".tracking", lambda _: mlflow_store(project / "undisturbed/mlflow.db")).work()
    killed = mlflow_store(project / "killed" / "mlflow.db")
    points = deliver_with_kills(project / "killed" / ".tracking", killed, monkeypatch)

    expected_rows, expected_files = contents(project / "undisturbed")
    found_rows, found_files = contents(project / "killed")
    assert found_rows == expected_rows
    assert found_files == expected_files
    count = Counter(row.split("'")[1] for row in expected_rows)
    assert count.keys() >= {"runs", "params", "metrics", "latest_metrics", "tags", "inputs", "datasets"}
    assert (count["runs"], count["metrics"], count["experiment_tags"]) == (4, 31, 2)
    assert len(points) > 200


def test_runs_that_a_server_makes_after_it_was_asked_again_are_gone_from_the_ui(project, monkeypatch):
    """All tables are those of an undisturbed delivery, but for the runs that were made twice: these are deleted."""
    monkeypatch.setattr(courier_module, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(courier_module, "POLL_S", 0.0)
    Courier(project / "undisturbed" / ".tracking", lambda _: mlflow_store(project / "undisturbed/mlflow.db")).work()
    late = LateStore(mlflow_store(project / "killed" / "mlflow.db"))
    Courier(project / "killed" / ".tracking", lambda _: late).work()

    assert late.made_late == 4
    with closing(sqlite3.connect(project / "killed" / "mlflow.db")) as database, database:
        deleted = [run for (run,) in database.execute("SELECT run_uuid FROM runs WHERE lifecycle_stage = 'deleted'")]
        assert len(deleted) == 4
        for run in deleted:
            database.execute("DELETE FROM tags WHERE run_uuid = ?", (run,))
            database.execute("DELETE FROM runs WHERE run_uuid = ?", (run,))
    assert contents(project / "killed") == contents(project / "undisturbed")


class LateStore:
    """A server that begins to make each run only after it was asked for it again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: set[str] = set()
        self.made_late = 0

    def create_run(self, run: NewRun) -> str:
        if run.name not in self._asked:
            self._asked.add(run.name)
            raise StoreUnavailableError("there was no answer in time")
        run_id = self._store.create_run(run)
        self._store.create_run(run)  # what was asked for at first
        self.made_late += 1
        return run_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_of_a_batch_only_what_is_wrong_is_refused(project):
    """MLflow refuses a hundred parameters for the name of one; the others are recorded, and so is why."""
    store = mlflow_store(project / "killed" / "mlflow.db")
    run_id = store.create_run(new_run("one"))
    params = {f"parameter_{n}": "1" for n in range(120)} | {"a//b": "2"}
    with pytest.raises(StoreRefusedError, match="a//b"):
        store.log_params(run_id, params)
    assert len(store.read_run(run_id).params) == 120
