"""The project installed into an environment, used from an empty folder that has only its own `conf/`."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from tests.support.guides import guide_block

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
SOURCES = ("src", "detection_search", "conf", "packages/sweeper", "setup.py", "pyproject.toml", "README.md", "LICENSE")
TINY = """\
# @package _global_
train: {objective: costs.of_misses, epochs: 1, imgsz: 32, device: cpu, threads: 1}
data: {images: 24, splits: {train: 12, val: 6, test: 6}, side: 64}
hydra: {sweeper: {n_trials: 1, n_jobs: 1}}
"""
COSTS = """\
def of_misses(model):
    return 100 - model.measures.errors.missed
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
    (folder / "conf" / "experiment").mkdir(parents=True)
    (folder / "conf" / "experiment" / "tiny.yaml").write_text(TINY)
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


def test_files_and_a_function_of_ones_own_are_found(environment, project):
    """The search file as it stands in the guide, by its path; an experiment in conf/; and what both say when frozen."""
    said = run(project, environment / "detsearch", "train", "-m", "search=searches/people.yaml", "experiment=tiny",
               "tracking=none", "hydra.sweeper.study_name=first")  # fmt: skip
    assert "first: 1 complete, 1 waiting." in said
    assert "costs.of_misses" in said
    assert (project / "multirun" / "first" / "report" / "report.html").is_file()
    run(project, environment / "detsearch", "freeze", "+study=first", "decide=production")
    frozen = yaml.safe_load((project / "params.yaml").read_text())
    assert (frozen["train"]["epochs"], frozen["train"]["optimizer"], frozen["train"]["lr0"]) == (1, "AdamW", 0.001)
    assert "throughput" in frozen["decide"]["gates"], "of production"


def test_the_notebook_of_the_docs(environment, project):
    """From a search to a decision; a kernel asks for colours, which is no reason to draw progress bars."""
    cells = json.loads((ROOT / "docs" / "notebooks" / "search.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    said = run(project, environment / "python", "-c", code, PYTHONSAFEPATH="1", FORCE_COLOR="1")
    assert said.count("notebook: 3 complete.") == 1
    assert "[3/3]" in said
    assert "\x1b[?25l" not in said, "no cursor is hidden where lines are passed on"
    assert "trials (0,):" in said
    assert "\nparams.yaml\n" in said
    assert said.splitlines()[-1].startswith("- "), "a reason of the verdict"
    assert (project / "outputs" / "report" / "notebook" / "report.html").is_file()
    assert (project / "outputs" / "pipeline" / "decide" / "decision.json").is_file()


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
