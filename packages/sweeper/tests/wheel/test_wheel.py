"""The wheel in an environment that has nothing else, with Hydra 1.3.8 and the release candidate of 1.4."""

import email
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import optuna
import pytest
from omegaconf import OmegaConf
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

pytestmark = [pytest.mark.integration, pytest.mark.slow]

PACKAGE = Path(__file__).parents[2]
HYDRAS = ("1.3.8", "1.4.0rc3")
EXTRAS = ("joblib", "submitit", "ray", "postgresql", "grpc", "cmaes")
FOREIGN = {"torch", "mlflow", "ultralytics", "dvc", "detection-search"}

# Of the app, not of the sweeper: Hydra 1.3 warns where an app does not give it, 1.4 where it does.
OF_THE_APP = "ignore:The version_base parameter is deprecated"

IMPORTED_AT_THE_START = """
import sys
from hydra.core.plugins import Plugins
names = [kind.__name__ for kind in Plugins.instance().discover()]
print("OptunaSweeper" in names, sorted({"optuna", "numpy", "sqlalchemy", "rich"} & set(sys.modules)))
"""


@dataclass(frozen=True)
class Environment:
    """An environment with the wheel and a version of Hydra."""

    folder: Path
    hydra: str

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def run(self, *arguments: str, folder: Path) -> str:
        variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        done = subprocess.run(
            [str(self.python), "-W", "error", "-W", OF_THE_APP, *arguments],
            cwd=folder,
            env=variables | {"COLUMNS": "160"},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


def uv(*arguments: str | Path) -> str:
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    program = shutil.which("uv", path=beside)
    assert program is not None, "uv makes the environments: pip install uv"
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, so that nothing of an earlier build is in it and none of this one is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns("tests", "build", "*.egg-info", "__pycache__")
    shutil.copytree(PACKAGE, folder / "source", ignore=ignored)
    uv("build", "--quiet", "--wheel", "--out-dir", folder, folder / "source")
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session", params=HYDRAS)
def environment(request, wheel, tmp_path_factory) -> Environment:
    folder = tmp_path_factory.mktemp("environment") / request.param
    made = Environment(folder, request.param)
    uv("venv", "--quiet", "--python", sys.executable, folder)
    uv("pip", "install", "--quiet", "--python", made.python, f"hydra-core=={request.param}", wheel)
    return made


def python_blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def guide_app() -> str:
    return python_blocks(PACKAGE / "docs" / "guide.md")[0]


def test_the_readme_shows_the_app_of_the_guide():
    assert python_blocks(PACKAGE / "README.md")[0] == guide_app()


def test_the_wheel_contains_the_plugin_the_library_and_the_licence(wheel):
    files = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in files} == {
        "hydra_plugins",
        "optuna_search",
        "hydra_optuna_search",
    }
    scanned = {name for name in files if name.startswith("hydra_plugins/")}
    assert scanned == {f"hydra_plugins/optuna_search/{name}.py" for name in ("__init__", "config", "sweeper")}
    library = PACKAGE / "optuna_search"
    modules = {str(path.relative_to(PACKAGE)) for path in library.rglob("*.py")} | {"optuna_search/py.typed"}
    assert {name for name in files if name.startswith("optuna_search/")} == modules
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in files)


def test_the_wheel_says_what_it_needs_and_under_which_licence(wheel):
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = email.message_from_bytes(archive.read(name))
    assert metadata["License-Expression"] == "MIT"
    needed = {re.split(r"[^\w-]", line)[0] for line in metadata.get_all("Requires-Dist") if "extra ==" not in line}
    assert needed == {"hydra-core", "optuna", "filelock", "cloudpickle", "rich"}
    assert tuple(metadata.get_all("Provides-Extra")) == EXTRAS


def test_nothing_heavy_and_nothing_of_the_project_comes_with_it(environment, tmp_path):
    lines = uv("pip", "freeze", "--python", environment.python).splitlines()
    assert FOREIGN & {re.split("[= @]", line)[0] for line in lines} == set()
    found = environment.run("-c", "import importlib.util as u; print(u.find_spec('src'))", folder=tmp_path)
    assert found.strip() == "None"
    size = sum(path.stat().st_size for path in environment.folder.rglob("*") if path.is_file())
    print(f"hydra-core {environment.hydra}: {size / 1e6:.0f} MB, {len(lines)} packages")


def test_the_start_of_an_app_imports_nothing_that_a_sweep_needs(environment, tmp_path):
    printed = environment.run("-c", IMPORTED_AT_THE_START, folder=tmp_path)
    assert printed.split("\n")[-2] == "True []"


def test_the_guides_app_searches_and_resumes_as_pasted(environment, tmp_path):
    (tmp_path / "app.py").write_text(guide_app())
    printed = environment.run("app.py", "-m", folder=tmp_path)
    assert "Traceback" not in printed
    assert "Warning" not in printed
    study = opened(tmp_path)
    assert [trial.number for trial in study.trials] == list(range(20))
    results = OmegaConf.load(tmp_path / "multirun/first/optimization_results.yaml")
    assert results.best_params == study.best_params
    assert results.best_value < 1  # the configured values give 0.77
    logs = sorted(tmp_path.glob("multirun/first/*/console.log"))
    assert len(logs) == 20
    assert [path for path in logs if "Warning" in path.read_text()] == []

    environment.run("app.py", "-m", "hydra.sweeper.n_trials=22", folder=tmp_path)
    assert len(opened(tmp_path).trials) == 22


def test_the_guides_app_runs_without_a_sweep(environment, tmp_path):
    (tmp_path / "app.py").write_text(guide_app())
    environment.run("app.py", "lr=0.05", folder=tmp_path)
    (config,) = tmp_path.glob("outputs/*/*/.hydra/config.yaml")
    assert OmegaConf.load(config).lr == 0.05


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_extras_can_be_installed(environment, wheel, extra):
    wanted = (f"hydra-core=={environment.hydra}", f"hydra-optuna-search[{extra}] @ {wheel.as_uri()}")
    uv("pip", "install", "--quiet", "--dry-run", "--python", environment.python, *wanted)


def opened(folder: Path) -> optuna.Study:
    storage = JournalStorage(JournalFileBackend(str(folder / "multirun/optuna.journal")))
    return optuna.load_study(study_name="first", storage=storage)
