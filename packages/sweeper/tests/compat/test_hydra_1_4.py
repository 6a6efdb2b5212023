"""The sweeper under the release candidate of Hydra 1.4, with warnings as errors."""

import os
import subprocess
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from optuna.trial import TrialState
from support.toy import TESTS, Toy

pytestmark = [pytest.mark.integration, pytest.mark.slow]

# Of the app, not of the sweeper: Hydra 1.3 warns where an app does not give it, 1.4 where it does.
OF_THE_APP = "ignore:The version_base parameter is deprecated"

POLICED = """
import hydra
from omegaconf import OmegaConf
from hydra.core.config_store import ConfigStore

ConfigStore.instance().store("config", {"x": 0.5})

@hydra.main(config_path=None, config_name="config", execution_whitelist=["something.else"])
def main(cfg):
    return cfg.x

if __name__ == "__main__":
    main()
"""


class NextToy(Toy):
    """The toy app under another interpreter."""

    def __init__(self, folder: Path, python: Path) -> None:
        super().__init__(folder, str(python))

    def command(self, *overrides: str) -> list[str]:
        _, *rest = super().command(*overrides)
        return [self.python, "-W", "error", "-W", OF_THE_APP, *rest[2:]]


@pytest.fixture
def toy(tmp_path, hydra_1_4):
    return NextToy(tmp_path, hydra_1_4)


def test_a_sweep_runs_and_leaves_its_results(toy):
    toy.sweep("x=interval(0,3)", "hydra/sweeper/pruner=median", "steps=1")
    assert toy.states() == [TrialState.COMPLETE] * 4
    assert toy.results().best_params == toy.study().best_params
    for trial in toy.study().trials:
        folder = toy.folder / "multirun/toy" / str(trial.number)
        assert OmegaConf.load(folder / ".hydra/config.yaml").x == trial.params["x"]
        assert OmegaConf.load(folder / ".hydra/hydra.yaml").hydra.runtime.version == "1.4.0rc3"
        assert "Warning" not in (folder / "console.log").read_text()


def test_a_study_is_resumed(toy):
    toy.sweep("x=interval(0,3)")
    toy.sweep("x=interval(0,3)", "hydra.sweeper.n_trials=6")
    assert [trial.number for trial in toy.study().trials] == list(range(6))
    assert len({trial.params["x"] for trial in toy.study().trials}) == 6


def test_slots_of_the_joblib_launcher_share_a_study(toy):
    toy.sweep(
        "x=interval(0,3)",
        "sleep_s=0.5",
        *("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweeper.n_jobs=2", "hydra.sweeper.n_trials=6"),
    )
    assert toy.states() == [TrialState.COMPLETE] * 6
    assert len({trial.user_attrs["worker"] for trial in toy.study().trials}) == 2


def test_quoted_values_reach_the_job_as_they_were_quoted(toy):
    toy.sweep("how=choice('1','a,b',\"it's\",2)", "hydra/sweeper/sampler=grid", "hydra.sweeper.isolation=none")
    seen = {
        str(path.parent.parent.name): OmegaConf.load(path).how
        for path in toy.folder.glob("multirun/toy/*/*/config.yaml")
    }
    assert sorted(map(repr, seen.values())) == sorted(map(repr, ["1", "a,b", "it's", 2]))


def test_config_groups_are_chosen_and_their_values_set(toy):
    toy.sweep("db=choice(mysql,pg,sqlite)", "db.name=other", "~limit", "+limit=null", "hydra/sweeper/sampler=grid")
    chosen = [
        OmegaConf.load(path).hydra.runtime.choices.db for path in toy.folder.glob("multirun/toy/*/.hydra/hydra.yaml")
    ]
    assert sorted(chosen) == ["mysql", "pg", "sqlite"]


def test_a_sweep_that_fails_says_why_without_a_traceback(toy):
    done = toy.run("x=interval(0,3)", "fail_at=1", "how=raise")
    assert done.returncode == 1
    assert "RuntimeError: the card is on fire" in done.stdout
    assert "Traceback" not in done.stdout


def test_optunas_own_classes_need_no_leave_of_the_app(tmp_path, hydra_1_4):
    """An app that lists what configurations may instantiate need not list the sampler, the pruner and the storage."""
    (tmp_path / "app.py").write_text(POLICED)
    storage = "hydra.sweeper.storage={_target_: optuna.storages.RDBStorage, url: 'sqlite:///study.db'}"
    done = run(hydra_1_4, "app.py", "-m", "hydra/sweeper=optuna", "x=interval(0,1)", storage, folder=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "20 complete" in done.stdout


def test_casts_apply_to_the_values_of_a_range(toy):
    toy.sweep("steps=int(range(0,5,1.5))", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_trials=9")
    assert sorted(trial.params["steps"] for trial in toy.study().trials) == [0, 1, 3, 4]


@pytest.mark.parametrize("setting", ["custom_search_space", "validate"])
def test_the_app_decides_which_functions_a_configuration_may_name(tmp_path, hydra_1_4, setting):
    (tmp_path / "rules.py").write_text("def named(config, other):\n    pass\n")
    for allowed in ("something.else", "rules.named"):
        (tmp_path / "app.py").write_text(POLICED.replace("something.else", allowed))
        overrides = ("x=interval(0,1)", "hydra.sweeper.n_trials=1", f"hydra.sweeper.{setting}=rules.named")
        done = run(hydra_1_4, "app.py", "-m", "hydra/sweeper=optuna", *overrides, folder=tmp_path)
        assert (done.returncode == 0) == (allowed == "rules.named"), done.stdout
        assert allowed == "rules.named" or "not in the Hydra execution whitelist" in done.stdout


def test_composition_once_is_equal_there_too(hydra_1_4, tmp_path):
    tests = TESTS / "unit/test_compose.py"
    options = ["-q", "-m", "not slow", "-p", "no:cacheprovider", "--rootdir", str(TESTS.parent), "-W", OF_THE_APP]
    done = run(hydra_1_4, "-m", "pytest", *options, str(tests), folder=tmp_path)
    assert done.returncode == 0, done.stdout


def run(python: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(python), "-W", "error", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(TESTS.parent), "COLUMNS": "160"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
