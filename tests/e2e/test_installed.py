"""The project installed into an environment, used from an empty folder that has only its own `conf/`."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support.guides import guide_block

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
SOURCES = ("src", "detection_search", "conf", "packages/sweeper", "setup.py", "pyproject.toml", "README.md", "LICENSE")
SEARCH = """\
# @package _global_
defaults:
  - base
  - _self_
train: {objective: costs.of_misses, epochs: 1, imgsz: 32, device: cpu, threads: 1}
data: {images: 24, splits: {train: 12, val: 6, test: 6}, side: 64}
hydra:
  sweeper: {n_trials: 2, n_jobs: 1, params: {train.lr0: "interval(1e-3,2e-3)"}}
"""
COSTS = """\
def of_misses(model):
    return 100 - model.measures.errors.missed
"""
IN_PYTHON = """
import json
from detection_search import freeze, load_study, report, search

study = search(n_trials=1, name="two", overrides=[
    "search=searches/people.yaml", "train.epochs=1", "train.imgsz=32", "train.device=cpu", "train.threads=1",
    "data.images=24", "data.splits={train:12,val:6,test:6}", "data.side=64", "hydra.sweeper.n_jobs=1", "tracking=none"])
assert study.name == load_study("two").name == "two"
analysis = report(study)
path = freeze(study, overrides=["decide=production"])
print(json.dumps({
    "trials": [[trial.params, trial.values] for trial in study.complete],
    "settings": len(analysis.board.entries),
    "frozen": path.read_text(),
}))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """One with the wheels of both distributions, and the libraries of this one."""
    folder = tmp_path_factory.mktemp("environment")
    copy = folder / "repository"
    for name in SOURCES:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "tests", "*.egg-info")
            )
        else:
            shutil.copy(ROOT / name, copy / name)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = Path(subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip())
    (own / "libraries.pth").write_text("\n".join({sysconfig.get_path("purelib"), *_libraries()}))
    install = ["uv", "pip", "install", "--python", python, "--no-deps", "--no-build-isolation", "--offline"]
    done = subprocess.run(
        [sys.executable, "-m", *install, copy, copy / "packages" / "sweeper"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shutil.rmtree(copy)
    return folder / "env" / "bin"


def _libraries():
    """The folders that libraries are imported from here."""
    return [path for path in sys.path if path.endswith("site-packages")]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder of one's own, which has a package `src`, too."""
    folder = tmp_path_factory.mktemp("mine")
    (folder / "conf" / "search").mkdir(parents=True)
    (folder / "conf" / "search" / "mine.yaml").write_text(SEARCH)
    (folder / "searches").mkdir()
    (folder / "searches" / "people.yaml").write_text(guide_block("search.md", "people.yaml"))
    (folder / "costs.py").write_text(COSTS)
    (folder / "src").mkdir()
    (folder / "src" / "__init__.py").write_text("raise AssertionError('somebody else')")
    return folder


def run(project, *command, **variables):
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        list(map(str, command)), cwd=project, env=own | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_a_search_file_and_a_function_of_ones_own_are_found(environment, project):
    """Beside the files of the project, which the search file builds on."""
    said = run(project, environment / "detsearch", "train", "-m", "search=mine", "tracking=none",
               "hydra.sweeper.study_name=first")  # fmt: skip
    assert "first: 2 complete." in said
    assert "costs.of_misses" in said
    assert (project / "multirun" / "first" / "report" / "report.html").is_file()


def test_the_same_from_python(environment, project):
    """A study of the guide's search file comes back as what it is, and can be reported on and frozen."""
    said = run(project, environment / "python", "-c", IN_PYTHON, PYTHONSAFEPATH="1")
    found = json.loads(said.splitlines()[-1])
    ((params, values),) = found["trials"]
    assert params == {"train.optimizer": "AdamW", "train.lr0": 0.001}, "what is configured is tried first"
    assert len(values) == 1
    assert found["settings"] == 1
    assert "epochs: 1\n" in found["frozen"]
    assert "throughput" in found["frozen"], "of decide=production"
    assert (project / "outputs" / "report" / "two" / "report.html").is_file()


def test_the_commands_are_listed_and_another_is_refused(environment, project):
    assert "tune_threshold" in run(project, environment / "detsearch", "--help")
    done = subprocess.run([environment / "detsearch", "trian"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "trian is no command." in done.stderr


def test_another_package_of_the_name_is_named(environment, project):
    done = subprocess.run(
        [environment / "python", "-c", "import detection_search"], cwd=project / "..", capture_output=True, text=True,
        env={"PYTHONPATH": str(project.parent / "other")}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    other = project.parent / "other" / "src"
    other.mkdir(parents=True)
    (other / "__init__.py").touch()
    done = subprocess.run(
        [environment / "python", "-c", "import detection_search"], cwd=project / "..", capture_output=True, text=True,
        env={"PYTHONPATH": str(project.parent / "other")}, check=False,
    )  # fmt: skip
    assert "Another package 'src'" in done.stderr
