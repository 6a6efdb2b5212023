"""What `sweep()` returns to a program that starts a Hydra app itself."""

import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import setup_globals
from hydra.test_utils.test_utils import SweepTaskFunction
from hydra_plugins.optuna_search.sweeper import OptunaSweeper
from omegaconf import DictConfig

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def clean_hydra():
    """Hydra's globals as they were."""
    setup_globals()
    yield
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None


def quadratic(cfg: DictConfig) -> float:
    return (float(cfg.quux) - 2) ** 2


def test_the_plugin_is_found_by_its_class():
    assert OptunaSweeper.__name__ in [plugin.__name__ for plugin in Plugins.instance().discover(None)]


def test_sweep_returns_a_summary_of_the_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweep = SweepTaskFunction()
    sweep.calling_module = "hydra.test_utils.a_module"
    sweep.calling_file = None
    sweep.task_function = quadratic
    sweep.config_path = None
    sweep.config_name = None
    sweep.overrides = [
        "hydra/sweeper=optuna",
        "hydra.sweeper.n_trials=5",
        "hydra.sweeper.isolation=none",
        "hydra.sweeper.study_name=returned",
        "hydra.job.chdir=false",
        "+quux=range(0,5)",
        "hydra/sweeper/sampler=grid",
    ]
    with sweep:
        summary = sweep.returns
    assert summary.study_name == "returned"
    assert summary.counts == {"complete": 5}
    assert [trial.params for trial in summary.best_trials] == [{"+quux": 2}]
    assert str(summary.folder) == sweep.temp_dir
