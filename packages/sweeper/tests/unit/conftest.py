import pytest
from hydra.core.config_store import ConfigStore


@pytest.fixture(autouse=True)
def no_configurations_of_others(monkeypatch):
    """Hydra's store without the groups that tests of an app in the same process have put there."""
    store = ConfigStore.instance()
    known = {name: node for name, node in store.repo.items() if name == "hydra" or name.startswith("_")}
    monkeypatch.setattr(store, "repo", known)
