"""What a trial may be: repeated, constrained, conditional, started from another study, drawn in batches."""

import csv
import statistics

import pytest
from omegaconf import OmegaConf
from optuna.trial import TrialState
from support.toy import Toy

pytestmark = pytest.mark.integration
SPACE = "x=interval(0,3)"
QUICK = "hydra.sweeper.isolation=none"


@pytest.fixture
def toy(tmp_path):
    return Toy(tmp_path)


@pytest.mark.parametrize("isolation", ["process", "none"])
def test_replicates_are_one_trial_with_the_mean_as_its_value(toy, isolation):
    printed = toy.sweep(
        SPACE,
        "hydra.sweeper.repeats={over: y, values: [0, 1, 5]}",
        "hydra.sweeper.n_trials=2",
        f"hydra.sweeper.isolation={isolation}",
    )
    assert "± 2.6" in printed
    for trial in toy.study().trials:
        loss = (trial.params["x"] - 1) ** 2
        assert trial.value == pytest.approx(loss + 2)
        assert list(trial.intermediate_values.values()) == pytest.approx([loss, loss + 1, loss + 5])
        assert trial.user_attrs["replicates"] == {f"y={y}": pytest.approx([loss + y]) for y in (0, 1, 5)}
        assert trial.user_attrs["replicates_std"] == pytest.approx([statistics.stdev([0, 1, 5])])
        folder = toy.folder / "multirun/toy" / str(trial.number)
        assert trial.user_attrs["folder"] == str(folder)
        assert [OmegaConf.load(folder / f"y={y}/.hydra/config.yaml").y for y in (0, 1, 5)] == [0, 1, 5]


def test_only_the_leaders_are_repeated_within_the_total(toy):
    race = "hydra.sweeper.repeats={over: y, values: [0, 1, 5], leaders: 2}"
    toy.sweep(SPACE, race, "hydra.sweeper.n_trials=8", "hydra.sweeper.n_jobs=2", QUICK)
    trials = toy.study().trials
    assert len(trials) == 8
    runs = [(trial.params["x"], trial.user_attrs["replicate"]) for trial in trials]
    assert len(set(runs)) == 8
    for trial in trials:
        y = int(trial.user_attrs["replicate"].removeprefix("y="))
        assert trial.value == pytest.approx((trial.params["x"] - 1) ** 2 + y)
        assert trial.user_attrs["replicates"] == {f"y={y}": [trial.value]}
    assert sum("replicate_of" in trial.user_attrs for trial in trials) == 2


def test_a_key_that_is_searched_by_name_is_not_repeated_over(toy):
    """As `search=default` with train.seed=choice(…) on the command line, which searches the seed."""
    toy.sweep(
        "y=choice(0,1)",
        "hydra.sweeper.repeats={over: y, values: [0, 1], leaders: 1}",
        "hydra.sweeper.n_trials=2",
        QUICK,
    )
    assert all("replicate" not in trial.user_attrs for trial in toy.study().trials)


def test_a_pruner_stops_a_hopeless_point_after_its_first_replicate(toy):
    toy.sweep(
        "x=choice(1,3)",
        "hydra.sweeper.repeats={over: y, values: [0, 1, 2]}",
        "hydra/sweeper/sampler=grid",
        "hydra/sweeper/pruner=threshold",
        "hydra.sweeper.pruner.upper=3.5",
        QUICK,
    )
    by_x = {trial.params["x"]: trial for trial in toy.study().trials}
    assert by_x[1].state == TrialState.COMPLETE
    assert by_x[3].state == TrialState.PRUNED
    assert by_x[3].user_attrs["replicates"] == {"y=0": [4.0]}


def test_the_best_trial_keeps_the_constraints(toy):
    printed = toy.sweep(
        "x=choice(0.1,1,2)", "limit=0.5", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_trials=3", QUICK
    )
    best = toy.study().best_trial
    assert best.params == {"x": 0.1}
    assert toy.results().trial == best.number
    assert "broken: x by 0.5" in printed
    with (toy.folder / "multirun/toy/trials.csv").open() as file:
        rows = {float(row["x"]): row for row in csv.DictReader(file)}
    assert rows[2.0]["limit"] == "0.5"
    assert rows[2.0]["constraint x"] == "1.5"


def test_a_study_of_which_no_trial_keeps_the_constraints_says_so(toy):
    done = toy.run("x=choice(1,2)", "limit=0.5", "hydra/sweeper/sampler=grid", QUICK)
    assert "No trial keeps all constraints" in done.stdout
    assert done.returncode != 0


def test_a_study_can_start_with_the_best_points_of_another(toy):
    toy.sweep(SPACE, "hydra.sweeper.study_name=old", "hydra.sweeper.n_trials=8", QUICK)
    old = sorted(toy.study("old").trials, key=lambda trial: trial.value)[:5]
    toy.sweep(SPACE, "hydra.sweeper.warm_start_from=old", "hydra.sweeper.enqueue=[]", "hydra.sweeper.n_trials=6", QUICK)
    new = toy.study().trials
    assert [trial.params for trial in new[:5]] == [trial.params for trial in old]
    done = toy.run(SPACE, "hydra.sweeper.warm_start_from=older", "hydra.sweeper.study_name=z", QUICK)
    assert "hydra.sweeper.warm_start_from: There is no study 'older' in journal:" in done.stdout


def test_preferred_values_are_tried_first_and_refused_where_they_are_not_in_the_space(toy):
    prior = "hydra.sweeper.prior={x: 2.5, db: pg}"
    toy.sweep("x=interval(0,10)", "y=interval(0,10)", "db=choice(mysql,pg)", prior, "hydra.sweeper.enqueue=[]", QUICK)
    first = toy.study().trials[0].params
    assert (first["x"], first["db"]) == (2.5, "pg")
    for wrong, said in (
        ("{x: 11}", "x: 11 is outside its search space"),
        ("{lr: 1}", "'lr' is not searched"),
        ("[1]", "hydra.sweeper.prior: [1] is no mapping"),
    ):
        done = toy.run("x=interval(0,10)", f"hydra.sweeper.prior={wrong}", "hydra.sweeper.study_name=z", QUICK)
        assert done.returncode != 0
        assert said in done.stdout
    done = toy.run("x=choice(1,2)", "hydra.sweeper.prior={x: 1}", "hydra/sweeper/sampler=grid", QUICK)
    assert "hydra.sweeper.prior: a sampler that enumerates" in done.stdout


@pytest.mark.slow
def test_batches_are_drawn_alike_whatever_the_trials_take(toy):
    parallel = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    for name, how in (("a", [QUICK]), ("b", [*parallel, "sleep_s=0.1"])):
        toy.sweep(
            SPACE, "hydra.sweeper.mode=batch", "hydra.sweeper.n_jobs=3", "hydra.sweeper.n_trials=8",
            f"hydra.sweeper.study_name={name}", "hydra.sweeper.sampler.n_startup_trials=2", *how,
        )  # fmt: skip
    first, second = ([(trial.params, trial.value) for trial in toy.study(name).trials] for name in ("a", "b"))
    assert first == second
    assert len(first) == 8


def test_a_changed_space_is_refused_or_adapted_by_rule(toy):
    toy.sweep(SPACE, "db=choice(mysql,pg)", QUICK)
    refused = toy.run(SPACE, "db=choice(mysql,pg,sqlite)", "hydra.sweeper.n_trials=6", QUICK)
    assert refused.returncode != 0
    assert "searched another space" in refused.stdout
    assert "sqlite" in refused.stdout
    assert len(toy.states()) == 4
    adapted = toy.sweep(
        "x=interval(0,5)", "db=choice(mysql,pg)", "hydra.sweeper.n_trials=6", "hydra/sweeper/sampler=random", QUICK
    )
    assert "changed: x" in adapted
    assert "TPESampler → RandomSampler" in adapted
    assert len(toy.states()) == 6


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        pytest.param(["hydra.sweeper.mode=sync"], "'slots' or 'batch'", id="mode"),
        pytest.param(["hydra.sweeper.repeats={over: y}"], "{over: KEY, values:", id="repeats without values"),
        pytest.param(["hydra.sweeper.repeats={over: x, values: [1, 2]}"], "searched too", id="repeats of searched"),
        pytest.param(
            ["hydra.sweeper.repeats={over: zz, values: [1, 2]}"],
            "hydra.sweeper.repeats sets zz=1",
            id="repeats of nothing",
        ),
        pytest.param(["hydra.sweeper.retry_overrides=['x=1']"], "x is searched too", id="retry of searched"),
        pytest.param(
            ["hydra.sweeper.retry_overrides=['bach=8']"], "retry_overrides sets bach=8", id="retry of nothing"
        ),
        pytest.param(["hydra.sweeper.storage=postgresql://me@127.0.0.1:1/o"], "cannot be used", id="no database"),
        pytest.param(["hydra.sweeper.trial_timeout_s=3", QUICK], "needs hydra.sweeper.isolation=process", id="timeout"),
        pytest.param(["hydra.sweeper.storage=postgresql://me:secret@db/o"], "contains a password", id="password"),
        pytest.param(["hydra.sweeper.lease_s=0"], "seconds above 0", id="lease"),
    ],
)
def test_settings_that_cannot_work_are_refused(toy, overrides, problem):
    done = toy.run(SPACE, *overrides)
    assert done.returncode != 0
    assert problem in done.stdout
    assert "Traceback" not in done.stdout
    assert not list(toy.folder.glob("multirun/toy/0"))


def test_a_parameter_under_a_condition_is_one_of_its_key_in_every_table(toy):
    (toy.folder / "conf/search").mkdir(parents=True)
    (toy.folder / "conf/search/cases.yaml").write_text(
        "# @package _global_\n"
        "hydra:\n  sweeper:\n    params:\n"
        "      db: choice(mysql, pg)\n"
        "      x: {when: {db=mysql: 'interval(0, 1)', db=pg: 'interval(2, 3)'}}\n"
        "      y: {when: {db=pg: 'interval(0, 0.5)'}}\n"
    )
    toy.sweep("+search=cases", f"hydra.searchpath=[file://{toy.folder}/conf]", "hydra.sweeper.n_trials=8", QUICK)
    with (toy.folder / "multirun/toy/trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["db"] for row in rows} == {"mysql", "pg"}
    for row in rows:
        config = OmegaConf.load(toy.folder / "multirun/toy" / row["number"] / ".hydra/config.yaml")
        assert config.db.name == row["db"]
        assert config.x == float(row["x"])
        assert (0 <= config.x <= 1) if row["db"] == "mysql" else (2 <= config.x <= 3)
        assert (row["y"] == "") == (row["db"] == "mysql")
    assert set(toy.results().best_params) <= {"db", "x", "y"}
