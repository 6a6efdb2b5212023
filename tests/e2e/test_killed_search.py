"""A search whose trial is killed, and which is then killed itself: the same command ends it, and all views agree."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.integration, pytest.mark.slow]
SEARCH = [
    *("-m", "search=base", "hydra.sweeper.study_name=killed", "hydra.sweeper.sampler.seed=1", "hydra.sweeper.n_jobs=1"),
    *("data.name=tiny", "data.images=32", "data.side=64", "data.splits={train: 16, val: 8, test: 8}"),
    *("train.imgsz=64", "train.threads=1", "train.plots=false", "train.device=cpu", "train.epochs=2"),
    "train.lr0=tag(log,interval(1e-4,1e-2))",
]
PRUNE_ALL = ["hydra/sweeper/pruner=threshold", "hydra.sweeper.pruner.lower=1"]
# how a trial's run ends in MLflow
STATUS = {TrialState.COMPLETE: "FINISHED", TrialState.PRUNED: "KILLED", TrialState.FAIL: "FAILED"}


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with (folder / "printed").open("ab") as printed:
        return subprocess.Popen(
            [sys.executable, "-m", "src.train", *SEARCH, *arguments],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def search(folder: Path, *arguments: str) -> None:
    assert start(folder, *arguments).wait() == 0, (folder / "printed").read_text()


def test_optuna_and_mlflow_agree_on_every_trial_whatever_was_killed(tmp_path):
    search(tmp_path, "hydra.sweeper.n_trials=2")
    sweep = start(tmp_path, *PRUNE_ALL, "hydra.sweeper.n_trials=5", "hydra.sweeper.max_failure_rate=1")
    os.kill(wait_for(lambda: process_of_trial(tmp_path, 2)), signal.SIGKILL)
    wait_for(lambda: process_of_trial(tmp_path, 3))
    os.kill(sweep.pid, signal.SIGKILL)
    sweep.wait()
    search(tmp_path, *PRUNE_ALL, "hydra.sweeper.n_trials=5", "hydra.sweeper.max_failure_rate=1")

    trials = study(tmp_path).trials
    assert [trial.state.name for trial in trials] == ["COMPLETE", "COMPLETE", "FAIL", "FAIL", "PRUNED", "PRUNED"]
    assert [trial.user_attrs.get("fail_reason") for trial in trials[2:4]] == ["killed by SIGKILL", "its worker died"]
    assert trials[4].user_attrs["retry_of"] == 3
    assert trials[4].params == trials[3].params

    runs = runs_by_trial(tmp_path)
    assert sorted(runs) == [trial.number for trial in trials]
    for trial in trials:
        run = runs[trial.number]
        assert run.info.status == STATUS[trial.state]
        assert run.data.tags.get("reason") == trial.user_attrs.get("fail_reason")
        assert (run.data.tags.get("pruned") == "true") == (trial.state == TrialState.PRUNED)
        if trial.state == TrialState.COMPLETE:
            assert run.data.metrics["val/mAP50-95"] == trial.value
    assert runs[3].data.tags["repeated by trial"] == "4"


def study(folder: Path) -> optuna.Study:
    storage = JournalStorage(JournalFileBackend(str(folder / "multirun/optuna.journal")))
    return optuna.load_study(study_name="killed", storage=storage)


def runs_by_trial(folder: Path) -> dict[int, object]:
    """MLflow's runs of the study's trials; a trial has one."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = [run for run in client.search_runs(experiments) if "trial" in run.data.tags]
    by_trial = {int(run.data.tags["trial"]): run for run in runs}
    assert len(by_trial) == len(runs)
    return by_trial


def process_of_trial(folder: Path, number: int) -> int | None:
    """The process that writes a trial's log, once Ultralytics is at work in it."""
    log = folder / "multirun/killed" / str(number) / "console.log"
    if not log.exists() or "Ultralytics" not in log.read_text():
        return None
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "fd/1").readlink() == log:
                return int(process.name)
        except OSError:  # it has ended, or is another user's
            continue
    return None


def wait_for(look: Callable[[], int | None], timeout_s: float = 400) -> int:
    end = time.monotonic() + timeout_s
    while (found := look()) is None:
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return found
