"""A search, and what is left of its winner with fresh seeds."""

import json
import os
import subprocess
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from tests.support.programs import python

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.integration, pytest.mark.slow]
TINY = ["data.name=tiny", "data.images=32", "data.side=64", "data.splits={train: 16, val: 8, test: 8}"]
SEARCH = [
    *("-m", "search=base", "hydra.sweeper.study_name=first", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_trials=3"),
    *(*TINY, "train.imgsz=64", "train.threads=1", "train.plots=false", "train.device=cpu", "train.epochs=1"),
    *("train.lr0=choice(0.001,0.002,0.004)", "train.seed=1"),
]


def run(folder: Path, module: str, *arguments: str) -> str:
    done = subprocess.run(
        [python(), "-m", module, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def load(folder: Path, name: str) -> optuna.Study:
    storage = JournalStorage(JournalFileBackend(str(folder / "multirun/optuna.journal")))
    return optuna.load_study(study_name=name, storage=storage)


def test_leading_settings_are_trained_with_fresh_seeds_below_the_study_and_judged_by_them(tmp_path):
    run(tmp_path, "src.train", *SEARCH)
    printed = run(tmp_path, "src.confirm", "study=first", "top=2", "seeds=[1,2]")

    first = load(tmp_path, "first")
    leading = sorted(first.trials, key=lambda trial: -trial.value)[:2]
    figures = json.loads((tmp_path / "multirun/first/confirm/confirmation.json").read_text())
    assert figures["seeds"] == [2, 3]  # 1 was the search's own
    assert figures["replaced_seeds"] == [1]
    assert [setting["trial"] for setting in figures["settings"]] == [trial.number for trial in leading]
    for setting, found in zip(figures["settings"], leading, strict=True):
        again = load(tmp_path, f"first-confirm-{found.number}")
        assert setting["searched"] == found.value
        assert setting["values"] == {str(trial.params["train.seed"]): trial.value for trial in again.trials}
        trained = (tmp_path / f"multirun/first/confirm/trial-{found.number}/0/.hydra/overrides.yaml").read_text()
        assert f"train.lr0={found.params['train.lr0']}" in trained
        assert "train.seed=2" in trained
    assert figures["over_untrained"]["covers"] == ["images", "seeds"]
    assert (figures["metric"], figures["judged_by"]) == ("val/mAP50-95", "test/mAP50-95")  # which chose nothing
    assert "test/mAP50-95, on images that chose nothing" in printed
    assert f"python -m src.freeze +study=first +trial={figures['winner']}" in printed

    frozen = run(tmp_path, "src.freeze", "+study=first")
    assert json.loads((tmp_path / "study.json").read_text())["confirmation"] | {"version": 2} == figures
    assert ("did not survive the confirmation" in frozen) == (figures["winner"] != leading[0].number)

    run(tmp_path, "src.sync")  # what the courier is still at
    runs = {run.info.run_name: run for run in runs_below(tmp_path, first.user_attrs["mlflow_run_id"])}
    again = {f"trial {trial.number} again, seed {seed}" for trial in leading for seed in (2, 3)}
    assert again <= set(runs)
    assert len(runs) == 3 + 4
    for name in again:
        assert runs[name].info.status == "FINISHED"
        assert runs[name].data.tags["study"] == "first"
        assert "trial" not in runs[name].data.tags
    parent = parent_run(tmp_path, first.user_attrs["mlflow_run_id"])
    assert parent.data.tags["confirmed.trial"] == str(figures["winner"])
    assert parent.info.status == "FINISHED"

    # a seed more trains one model for the setting, and nothing that is there already
    run(tmp_path, "src.confirm", "study=first", "top=1", "seeds=[2,3,4]")
    for trial, seeds in zip(leading, ([2, 3, 4], [2, 3]), strict=True):
        again_study = load(tmp_path, f"first-confirm-{trial.number}")
        assert [other.params["train.seed"] for other in again_study.trials] == seeds


def runs_below(folder: Path, run_id: str) -> list[object]:
    client = client_of(folder)
    experiment = client.get_run(run_id).info.experiment_id
    return list(client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{run_id}'"))


def parent_run(folder: Path, run_id: str) -> object:
    return client_of(folder).get_run(run_id)


def client_of(folder: Path) -> object:
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
