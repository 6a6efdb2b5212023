"""The page "Moving from hydra-optuna-sweeper": what it shows runs, and beside the official plugin too."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from benchmarks.peer import OFFICIAL, make_environment

PACKAGE = Path(__file__).parents[2]
PAGE = (PACKAGE / "docs" / "moving.md").read_text()
APP, BEFORE, AFTER, FIELD = re.findall(r"^```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
OF_THE_APP = "ignore:The version_base parameter is deprecated"
CONSTRAINTS = "\n\ndef constraints(trial):\n    return (trial.params['x'] - 1,)\n"

pytestmark = pytest.mark.integration


@pytest.fixture(scope="session")
def official(tmp_path_factory) -> Path:
    """The interpreter of an environment with the official plugin, and with what this one needs."""
    return make_environment(tmp_path_factory.mktemp("official") / "1.4", (*OFFICIAL, "cloudpickle", "filelock", "rich"))


def sweep(
    folder: Path,
    config: str,
    *overrides: str,
    python: Path | str = sys.executable,
    path: Path | None = PACKAGE,
    warnings: str = "error",
) -> subprocess.CompletedProcess[str]:
    (folder / "conf").mkdir()
    (folder / "conf" / "config.yaml").write_text(config)
    (folder / "app.py").write_text(APP + CONSTRAINTS)
    return subprocess.run(
        [str(python), "-W", warnings, "-W", OF_THE_APP, "app.py", "-m", *overrides],
        cwd=folder,
        env={"PYTHONPATH": str(path or ""), "COLUMNS": "160", "PATH": "/usr/bin:/bin"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


def results(folder: Path):
    return OmegaConf.load(next(folder.glob("multirun/**/optimization_results.yaml")))


def test_the_configuration_after_the_move_runs_and_is_resumed(tmp_path):
    done = sweep(tmp_path, AFTER)
    assert done.returncode == 0, done.stdout
    assert "example: 10 complete" in done.stdout
    assert set(results(tmp_path).best_params) == {"x", "y"}
    assert (tmp_path / "multirun/optuna.journal").exists()


def test_the_one_before_is_answered_by_the_line_to_delete_and_runs_without_it(tmp_path):
    refused = sweep(tmp_path, BEFORE)
    assert refused.returncode == 1
    assert "Delete the line `_target_`" in refused.stdout
    assert "Traceback" not in refused.stdout
    (deleted,) = [line for line in BEFORE.splitlines(keepends=True) if "hydra_plugins" in line]
    (tmp_path / "without").mkdir()
    done = sweep(tmp_path / "without", BEFORE.replace(deleted, ""))
    assert done.returncode == 0, done.stdout
    assert "The study was in memory" in done.stdout
    assert results(tmp_path / "without").best_value >= 0
    assert not list(tmp_path.rglob("*.journal"))


def test_constraints_of_the_official_samplers_decide_about_the_best(tmp_path):
    config = OmegaConf.merge(OmegaConf.create(AFTER), OmegaConf.create(FIELD))
    # Optuna 5 warns of the argument, in favour of Trial.set_constraint(); that is for the user to read
    done = sweep(tmp_path, OmegaConf.to_yaml(config), warnings="default")
    assert done.returncode == 0, done.stdout
    assert results(tmp_path).best_params.x <= 1


@pytest.mark.slow
def test_the_configuration_before_the_move_is_one_of_the_official_sweeper(tmp_path, official):
    done = sweep(tmp_path, BEFORE, python=official, path=None)
    assert done.returncode == 0, done.stdout
    assert "Study name: example" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("optuna", True, id="the name of both"),
        pytest.param("optuna_search", False, id="the name of its own"),
    ],
)
def test_beside_the_official_plugin_this_one_runs_with_its_own_samplers(tmp_path, official, name, said):
    """This plugin is found before the other, which is the order in which the other would win."""
    done = sweep(tmp_path, AFTER, f"hydra/sweeper={name}", python=official)
    assert done.returncode == 0, done.stdout
    assert "example: 10 complete" in done.stdout
    assert ("hydra-optuna-sweeper is installed too" in done.stdout) == said
    sampler = OmegaConf.load(tmp_path / "multirun/example/multirun.yaml").hydra.sweeper.sampler
    assert sampler.multivariate is None
    assert (sampler.seed, sampler.n_startup_trials) == (1, 5)


@pytest.mark.slow
def test_beside_the_official_plugin_its_class_is_answered_by_the_line_to_delete(tmp_path, official):
    refused = sweep(tmp_path, BEFORE, python=official)
    assert refused.returncode == 1
    assert "Delete the line `_target_`" in refused.stdout
    assert "Traceback" not in refused.stdout
    assert refused.stdout.count("Error") == 0, refused.stdout
