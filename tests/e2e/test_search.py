"""The main job from the command line: prepare, search, and what Optuna, MLflow and the disk then hold."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.programs import python

ROOT = Path(__file__).parents[2]
TINY = ["data.name=tiny", "data.images=32", "data.side=64", "data.splits={train: 16, val: 8, test: 8}"]
SHORT = ["train.imgsz=64", "train.threads=1", "train.plots=false", "train.device=cpu", "tracking.wait_s=240"]
pytestmark = pytest.mark.integration


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python(), "-m", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A folder in which four trials were searched, one of which was pruned and one of which failed."""
    folder = tmp_path_factory.mktemp("search")
    done = run(
        folder,
        "src.train",
        "-m",
        "hydra/sweeper=optuna",
        "search=base",
        *TINY,
        *SHORT,
        "train.epochs=choice(2,3)",
        "train.optimizer=choice(AdamW,SGD)",
        "train.seed=range(0,3)",
        "hydra.sweeper.n_trials=4",
        "hydra.sweeper.study_name=four",
        "hydra.sweeper.enqueue=[{train.epochs: 3, train.seed: 1}, {train.epochs: 2, train.seed: 2}]",
        "hydra/sweeper/pruner=threshold",
        "hydra.sweeper.pruner.lower=-1",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_a_search_from_one_command_ends_with_a_table_a_verdict_and_ways_on(swept):
    _, printed = swept
    assert "four: 4 complete." in printed
    for part in (
        "val/mAP50-95",
        "untrained val/mAP50",
        "Starting weights, val/mAP50-95:",
        "the starting weights",
        "of 4 trials are worse",
        "mlflow ui --backend-store-uri sqlite:///mlflow.db",
        "optuna-dashboard multirun/optuna.journal",
        "hydra.sweeper.study_name=four",
    ):
        assert part in printed


def test_what_ultralytics_prints_is_in_the_trials_log_and_not_on_the_screen(swept):
    folder, printed = swept
    assert "Starting training for 3 epochs" in (folder / "multirun/four/0/console.log").read_text()
    assert "Starting training" not in printed


def test_a_study_is_a_run_and_its_trials_are_the_runs_below_it(swept):
    folder, _ = swept
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("detection-search")
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    trials = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert parent.info.run_name == "four"
    assert len(trials) == 4
    for trial in trials:
        assert trial.info.status == "FINISHED"
        assert {"train.epochs", "train.optimizer", "train.seed"} <= set(trial.data.params)
        epochs = [metric.step for metric in client.get_metric_history(trial.info.run_id, "train/box_loss")]
        assert set(range(1, int(trial.data.params["train.epochs"]) + 1)) <= set(epochs)
    report = {file.path for file in client.list_artifacts(parent.info.run_id, "report")}
    assert report == {"report/report.html", "report/runs_analysis.csv", "report/settings.csv"}


def test_only_the_weights_of_the_best_trial_are_kept_in_mlflow(swept):
    folder, _ = swept
    from mlflow import MlflowClient
    from omegaconf import OmegaConf

    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("detection-search").experiment_id])
    with_weights = {
        run.data.tags["trial"]
        for run in runs
        if "trial" in run.data.tags and client.list_artifacts(run.info.run_id, "weights")
    }
    assert with_weights == {str(OmegaConf.load(folder / "multirun/four/optimization_results.yaml").trial)}


def test_a_search_over_a_dead_parameter_is_refused_before_any_training(tmp_path):
    done = run(tmp_path, "src.train", "-m", *TINY, *SHORT, "search=base", "train.optimizer=auto", "train.lr0=0.01,0.1")
    assert done.returncode != 0
    assert "train.lr0 has no effect here: train.optimizer=auto discards it" in done.stdout + done.stderr
    assert not list(tmp_path.glob("multirun/*/0"))


def test_a_value_that_no_training_can_use_is_refused_before_any_training(tmp_path):
    done = run(tmp_path, "src.train", "-m", *TINY, *SHORT, "search=base", "train.epochs=0,5")
    assert "train.epochs=0: expected at least 1" in done.stdout + done.stderr


def test_data_that_cannot_be_prepared_is_refused_before_any_trial(tmp_path):
    done = run(tmp_path, "src.train", "-m", "search=base", "data=yolo", "data.path=nowhere", "train.seed=1,2")
    assert done.returncode != 0
    assert "data.path" in done.stdout + done.stderr
    assert "does not exist" in done.stdout + done.stderr
    assert not list(tmp_path.glob("multirun/*/0"))


def test_an_unknown_key_is_refused_with_the_nearest_one(tmp_path):
    done = run(tmp_path, "src.train", "-m", *TINY, "train.lr=0.1,0.2")
    assert "Did you mean 'lr" in done.stdout + done.stderr


@pytest.mark.parametrize("search", ["default", "seed_grid", "finetune", "deploy"])
@pytest.mark.parametrize("data", ["synthetic_person", "coco128_person"])
def test_every_search_of_the_project_passes_its_own_checks(tmp_path, shared_folder, real_data, search, data):
    """A timeout of nothing: everything is checked and opened, no trial is run."""
    nothing = ["tracking=none", "hydra.sweeper.timeout_s=0", "hydra.sweeper.isolation=none"]
    nothing += [f"data.root={shared_folder / 'default_data'}"]
    archive = [f"data.archive={real_data}/coco128.zip"] if data == "coco128_person" else []
    done = run(tmp_path, "src.train", "-m", f"search={search}", f"data={data}", *archive, *nothing)
    assert "No trial ended with a result" in done.stdout + done.stderr
