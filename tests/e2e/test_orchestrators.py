"""The stages of `dvc.yaml` under ZenML and Prefect, each in an environment of its own that is made from a registry.

Under ZenML all is real: the five stages on tiny data, its local stack, cache and artifacts. Under Prefect the flow, its
server and its cache are real, and the stages are stand-ins: programs of one line.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.programs import python
from tests.support.project import PIPELINE, STAGES, copy_project

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
# Refuses, and writes down, what a program asks of the network beyond this machine.
OFFLINE = """
import os, sys
def refuse(event, args):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect"):
        host = args[0] if event != "socket.connect" else args[1][0] if isinstance(args[1], tuple) else None
        if host not in (None, "", "localhost", "127.0.0.1", "::1", b"localhost", b"127.0.0.1", "0.0.0.0"):
            with open(os.environ["ASKED"], "a") as file:
                print(event, host, file=file)
            raise OSError("no network")
sys.addaudithook(refuse)
"""
# How long Prefect and its server wait for each other, in seconds: its defaults of 5 to 60 fail on a busy machine.
PATIENCE = (
    "API_REQUEST_TIMEOUT",
    "SERVER_DATABASE_CONNECTION_TIMEOUT",
    "SERVER_DATABASE_TIMEOUT",
    "SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS",
)
STAND_INS = """
stages:
  first: {cmd: python first.py, deps: [first.py], outs: [made/first]}
  second: {cmd: python second.py, deps: [second.py, made/first], outs: [made/second]}
"""
STAND_IN = "import pathlib; pathlib.Path('made').mkdir(exist_ok=True); pathlib.Path('made/{0}').write_text('{0}')\n"


class Orchestrator:
    """An orchestrator's environment, without a network once it is made.

    Attributes:
        module: What runs the stages.
        asked: What was asked of the network.
    """

    def __init__(self, name: str, module: str, folder: Path) -> None:
        self.module = module
        self.asked = folder / "asked.txt"
        self._python = folder / "venv" / "bin" / "python"
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        assert uv is not None, "uv makes the environments: pip install uv"
        requirements = ROOT / "integrations" / name / "requirements.txt"
        for command in (
            [uv, "venv", "--quiet", "--python", sys.executable, folder / "venv"],
            [uv, "pip", "install", "--quiet", "--python", self._python, "-r", requirements],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        (folder / "offline").mkdir()
        (folder / "offline" / "sitecustomize.py").write_text(OFFLINE)
        self._environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPATH": str(folder / "offline"),
            "ASKED": str(self.asked),
            "ZENML_CONFIG_PATH": str(folder / "state"),
            "PREFECT_HOME": str(folder / "state"),
            "PROJECT_PYTHON": python(),
            **{f"PREFECT_{name}": "600" for name in PATIENCE},
        }

    def run(self, project: Path) -> dict[str, str]:
        """What became of each stage."""
        done = subprocess.run(
            [self._python, "-m", self.module], cwd=project, env=self._environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
        found = re.findall(r"(\w+): (cached|completed)$", done.stdout + done.stderr, re.MULTILINE | re.IGNORECASE)
        return {stage: state.lower() for stage, state in found}


@pytest.fixture(scope="module")
def zenml(tmp_path_factory):
    return Orchestrator("zenml", "integrations.zenml.pipeline", tmp_path_factory.mktemp("zenml"))


@pytest.fixture(scope="module")
def project(tmp_path_factory, zenml):
    """The project, with one finished run under ZenML."""
    project = copy_project(tmp_path_factory.mktemp("orchestrated") / "project")
    project.freeze()
    assert zenml.run(project.folder) == dict.fromkeys(STAGES, "completed")
    return project


def test_the_stages_are_recorded_in_mlflow_by_themselves(project):
    project.run("python", "-m", "src.sync")  # delivers what the stages have not waited for
    with closing(sqlite3.connect(project.folder / "mlflow.db")) as database:
        tags = dict(database.execute("select key, value from tags"))

    assert tags["decision"] == project.read("decide", "decision.json")["verdict"]["outcome"]


def test_the_second_time_all_is_cached_and_files_that_are_gone_are_laid_back(project, zenml):
    before = files(project.folder / PIPELINE)
    shutil.rmtree(project.folder / "outputs")
    shutil.rmtree(project.folder / "data")

    assert zenml.run(project.folder) == dict.fromkeys(STAGES, "cached")
    assert files(project.folder / PIPELINE) == before


def test_a_change_of_code_runs_the_stages_that_it_decides(project, zenml):
    """How a threshold is surely kept is no part of training. The files of what is cached are there for the others."""
    with (project.folder / "src" / "thresholds" / "sure.py").open("a") as file:
        file.write("# edited\n")
    shutil.rmtree(project.folder / PIPELINE / "evaluate")

    states = zenml.run(project.folder)

    assert [stage for stage in STAGES if states[stage] == "completed"] == ["tune_threshold", "decide"]
    assert [stage for stage in STAGES if states[stage] == "cached"] == ["prepare", "train", "evaluate"]


def test_zenml_asked_nothing_of_the_network(project, zenml):
    assert not zenml.asked.exists(), zenml.asked.read_text()


def test_prefect_runs_and_caches_stages_over_the_same_adapter(tmp_path):
    prefect = Orchestrator("prefect", "integrations.prefect.flow", tmp_path)
    project = tmp_path / "project"
    shutil.copytree(ROOT / "integrations", project / "integrations")
    (project / "dvc.yaml").write_text(STAND_INS)
    (project / "params.yaml").write_text("{}")
    for stage in ("first", "second"):
        (project / f"{stage}.py").write_text(STAND_IN.format(stage))

    assert prefect.run(project) == {"first": "completed", "second": "completed"}
    (project / "second.py").write_text(STAND_IN.format("second").replace("('second')", "('changed')"))
    (project / "made" / "first").unlink()
    assert prefect.run(project) == {"first": "cached", "second": "completed"}
    assert files(project / "made") == {"first": b"first", "second": b"changed"}
    assert not prefect.asked.exists(), prefect.asked.read_text()


def files(folder: Path) -> dict[str, bytes]:
    """Contents by their path in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
