"""`storage: null`, the default of the official plugin: a study in memory, where that is possible."""

import pytest
from hydra_plugins.optuna_search.config import OptunaSweeperConf
from omegaconf import OmegaConf
from optuna.storages import InMemoryStorage
from optuna_search.run.settings import choose_storage
from optuna_search.study.storages import DEFAULT, open_storage, shown, storage_spec

BASIC = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
JOBLIB = "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"


def chosen(storage, n_jobs=1, launcher=BASIC):
    hydra = OmegaConf.create({"sweeper": {"storage": storage}, "launcher": {"_target_": launcher}})
    return choose_storage({"storage": storage, "n_jobs": n_jobs}, hydra)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_null_is_memory_of_this_process(n_jobs, caplog):
    spec = chosen(None, n_jobs)
    assert isinstance(open_storage(spec), InMemoryStorage)
    assert open_storage(spec) is open_storage(spec)
    assert open_storage(chosen(None)) is not open_storage(spec)
    assert shown(spec) is None
    assert not caplog.records


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_where_other_processes_draw_null_is_the_default_and_a_sentence(n_jobs, caplog):
    assert chosen(None, n_jobs, JOBLIB) == storage_spec(DEFAULT)
    assert "is kept in journal:multirun/optuna.journal instead" in caplog.text


def test_the_default_is_said_in_two_places_alike():
    assert OptunaSweeperConf.storage == DEFAULT
