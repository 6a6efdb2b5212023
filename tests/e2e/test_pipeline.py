"""`dvc repro` on a copy of the project with data and training so small that all of it takes seconds."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.support.project import PIPELINE, STAGES, copy_project

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The project as it would be committed, and as a repository of its own, with one finished run of the pipeline."""
    folder = tmp_path_factory.mktemp("pipeline") / "project"
    project = copy_project(folder)
    project.run("git", "init", "--quiet")
    project.freeze()
    assert project.repro() == STAGES
    commit = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--message", "run")
    project.run("git", "add", ".")
    project.run(*commit)
    return project


def test_the_second_time_nothing_runs(project):
    assert project.repro() == []


def test_a_decision_stands_at_the_end(project):
    decision = project.read("decide", "decision.json")

    assert decision["verdict"]
    assert (project.folder / PIPELINE / "decide" / "decision.html").stat().st_size > 1000


@pytest.mark.parametrize(
    ("setting", "stages"),
    [
        pytest.param("threshold.beta=2.0", ["tune_threshold", "decide"], id="beta"),
        pytest.param("decide.gates.F1.more_than=0.5", ["decide"], id="a gate"),
    ],
)
def test_a_setting_runs_its_own_stage_and_those_after_it(project, setting, stages):
    project.freeze(setting)

    assert project.repro() == stages


def test_an_experiment_trains_with_its_setting_and_is_compared(project):
    """`dvc exp run -S`: the setting reaches the trainer, and DVC shows what it changed."""
    project.freeze()
    project.repro()

    project.run("dvc", "exp", "run", "--name", "slower", "--set-param", "train.lr0=0.0005")

    assert project.read("train", "training.json")["arguments"]["train.lr0"] == 0.0005
    [change] = json.loads(project.run("dvc", "params", "diff", "--json"))["params.yaml"].items()
    assert change == ("train.lr0", {"old": 0.001, "new": 0.0005, "diff": -0.0005})
    metrics = json.loads(project.run("dvc", "metrics", "diff", "--all", "--json"))
    assert "test/mAP50" in metrics["outputs/pipeline/evaluate/metrics.json"]
    assert "test/default_F1" in metrics["outputs/pipeline/tune_threshold/metrics.json"]
    project.run("dvc", "plots", "diff", "--out", "plots")
    assert (project.folder / "plots" / "index.html").stat().st_size > 1000
    shown = project.run("dvc", "exp", "show", "--json")
    assert "slower" in shown


def test_a_setting_that_dvc_sets_is_checked(project):
    """The sections of params.yaml have their schemas."""
    project.freeze()
    done = subprocess.run(
        ["dvc", "exp", "run", "--set-param", "train.optimizer=SDG"],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    project.freeze()

    assert done.returncode != 0
    assert "train.optimizer=SDG is not an optimizer of Ultralytics. Did you mean 'SGD'?" in done.stdout + done.stderr


def test_what_a_kill_leaves_is_not_taken_for_done(project):
    """Killed in one stage after the other, `dvc repro` ends with results of the new settings and nothing to do."""
    project.freeze("data.seed=1", "threshold.beta=3.0")
    for stage in STAGES:
        project.kill_during(stage)

    assert project.repro() == ["decide"]
    assert project.repro() == []
    assert (
        project.read("train", "training.json")["data"]["digest"]
        == project.read("evaluate", "evaluation.json")["data"]["digest"]
    )
    assert project.read("tune_threshold", "threshold.json")["criterion"] == "F3 as large as possible"
    assert project.read("decide", "decision.json")["verdict"]


def test_stages_run_without_dvc(project):
    """The same commands, by hand, give the same files; tests/e2e/test_search.py has prepare and train."""
    project.freeze()
    project.repro()  # what the tests before it have left may lack a training
    by_hand = STAGES[2:]
    for stage in by_hand:
        shutil.rmtree(project.folder / PIPELINE / stage)

    for stage in by_hand:
        project.run(sys.executable, "-m", f"src.{stage}", "-cd", ".", "-cn", "params")

    assert project.read("decide", "decision.json")["verdict"]
