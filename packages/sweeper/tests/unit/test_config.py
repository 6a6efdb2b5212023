"""Every sampler and pruner that can be named can be made, with Optuna's own defaults and without a warning."""

import inspect

import optuna
import pytest
from hydra.utils import get_class, instantiate
from hydra_plugins.optuna_search.config import _NEEDED, PRUNERS, SAMPLERS, _schema
from omegaconf import OmegaConf
from optuna_search.errors import SpaceError
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


def test_workers_with_a_seeded_sampler_and_studies_gone_on_with_draw_different_points():
    sampler = {"_target_": "optuna.samplers.RandomSampler", "seed": 7}
    specs = [StudySpec("s", "sqlite://", ("minimize",), sampler, {}, run=run) for run in (0, 0, 0, 1, 0)]
    draws = [
        spec._sampler(slot, drawn).sample_independent(None, None, "x", optuna.distributions.FloatDistribution(0, 1))
        for spec, slot, drawn in zip(specs, (0, 0, 1, 0, 0), (0, 0, 0, 0, 4), strict=True)
    ]
    assert draws[0] == draws[1]
    assert len(set(draws)) == 4


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
