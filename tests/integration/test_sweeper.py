"""The sweeper from outside: a Hydra app on the command line, and what it leaves on disk."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest
from omegaconf import OmegaConf
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

ROOT = Path(__file__).parents[2]
APP = ROOT / "tests" / "apps" / "toy" / "app.py"
pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


class Toy:
    """The toy app in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warnings = "error"

    def command(self, *overrides: str) -> list[str]:
        return [sys.executable, "-W", self.warnings, str(APP), "-m", *overrides]

    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": f"{ROOT}:{APP.parent}", "COLUMNS": "160"}

    def start(self, *overrides: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*overrides),
            cwd=self.folder,
            env=self.environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *overrides: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*overrides)
        printed, _ = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, printed)

    def sweep(self, *overrides: str) -> str:
        done = self.run(*overrides)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def results(self, study: str = "toy"):
        return OmegaConf.load(self.folder / "multirun" / study / "optimization_results.yaml")

    def study(self, name: str = "toy") -> optuna.Study:
        storage = JournalStorage(JournalFileBackend(str(self.folder / "multirun" / "optuna.journal")))
        return optuna.load_study(study_name=name, storage=storage)

    def states(self, name: str = "toy") -> list[TrialState]:
        return [trial.state for trial in self.study(name).trials]


@pytest.fixture
def toy(tmp_path):
    return Toy(tmp_path)


def test_a_sweep_leaves_results_that_agree_with_the_study(toy):
    printed = toy.sweep("x=interval(0,3)", "db=glob(*)", "y=0.25")
    best = toy.study().best_trial
    results = toy.results()
    assert results.name == "optuna"
    assert results.best_params == best.params
    assert results.best_value == best.value
    assert results.trial == best.number
    assert "y" not in best.params
    with (toy.folder / "multirun/toy/trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["number"]) for row in rows] == [0, 1, 2, 3]
    assert rows[best.number]["value"] == str(best.value)
    assert rows[0]["note"] == "x=0.5"  # the configured values are tried first
    assert (toy.folder / "multirun/toy/multirun.yaml").exists()
    assert "4 complete" in printed
    assert "hydra.sweeper.study_name=toy" in printed
    assert f"trial {best.number}" in printed


def test_each_trial_has_the_folder_of_its_number_with_its_config_and_everything_it_printed(toy):
    toy.sweep("x=choice(1,2,3,4)", "hydra/sweeper/sampler=grid")
    for trial in toy.study().trials:
        folder = toy.folder / "multirun/toy" / str(trial.number)
        assert OmegaConf.load(folder / ".hydra/config.yaml").x == trial.params["x"]
        assert OmegaConf.load(folder / ".hydra/hydra.yaml").hydra.job.num == trial.number
        assert f"x is {trial.params['x']}" in (folder / "console.log").read_text()


def test_a_grid_runs_every_point_once(toy):
    toy.sweep("x=1,2,3", "y=range(0,2)", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_trials=50")
    points = {(trial.params["x"], trial.params["y"]) for trial in toy.study().trials}
    assert points == {(x, y) for x in (1, 2, 3) for y in (0, 1)}
    assert len(toy.study().trials) == 6


def test_settings_of_a_chosen_group_need_not_fit_the_default_one(toy):
    """`db=pg` brings a setting that `db=mysql`, the default, does not have; both the slot and the trials know it."""
    toy.sweep("db=pg", "x=1,2", "db.port=5432", "hydra.sweeper.n_trials=2")
    assert toy.states() == [TrialState.COMPLETE] * 2


def test_brute_force_ends_by_itself(toy):
    toy.sweep("x=1,2,3", "hydra/sweeper/sampler=brute_force", "hydra.sweeper.n_trials=50")
    assert sorted(trial.params["x"] for trial in toy.study().trials) == [1, 2, 3]


@pytest.mark.parametrize("sampler", ["tpe", "random", "cmaes", "gp", "nsgaii", "nsgaiii", "qmc"])
def test_every_sampler_searches_without_a_warning(toy, sampler):
    quiet = ["hydra.sweeper.sampler.warn_asynchronous_seeding=false"] if sampler == "qmc" else []
    toy.sweep("x=interval(0,3)", f"hydra/sweeper/sampler={sampler}", "hydra.sweeper.isolation=none", *quiet)
    assert toy.states() == [TrialState.COMPLETE] * 4


def test_a_sweep_with_a_seed_is_repeated_to_the_digit(toy):
    for name in ("a", "b"):
        toy.sweep("x=interval(0,3)", "y=interval(0,1)", f"hydra.sweeper.study_name={name}")
    assert [trial.params for trial in toy.study("a").trials] == [trial.params for trial in toy.study("b").trials]


def test_the_same_command_goes_on_with_the_study_up_to_its_total(toy):
    toy.sweep("x=interval(0,3)")
    first = [trial.params for trial in toy.study().trials]
    toy.sweep("x=interval(0,3)", "hydra.sweeper.n_trials=6")
    trials = toy.study().trials
    assert [trial.params for trial in trials[:4]] == first
    assert [trial.number for trial in trials] == list(range(6))
    assert len({trial.params["x"] for trial in trials}) == 6  # neither the queued nor the drawn points are repeated


def test_a_study_that_has_its_total_says_that_nothing_is_left_to_do(toy):
    toy.sweep("x=interval(0,3)")
    assert "4 of them are there already: nothing is left to do" in toy.sweep("x=interval(0,3)")
    assert len(toy.states()) == 4


def test_a_study_is_not_continued_in_another_direction(toy):
    toy.sweep("x=interval(0,3)")
    done = toy.run("x=interval(0,3)", "hydra.sweeper.direction=maximize")
    assert done.returncode != 0
    assert "was made to minimize" in done.stdout


def test_a_pruned_trial_is_pruned_in_the_study_and_keeps_its_reports(toy):
    toy.sweep(
        "x=range(1,5)",
        "steps=3",
        "hydra/sweeper/pruner=threshold",
        "hydra.sweeper.pruner.upper=2.5",
        "hydra/sweeper/sampler=grid",
    )
    for trial in toy.study().trials:
        expected = TrialState.PRUNED if trial.params["x"] > 2.5 else TrialState.COMPLETE
        assert trial.state == expected
        assert trial.intermediate_values[0] == trial.params["x"]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        pytest.param("raise", "RuntimeError: the card is on fire", id="an exception"),
        pytest.param("exit", "the task ended its process with status 3", id="sys.exit"),
        pytest.param("kill", "killed by SIGKILL (out of memory?)", id="a kill"),
    ],
)
def test_a_failing_trial_ends_itself_and_not_the_sweep(toy, how, reason):
    printed = toy.sweep("x=interval(0,3)", "fail_at=1", f"how={how}", "hydra.sweeper.max_failure_rate=0.5")
    assert toy.states() == [TrialState.COMPLETE, TrialState.FAIL, TrialState.COMPLETE, TrialState.COMPLETE]
    assert toy.study().trials[1].user_attrs["fail_reason"] == reason
    assert f"failed 1×: {reason}" in printed


def test_without_a_tolerated_failure_rate_the_first_failure_ends_the_sweep_and_results_are_written(toy):
    done = toy.run("x=interval(0,3)", "fail_at=1", "how=raise")
    assert done.returncode != 0
    assert "1 of 2 trials failed" in done.stdout
    assert "the card is on fire" in done.stdout
    assert toy.results().counts == {"complete": 1, "fail": 1}


def test_nan_and_a_wrong_number_of_values_are_failures_with_a_reason(toy):
    toy.sweep(
        "x=nan,1", "hydra/sweeper/sampler=grid", "hydra.sweeper.study_name=nan", "hydra.sweeper.max_failure_rate=1"
    )
    reasons = {trial.user_attrs.get("fail_reason") for trial in toy.study("nan").trials}
    assert reasons == {"the task returned NaN", None}
    done = toy.run("x=interval(0,1)", "two_objectives=true", "hydra.sweeper.max_failure_rate=1")
    assert "the task returned 2 values, but the study has 1 directions" in done.stdout
    assert "No trial ended with a result" in done.stdout


def test_several_objectives_give_a_pareto_front(toy):
    toy.sweep("x=interval(0,3)", "two_objectives=true", "hydra.sweeper.direction=[minimize,maximize]", "steps=2")
    front = {tuple(solution["values"]) for solution in toy.results().solutions}
    assert front == {tuple(trial.values) for trial in toy.study().best_trials}


def test_a_custom_search_space_adds_parameters_to_each_trial(toy):
    toy.sweep("x=interval(1,3)", "hydra.sweeper.custom_search_space=app.widen")
    for trial in toy.study().trials:
        assert 0 <= trial.params["y"] <= trial.params["x"]
        folder = toy.folder / "multirun/toy" / str(trial.number)
        assert OmegaConf.load(folder / ".hydra/config.yaml").y == trial.params["y"]


def test_listed_points_are_tried_first(toy):
    toy.sweep("x=interval(0,3)", "db=choice(mysql,pg)", "hydra.sweeper.enqueue=[{x: 2.5, db: pg}, default]")
    first, second, *_ = toy.study().trials
    assert first.params == {"x": 2.5, "db": "pg"}
    assert second.params == {"x": 0.5, "db": "mysql"}


def test_no_trial_starts_after_the_timeout(toy):
    toy.sweep("x=interval(0,3)", "sleep_s=1", "hydra.sweeper.timeout_s=1.5", "hydra.sweeper.n_trials=50")
    assert 1 <= len(toy.states()) <= 3


def test_slots_of_a_parallel_launcher_run_exactly_the_budget(toy):
    toy.sweep(
        "x=interval(0,3)",
        "sleep_s=0.2",
        "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2",
        "hydra.sweeper.n_jobs=2",
        "hydra.sweeper.n_trials=7",
    )
    trials = toy.study().trials
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 7
    assert len({trial.user_attrs["worker"] for trial in trials}) == 2
    assert len({trial.params["x"] for trial in trials}) == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("isolation", ["process", "none"])
def test_ctrl_c_ends_the_trial_writes_the_results_and_leaves_no_process(toy, isolation, number):
    process = toy.start(
        "x=interval(0,3)", "sleep_s=60", f"hydra.sweeper.isolation={isolation}", "hydra.sweeper.max_failure_rate=1"
    )
    wait_for(lambda: "x is" in all_output(toy) or (isolation == "none" and toy_has_started(toy)))
    time.sleep(1)
    process.send_signal(number)
    printed, _ = process.communicate(timeout=30)
    assert process.returncode == 130, printed
    assert toy.states() == [TrialState.FAIL]
    assert toy.study().trials[0].user_attrs["fail_reason"] == "interrupted"
    assert toy.results().counts == {"fail": 1}


def test_a_trial_does_not_outlive_a_killed_sweep_and_its_trial_is_told_failed_when_the_study_goes_on(toy):
    process = toy.start("x=interval(0,3)", "sleep_s=60")
    wait_for(lambda: "x is" in all_output(toy))
    process.kill()
    process.communicate()
    wait_for(lambda: not trial_processes(toy))
    assert toy.states() == [TrialState.RUNNING]
    toy.sweep("x=interval(0,3)", "hydra.sweeper.max_failure_rate=0.5")
    assert toy.states() == [TrialState.FAIL, *[TrialState.COMPLETE] * 3]
    assert toy.study().trials[0].user_attrs["fail_reason"] == "its worker died"


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        pytest.param(["xx=interval(0,3)"], "Did you mean 'x'?", id="unknown key"),
        pytest.param(["x=interval(0,3)", "hydra.sweeper.n_trials=0"], "expected at least 1", id="no trials"),
        pytest.param(["x=interval(0,3)", "hydra.sweeper.direction=up"], "'minimize' or 'maximize'", id="direction"),
        pytest.param(["x=tag(log,interval(0,3))"], "must begin above 0", id="log from zero"),
        pytest.param(["x=interval(0,3)", "hydra/sweeper/sampler=grid"], "can be counted", id="continuous grid"),
        pytest.param(["db=choice(mysql,oracle)"], "oracle", id="no such option"),
        pytest.param(["x=1"], "nothing to search", id="empty space"),
        pytest.param(
            ["x=interval(0,3)", "steps=choice(1,2)", "hydra.sweeper.validate=app.odd_only"],
            "steps=2 is even",
            id="the app's own validation",
        ),
        pytest.param(["x=interval(0,3)", "hydra.sweeper.enqueue=[{x: 7}]"], "outside its search space", id="enqueue"),
    ],
)
def test_a_sweep_that_cannot_work_is_refused_before_the_first_trial(toy, overrides, problem):
    done = toy.run(*overrides)
    assert done.returncode != 0
    assert problem in done.stdout
    assert "Traceback" not in done.stdout
    assert not list(toy.folder.glob("multirun/toy/0"))


def test_optunas_mlflow_callback_works_unchanged(toy):
    toy.warnings = "default"  # the class announces its own deprecation
    toy.sweep(
        "x=interval(0,3)",
        "+hydra.sweeper.callbacks.mlflow._target_=optuna_integration.MLflowCallback",
        "+hydra.sweeper.callbacks.mlflow.tracking_uri=sqlite:///mlflow.db",
        "+hydra.sweeper.callbacks.mlflow.metric_name=loss",
    )
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{toy.folder}/mlflow.db")
    experiment = client.get_experiment_by_name("toy")
    runs = client.search_runs([experiment.experiment_id])
    values = {trial.number: trial.value for trial in toy.study().trials}
    assert {int(run.info.run_name): run.data.metrics["loss"] for run in runs} == values


def wait_for(condition, timeout_s: float = 40.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def all_output(toy: Toy) -> str:
    return "".join(path.read_text() for path in toy.folder.glob("multirun/toy/*/console.log"))


def toy_has_started(toy: Toy) -> bool:
    return any(toy.folder.glob("multirun/toy/0/.hydra/config.yaml"))


def trial_processes(toy: Toy) -> list[str]:
    """Processes whose working directory is the toy's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == toy.folder:
                found.append(process.name)
        except OSError:
            continue
    return found
