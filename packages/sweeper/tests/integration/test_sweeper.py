"""The sweeper from outside: a Hydra app on the command line, and what it leaves on disk."""

import csv
import shutil

import pytest
from omegaconf import OmegaConf
from optuna.trial import TrialState
from support.toy import Toy

pytestmark = pytest.mark.integration


@pytest.fixture
def toy(tmp_path):
    return Toy(tmp_path)


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A folder in which a sweep of four trials has ended."""
    folder = tmp_path_factory.mktemp("ended")
    Toy(folder).sweep("x=interval(0,3)")
    return folder


@pytest.fixture
def ended_toy(toy, ended):
    """The toy app in a copy of it."""
    shutil.copytree(ended, toy.folder, dirs_exist_ok=True)
    return toy


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


def test_the_same_command_resumes_the_study_up_to_its_total(ended_toy):
    first = [trial.params for trial in ended_toy.study().trials]
    ended_toy.sweep("x=interval(0,3)", "hydra.sweeper.n_trials=6")
    trials = ended_toy.study().trials
    assert [trial.params for trial in trials[:4]] == first
    assert [trial.number for trial in trials] == list(range(6))
    assert len({trial.params["x"] for trial in trials}) == 6  # neither the queued nor the drawn points are repeated


def test_a_study_that_has_its_total_says_that_nothing_is_left_to_do(ended_toy):
    assert "4 of them are there already: nothing is left to do" in ended_toy.sweep("x=interval(0,3)")
    assert len(ended_toy.states()) == 4


def test_a_study_is_not_continued_in_another_direction(ended_toy):
    done = ended_toy.run("x=interval(0,3)", "hydra.sweeper.direction=maximize")
    assert done.returncode != 0
    assert "hydra.sweeper.direction=minimize, not maximize" in done.stdout


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
    toy.sweep("x=interval(0,3)", "sleep_s=6", "hydra.sweeper.timeout_s=6", "hydra.sweeper.isolation=none")
    assert toy.states() == [TrialState.COMPLETE]


@pytest.mark.parametrize("storage", ["journal:multirun/optuna.journal", "sqlite:///optuna.db", "null"])
def test_slots_run_exactly_the_budget(toy, storage):
    """Brute force draws each point once, which two slots that draw at once would not."""
    points = "choice(" + ",".join(map(str, range(1, 13))) + ")"
    slots = ("hydra.sweeper.n_jobs=4", "hydra.sweeper.n_trials=12", "hydra/sweeper/sampler=brute_force")
    printed = toy.sweep(f"x={points}", "sleep_s=0.2", *slots, f"hydra.sweeper.storage={storage}")
    rows = list(csv.DictReader((toy.folder / "multirun/toy/trials.csv").read_text().splitlines()))
    assert [row["state"] for row in rows] == ["COMPLETE"] * 12, printed
    assert sorted(int(row["x"]) for row in rows) == list(range(1, 13))
    assert len({row["worker"] for row in rows}) == 4


def test_a_batch_in_threads_is_repeated_to_the_digit(toy):
    seeded = ("hydra/sweeper/sampler=tpe", "hydra.sweeper.sampler.seed=3", "hydra.sweeper.n_trials=6")
    batch = ("hydra.sweeper.n_jobs=2", "hydra.sweeper.mode=batch")
    for name in ("first", "second"):
        toy.sweep("x=interval(0,3)", *seeded, *batch, f"hydra.sweeper.study_name={name}")
    assert [trial.params for trial in toy.study("first").trials] == [t.params for t in toy.study("second").trials]


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


@pytest.mark.slow
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
