"""What users of hydra-optuna-sweeper rely on holds here, and what differs on purpose differs as documented.

The documented differences are those of docs/moving.md; that `sweep()` returns a summary is seen in
tests/integration/test_sweep_return.py, and that pruned trials are pruned in tests/integration/test_sweeper.py.
"""

import optuna
import pytest
from hydra_plugins.optuna_search.config import SAMPLERS, OptunaSweeperConf
from omegaconf import OmegaConf
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState
from optuna_search.attributes import REASON
from optuna_search.space.space import parse_space
from support.toy import Toy

pytestmark = pytest.mark.integration

FIELDS = {
    *("sampler", "direction", "storage", "study_name", "n_trials", "n_jobs"),
    *("max_failure_rate", "params", "custom_search_space"),
}


class OfficialToy(Toy):
    """The toy app, all trials in one process, as the official sweeper runs them."""

    def command(self, *overrides: str) -> list[str]:
        return super().command("hydra.sweeper.isolation=none", *overrides)


@pytest.fixture
def toy(tmp_path):
    return OfficialToy(tmp_path)


def test_the_official_fields_and_samplers_have_their_names():
    # not dataclasses.fields(), which knows fields by an object that pickling the class by value, as tests of
    # composing do, has replaced
    assert set(OptunaSweeperConf.__dataclass_fields__) >= FIELDS
    assert set(SAMPLERS) >= {"tpe", "random", "cmaes", "nsgaii", "nsgaiii", "grid", "gp", "qmc"}


@pytest.mark.parametrize(
    ("override", "name", "distribution"),
    [
        pytest.param("k=choice(1,2,3)", "k", CategoricalDistribution([1, 2, 3]), id="integers to choose from"),
        pytest.param("k=choice(true,false)", "k", CategoricalDistribution([True, False]), id="truth values"),
        pytest.param("k=choice(a,b)", "k", CategoricalDistribution(["a", "b"]), id="words"),
        pytest.param("k=a,b", "k", CategoricalDistribution(["a", "b"]), id="words without choice()"),
        pytest.param("k=shuffle(range(1,4))", "k", CategoricalDistribution([1, 2, 3]), id="a shuffled range"),
        pytest.param("k=interval(0,1)", "k", FloatDistribution(0, 1), id="an interval"),
        pytest.param("k=int(interval(1,8))", "k", IntDistribution(1, 8), id="an interval of integers"),
        pytest.param("k=tag(log,interval(1e-5,1))", "k", FloatDistribution(1e-5, 1, log=True), id="logarithmic"),
        pytest.param(
            "k=tag(log,int(interval(1,64)))", "k", IntDistribution(1, 64, log=True), id="logarithmic, integers"
        ),
        pytest.param("k=range(1,5)", "k", IntDistribution(1, 4), id="a range ends before its stop, as in Hydra"),
        pytest.param(
            "k=range(0,1,0.25)", "k", FloatDistribution(0, 0.75, step=0.25), id="a range with steps, likewise"
        ),
        pytest.param("+k=interval(0,1)", "+k", FloatDistribution(0, 1), id="an added key keeps its + in the study"),
        pytest.param("k@p=a,b", "k@p", CategoricalDistribution(["a", "b"]), id="a group at a package"),
    ],
)
def test_override_grammar_means_the_same(override, name, distribution):
    drawn = parse_space({}, [override]).unconditional
    assert list(drawn) == [name]
    if isinstance(distribution, CategoricalDistribution):
        assert sorted(map(str, drawn[name].choices)) == sorted(map(str, distribution.choices))
    else:
        assert drawn[name] == distribution


def test_params_are_searched_and_the_command_line_wins_over_them(toy):
    toy.sweep(
        *("+hydra.sweeper.params.x='interval(1,2)'", "+hydra.sweeper.params.y='interval(5,6)'", "y=0.5"),
        *("+hydra.sweeper.params.steps='choice(0,1)'", "steps=choice(2,3)", "+w=interval(0,1)", "~batch"),
        *("hydra.sweeper.storage='sqlite:///study.db'", "hydra/sweeper/sampler=random", "hydra.sweeper.enqueue=[]"),
    )
    study = optuna.load_study(study_name="toy", storage=f"sqlite:///{toy.folder}/study.db")
    best = toy.results()
    assert best.name == "optuna"
    assert best.best_params == study.best_params
    assert best.best_value == study.best_value
    for trial in study.trials:
        assert set(trial.params) == {"x", "steps", "+w"}  # y is fixed
        assert 1 <= trial.params["x"] <= 2
        assert trial.params["steps"] in (2, 3)
        config = OmegaConf.load(toy.folder / "multirun/toy" / str(trial.number) / ".hydra/config.yaml")
        assert (config.y, config.w) == (0.5, trial.params["+w"])
        assert "batch" not in config


def test_more_jobs_than_the_launcher_runs_at_once_give_the_same_number_of_trials(toy):
    toy.sweep("x=interval(0,3)", "hydra.sweeper.n_jobs=3", "hydra.sweeper.n_trials=8")
    assert toy.states() == [TrialState.COMPLETE] * 8


@pytest.mark.parametrize(("n_trials", "expected"), [pytest.param(10, 6, id="all"), pytest.param(1, 1, id="fewer")])
def test_a_grid_ends_with_its_last_point_or_with_its_trials(toy, n_trials, expected):
    toy.sweep("x=range(0,3)", "y=choice(0,1)", "hydra/sweeper/sampler=grid", f"hydra.sweeper.n_trials={n_trials}")
    assert len({(trial.params["x"], trial.params["y"]) for trial in toy.study().trials}) == expected


def test_solutions_of_several_objectives_do_not_dominate_each_other(toy):
    toy.sweep(
        *("x=range(0,3,0.25)", "two_objectives=true", "hydra.sweeper.direction=[minimize,maximize]"),
        *("hydra/sweeper/sampler=random", "hydra.sweeper.sampler.seed=3", "hydra.sweeper.n_trials=12"),
    )
    solutions = toy.results().solutions
    assert len(solutions) > 1
    for one in solutions:
        assert one.params["x"] % 0.25 == 0
        for other in solutions:
            (low, high), (loss, gain) = one["values"], other["values"]
            assert not (loss <= low and gain >= high and (loss, gain) != (low, high))


def test_a_custom_search_space_is_asked_after_the_command_line(toy):
    toy.sweep("x=interval(1,2)", "+w=interval(0,1)", "hydra.sweeper.custom_search_space=app.widen")
    for trial in toy.study().trials:
        assert 0 <= trial.params["y"] <= trial.params["x"]
        assert 0 <= trial.params["+w"] <= 1


def test_failures_up_to_the_rate_are_borne_and_more_end_the_sweep(toy):
    borne = toy.run("x=choice(0,1,2,3)", "fail_below=0.5", "how=raise", "hydra/sweeper/sampler=grid", *rate(0.5))
    assert borne.returncode == 0, borne.stdout
    assert sorted(state.name for state in toy.states()) == ["COMPLETE"] * 3 + ["FAIL"]
    ended = toy.run("x=choice(0,1,2,3)", "fail_below=3.5", "how=raise", "hydra/sweeper/sampler=grid", *rate(0.5, "b"))
    assert ended.returncode != 0
    assert "RuntimeError: the card is on fire" in ended.stdout


def rate(limit: float, study: str = "toy") -> tuple[str, ...]:
    return f"hydra.sweeper.max_failure_rate={limit}", f"hydra.sweeper.study_name={study}"


def test_n_trials_is_the_total_and_job_folders_are_numbered_on(toy):
    """Different: the official sweeper runs as many again, in folders from 0."""
    for total in (2, 3):
        toy.sweep("x=interval(0,3)", f"hydra.sweeper.n_trials={total}")
    assert len(toy.states()) == 3
    assert {path.parent.name for path in toy.folder.glob("multirun/toy/*/.hydra")} == {"0", "1", "2"}


def test_nan_is_a_failed_trial_with_a_reason(toy):
    """Different: it ended the sweep in 1.3."""
    toy.sweep("y=choice(nan,0)", "hydra/sweeper/sampler=grid", "hydra.sweeper.max_failure_rate=1")
    states = {str(trial.params["y"]): trial for trial in toy.study().trials}
    assert states["nan"].state == TrialState.FAIL
    assert "NaN" in states["nan"].user_attrs[REASON]
    assert states["0"].state == TrialState.COMPLETE


def test_quotes_are_kept(toy):
    """Different: there `'1'` becomes a number and `'a,b'` a sweep of its own."""
    toy.sweep("how=choice('1','a,b')", "hydra/sweeper/sampler=grid")
    seen = {repr(OmegaConf.load(path).how) for path in toy.folder.glob("multirun/toy/*/.hydra/config.yaml")}
    assert seen == {"'1'", "'a,b'"}


def test_a_storage_may_be_an_object(toy):
    """Different: an error in 1.4.0rc3."""
    toy.sweep(
        "x=interval(0,3)",
        "hydra.sweeper.storage={_target_: optuna.storages.RDBStorage, url: 'sqlite:///objects.db'}",
    )
    assert len(optuna.load_study(study_name="toy", storage=f"sqlite:///{toy.folder}/objects.db").trials) == 4


def test_defaults_differ_where_documented():
    """One worker, a study that outlives the process, and Optuna's own defaults for TPE."""
    assert OptunaSweeperConf.n_jobs == 1
    assert OptunaSweeperConf.storage.startswith("journal:")
    assert set(SAMPLERS["tpe"][1]) >= {"multivariate", "constant_liar"}  # None, that is: what Optuna chooses


@pytest.mark.parametrize(
    "gone",
    [
        pytest.param("hydra.sweeper.search_space={}", id="the deprecated search_space"),
        pytest.param("hydra/sweeper/sampler=motpe", id="the sampler that Optuna dropped"),
        pytest.param("x=tag(log,range(0,9))", id="a logarithm of 0, there silently dropped"),
    ],
)
def test_what_is_gone_is_refused(toy, gone):
    assert toy.run("x=interval(0,3)", gone).returncode != 0
