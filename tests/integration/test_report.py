"""`python -m src.report` as a program: on a study in a journal, and on runs in MLflow's real SQLite store."""

import os
import subprocess
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from src.mlflow.options import TrackingOptions
from src.mlflow.runs import RunStatus, open_run
from tests.support.programs import python
from tests.support.stores import local_store
from tests.unit.study.studies import StudyMaker, records

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python(), "-m", "src.report", *arguments, f"folder={folder}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )


def test_a_study_is_reported(tmp_path):
    """The table and the words in the terminal, the page and the tables in the folder."""
    made = StudyMaker(tmp_path)
    for share in (0.95, 0.925, 0.4, 0.3, 0.5, 0.6, 0.7):
        made.trial(share, curve=(share / 2, share))
    optuna.copy_study(
        from_study_name="people",
        from_storage=made.study._storage,
        to_storage=JournalStorage(JournalFileBackend(str(tmp_path / "optuna.journal"))),
    )
    storage = f"hydra.sweeper.storage=journal:{tmp_path}/optuna.journal"
    done = run("study=people", storage, "scatter=0.01", folder=tmp_path / "report")
    assert done.returncode == 0, done.stderr
    assert "Leader board of people" in done.stdout
    assert "No significant difference from the best: 1 setting of 6 (trial 1)." in done.stdout
    assert len((tmp_path / "report/runs_analysis.csv").read_text().splitlines()) == 8
    page = (tmp_path / "report/report.html").read_text()
    for title in ("Leader board", "Against the clock", "Learning curves", "Parameter importances", "Slices"):
        assert f">{title}<" in page
    missing = run("study=peple", storage, folder=tmp_path / "other")
    assert missing.returncode != 0
    assert "Did you mean 'people'?" in missing.stderr


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> TrackingOptions:
    """Three runs: two on one version of the data, one on another."""
    folder = tmp_path_factory.mktemp("store")
    options = local_store(folder)
    for name, share, digest in (("old", 0.2, "ab"), ("new", 0.9, "ab"), ("other data", 0.9, "cd")):
        found = open_run(options, name=name, tags={"objective": "val/mAP50-95", "data.digest": digest * 32})
        found.log_params({"train.lr0": share, "train.epochs": 2})
        for step in (1, 2):
            found.log_metrics({"val/mAP50-95": share * step / 2, "val/mAP50": share * step / 2}, step)
        path = folder / name / "val_records.npz"
        records([True] * round(40 * share) + [False] * round(40 * (1 - share))).save(path)
        found.log_artifact(path)
        found.end(RunStatus.FINISHED)
    return options


def test_runs_are_compared_image_by_image(store, tmp_path):
    done = run("compare", "old", "new", f"tracking.uri={store.uri}", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "new is better than old in val/mAP50-95: +0." in done.stdout
    assert "train.lr0" in done.stdout
    assert "train.epochs" not in done.stdout
    assert (tmp_path / "report.html").read_text().count('class="plotly-graph-div"') == 2


def test_runs_on_other_data_are_not_compared(store, tmp_path):
    done = run("compare", "new", "other data", f"tracking.uri={store.uri}", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "The two runs are not comparable: no difference is computed." in done.stdout
    assert "new has the digest abababababab…, other data has cdcdcdcdcdcd…" in done.stdout
    assert "+0." not in done.stdout


def test_a_run_that_is_not_there_is_said(store, tmp_path):
    done = run("compare", "new", "newer", f"tracking.uri={store.uri}", folder=tmp_path)
    assert done.returncode != 0
    assert "no run is called 'newer'" in done.stderr
