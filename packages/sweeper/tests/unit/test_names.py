"""The names under which Hydra finds this sweeper, also beside a plugin that has the same ones."""

import pytest
from hydra import compose, initialize
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.singleton import Singleton
from hydra.errors import CompactHydraException
from hydra_plugins.optuna_search.config import NAMES, PROVIDER
from hydra_plugins.optuna_search.sweeper import OFFICIAL, OptunaSweeper
from omegaconf import OmegaConf
from optuna_search.errors import SpaceError
from optuna_search.run import settings
from optuna_search.run.settings import refuse_unknown, shared_name

SWEEPER = f"{OptunaSweeper.__module__}.OptunaSweeper"


@pytest.fixture(autouse=True)
def hydras_state():
    """What Hydra knows of configurations is one for the whole process."""
    before = Singleton.get_state()
    ConfigStore.instance().repo = {
        key: dict(value) if isinstance(value, dict) else value for key, value in ConfigStore.instance().repo.items()
    }
    yield
    Singleton.set_state(before)


def composed(*overrides: str):
    with initialize(version_base="1.3", config_path=None):
        return compose(overrides=list(overrides), return_hydra_config=True).hydra.sweeper


@pytest.mark.parametrize("name", NAMES)
def test_the_sweeper_has_two_names(name):
    assert composed(f"hydra/sweeper={name}")._target_ == SWEEPER


@pytest.mark.parametrize("name", NAMES)
def test_what_another_plugin_has_stored_under_these_names_is_replaced(name):
    """Hydra's plugins are scanned in an order that nobody chooses; the last to store a name has it."""
    store = ConfigStore.instance()
    for group, node in (("", {"_target_": "other.Sweeper"}), ("/sampler", {"_target_": "other.Sampler", "other": 1})):
        taken = store.repo.setdefault("hydra", {}).setdefault("sweeper", {})
        for part in group.strip("/").split("/") if group else ():
            taken = taken.setdefault(part, {})
        taken.pop("optuna.yaml" if not group else "tpe.yaml", None)
        store.store(group=f"hydra/sweeper{group}", name="tpe" if group else "optuna", node=node, provider="other")
    found = composed(f"hydra/sweeper={name}")
    assert found._target_ == SWEEPER
    assert found.sampler._target_ == "optuna.samplers.TPESampler"
    assert "other" not in found.sampler
    assert store.repo["hydra"]["sweeper"]["sampler"]["tpe.yaml"].provider == PROVIDER


def test_the_official_class_is_answered_by_what_to_delete():
    node = composed("hydra/sweeper=optuna", f"hydra.sweeper._target_={OFFICIAL}.OptunaSweeper")
    with pytest.raises(CompactHydraException, match="Delete the line `_target_`"):
        Plugins.instance().instantiate_sweeper(
            hydra_context=None, task_function=None, config=OmegaConf.create({"hydra": {"sweeper": node}})
        )


def test_an_official_sampler_function_is_answered_by_what_to_delete():
    node = {"_target_": "hydra_plugins.hydra_optuna_sweeper._impl.create_nsgaii_sampler"}
    with pytest.raises(SpaceError, match="Delete the line `_target_` under `sampler:`"):
        settings._check_target("sampler", node)


def test_a_name_that_two_plugins_have_is_said(monkeypatch):
    assert shared_name("optuna") is None
    monkeypatch.setattr(settings, "OFFICIAL", "optuna_search")  # some package that is installed
    assert "hydra/sweeper=optuna_search" in shared_name("optuna")
    assert shared_name("optuna_search") is None


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        pytest.param("n_trial", "Did you mean 'n_trials'", id="a typing error"),
        pytest.param("search_space", "hydra.sweeper.params", id="what the official plugin had up to 1.3"),
        pytest.param("zzz", "It has: callbacks", id="nothing like it"),
    ],
)
def test_a_setting_that_there_is_not_is_refused_with_the_nearest(key, answer):
    with pytest.raises(SpaceError, match=answer):
        refuse_unknown({"n_trials": 3, key: 1}, ["_target_", "defaults", "callbacks", "n_trials"])
