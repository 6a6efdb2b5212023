"""Every sampler and pruner that can be named can be made, with Optuna's own defaults and without a warning."""

import inspect

import optuna
import pytest
from hydra.utils import get_class, instantiate
from hydra_plugins.optuna_search.config import _NEEDED, PRUNERS, SAMPLERS, _schema
from omegaconf import OmegaConf
from optuna_search.errors import SpaceError
from optuna_search.objects import build_sampler
from optuna_search.study.storages import open_storage, storage_spec
from optuna_search.study.study import StudySpec, set_arguments

ALL = {f"sampler {name}": choice for name, choice in SAMPLERS.items()} | {
    f"pruner {name}": choice for name, choice in PRUNERS.items()
}


def schema(name):
    target, arguments = ALL[name]
    return OmegaConf.structured(_schema("conf", target, arguments, _NEEDED.get(name.split()[1], {})))


@pytest.mark.parametrize("name", ALL)
def test_every_listed_argument_is_one_of_optunas(name):
    target, arguments = ALL[name]
    assert set(arguments) <= set(inspect.signature(get_class(target).__init__).parameters)


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("sampler grid", "pruner threshold")])
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_unset_arguments_are_left_to_optuna(name):
    made = instantiate(set_arguments(schema(name)))
    assert isinstance(made, optuna.samplers.BaseSampler | optuna.pruners.BasePruner)


def test_a_value_of_the_wrong_type_is_refused_by_the_schema():
    with pytest.raises(Exception, match="could not be converted to Integer"):
        schema("sampler tpe").n_startup_trials = "many"


def test_workers_with_a_seeded_sampler_and_resumed_studies_draw_different_points():
    sampler = {"_target_": "optuna.samplers.RandomSampler", "seed": 7}
    specs = [StudySpec("s", "sqlite://", ("minimize",), sampler, {}, run=run) for run in (0, 0, 0, 1, 0)]
    draws = [
        spec._sampler(slot, drawn).sample_independent(None, None, "x", optuna.distributions.FloatDistribution(0, 1))
        for spec, slot, drawn in zip(specs, (0, 0, 1, 0, 0), (0, 0, 0, 0, 4), strict=True)
    ]
    assert draws[0] == draws[1]
    assert len(set(draws)) == 4


def too_wide(trial):
    """Constraints as the official plugin's samplers take them."""
    return (trial.params["x"] - 0.5,)


def earlier_trials():
    """Trials to learn from."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    return study.trials


RANDOM = {"_target_": "optuna.samplers.RandomSampler", "seed": 1}


@pytest.mark.parametrize(
    ("name", "argument", "value", "check"),
    [
        ("cmaes", "independent_sampler", RANDOM, lambda kept: isinstance(kept, optuna.samplers.RandomSampler)),
        ("qmc", "independent_sampler", RANDOM, lambda kept: isinstance(kept, optuna.samplers.RandomSampler)),
        (
            "cmaes",
            "source_trials",
            {"_target_": f"{__name__}.earlier_trials"},
            lambda kept: [trial.number for trial in kept] == [0, 1, 2],
        ),
        (
            "nsgaii",
            "constraints_func",
            {"_target_": f"{__name__}.too_wide", "_partial_": True},
            lambda kept: kept.func is too_wide,
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning", "ignore::FutureWarning")
def test_objects_that_the_official_samplers_take(name, argument, value, check):
    node = schema(f"sampler {name}")
    node[argument] = value
    made = build_sampler(set_arguments(node))
    assert check(getattr(made, f"_{argument}"))


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_reference_points_reach_optuna_as_an_array():
    node = schema("sampler nsgaiii")
    node.reference_points = [[0.0, 1.0], [1.0, 0.0]]
    made = build_sampler(set_arguments(node))
    assert made._elite_population_selection_strategy._reference_points.shape == (2, 2)


def test_a_storage_that_is_none_is_refused_with_examples():
    with pytest.raises(SpaceError, match="journal:PATH"):
        storage_spec("somewhere")


def test_a_journal_is_found_from_other_working_directories(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert storage_spec("journal:studies.journal") == f"journal:{tmp_path}/studies.journal"
    assert storage_spec("sqlite:///studies.db") == f"sqlite:///{tmp_path}/studies.db"


SECRET = "postgresql://me:hunter2@db/optuna"


@pytest.mark.parametrize(
    "storage", [SECRET, {"_target_": "optuna.storages.RDBStorage", "url": SECRET}], ids=["url", "mapping"]
)
def test_a_password_in_the_configuration_is_refused_and_not_repeated(storage):
    with pytest.raises(SpaceError, match="contains a password") as refusal:
        storage_spec(storage)
    assert "hunter2" not in str(refusal.value)


def test_a_password_in_the_environment_stays_there(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDIES", SECRET)
    spec = storage_spec("${oc.env:STUDIES}", SECRET)
    assert "hunter2" not in str(spec)
    monkeypatch.setenv("STUDIES", f"sqlite:///{tmp_path}/there.db")
    assert open_storage(spec).get_all_studies() == []
    assert (tmp_path / "there.db").exists()
