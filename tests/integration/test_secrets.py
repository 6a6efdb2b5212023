"""Everything that a search leaves behind, searched for the secrets that it was given.

Each secret is a random word of its own, so that finding it anywhere is a leak.
"""

import os
import secrets
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.postgresql import USER, Server, free_port, server

from scripts.server_stack.postgresql import program
from scripts.server_stack.processes import wait_until
from tests.support.programs import python

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
TINY = ["data.name=tiny", "data.images=32", "data.side=64", "data.splits={train: 16, val: 8, test: 8}"]
SHORT = ["train.imgsz=64", "train.threads=1", "train.plots=false", "train.device=cpu", "train.epochs=1"]
SPACE = ["search=base", "train.optimizer=SGD", "train.lr0=tag(log,interval(1e-3,1e-2))"]
SWEEP = [*SPACE, *TINY, *SHORT, "hydra.sweeper.study_name=secret", "hydra.sweeper.max_retries=0"]
BY_ENVIRONMENT = "hydra.sweeper.storage='${oc.env:OPTUNA_STORAGE}'"
NOBODY = "127.0.0.1:9"  # where nobody listens


@dataclass
class Search:
    """Searches in a folder of its own, with secrets in their environment.

    Attributes:
        folder: The folder.
        environment: What is added to the environment.
        printed: What the programs said.
    """

    folder: Path
    environment: Mapping[str, str]
    printed: list[str] = field(default_factory=list)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [python(), "-m", *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200", **self.environment},
            text=True,
            capture_output=True,
            check=False,
        )
        self.printed += [done.stdout, done.stderr]
        return done

    def leaks(self, words: Mapping[str, str], *more: str) -> list[str]:
        """Where which of the secrets stands: in files, their names, the output, or in `more`."""
        found = []
        paths = list(self.folder.rglob("*"))
        assert paths
        texts = {
            **{f"{path.relative_to(self.folder)}": path.read_bytes() for path in paths if path.is_file()},
            "names of files": "\n".join(map(str, paths)).encode(),
            "output": "".join(self.printed).encode(),
            "dumps": "".join(more).encode(),
        }
        for place, content in texts.items():
            found += [f"{name} in {place}" for name, word in words.items() if word.encode() in content]
        return found


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """An MLflow server that lets everybody in: its address, and the folder with its database, artifacts and log."""
    folder = tmp_path_factory.mktemp("mlflow")
    port = free_port()
    command = ["server", f"--port={port}", "--workers=1", f"--backend-store-uri=sqlite:///{folder}/mlflow.db"]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [python(), "-m", "mlflow", *command, f"--artifacts-destination={folder}/artifacts"],
            cwd=folder,
            env=os.environ | quiet,
            stdout=log,
            stderr=log,
        )
    try:
        assert wait_until(lambda: _answers(f"http://127.0.0.1:{port}/health"), 240), (folder / "log").read_text()
        yield f"127.0.0.1:{port}", folder
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def words(postgresql) -> dict[str, str]:
    """A secret of each kind."""
    names = ["MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
    return {"OPTUNA_STORAGE": postgresql.password, **{name: f"word{secrets.token_hex(12)}" for name in names}}


def given(words: Mapping[str, str], database: str, mlflow: str) -> dict[str, str]:
    """An environment with a secret in every place where a user may put one."""
    return {
        "OPTUNA_STORAGE": database.replace("@", f":{words['OPTUNA_STORAGE']}@"),
        "MLFLOW_TRACKING_URI": f"http://somebody:{words['MLFLOW_TRACKING_URI']}@{mlflow}",
        "MLFLOW_TRACKING_PASSWORD": words["MLFLOW_TRACKING_PASSWORD"],
        "AWS_ACCESS_KEY_ID": words["AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": words["AWS_SECRET_ACCESS_KEY"],
    }


@pytest.mark.slow
def test_a_search_writes_no_secret(tmp_path, postgresql, mlflow, words):
    """Not to its folder, its spool, Optuna's tables, or MLflow's tables, files and log; and says none."""
    database = postgresql.create("secret")
    address, store = mlflow
    search = Search(tmp_path, given(words, database, address))
    settings = ["tracking=server", "tracking.wait_s=200", "hydra.sweeper.n_trials=2", BY_ENVIRONMENT]
    done = search.run("src.train", "-m", *SWEEP, *settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "secret: 2 complete." in done.stdout

    dump = subprocess.run(
        [program("pg_dump"), f"--dbname={database}", "--inserts"],
        env=os.environ | {"PGPASSWORD": postgresql.password},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "mlflow_run_id" in dump
    assert b"train.lr0" in (store / "mlflow.db").read_bytes()
    assert search.leaks(words, dump) == []
    assert Search(store, {}).leaks(words) == []


@pytest.mark.slow
def test_what_waits_for_a_server_that_is_down_holds_no_secret(tmp_path, postgresql, words):
    """Nor do the warnings and the courier's log, which tell of every failure."""
    search = Search(tmp_path, given(words, f"postgresql://{USER}@{NOBODY}/optuna", NOBODY))
    done = search.run("src.train", "-m", *SWEEP, "tracking=server", "tracking.wait_s=60", "hydra.sweeper.n_trials=1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.glob(".tracking/pending-*/calls.jsonl"))
    assert "Tracking has a problem" in done.stdout + done.stderr
    assert search.leaks(words) == []


def test_a_database_that_is_down_is_told_of_without_its_password(tmp_path, words):
    search = Search(tmp_path, given(words, f"postgresql://{USER}@{NOBODY}/optuna", NOBODY))
    done = search.run("src.train", "-m", *SWEEP, "tracking=none", BY_ENVIRONMENT)
    assert done.returncode == 1
    assert f"postgresql://***@{NOBODY}/optuna" in done.stdout + done.stderr
    assert search.leaks(words) == []


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        pytest.param("hydra.sweeper.storage=postgresql://me:{word}@host/db", "PGPASSWORD", id="the study's storage"),
        pytest.param("tracking.uri=http://me:{word}@host", "MLFLOW_TRACKING_PASSWORD", id="the tracking server"),
        pytest.param("+hydra.job.env_set.AWS_SECRET_ACCESS_KEY={word}", "oc.env:NAME", id="a variable of the job"),
    ],
)
@pytest.mark.parametrize("mode", [pytest.param([], id="training"), pytest.param(["-m"], id="search")])
def test_a_secret_on_the_command_line_is_refused_before_anything_is_written(tmp_path, setting, remedy, mode):
    """Hydra would keep it in overrides.yaml, config.yaml and hydra.yaml."""
    word = f"word{secrets.token_hex(12)}"
    search = Search(tmp_path, {})
    done = search.run("src.train", *mode, *SWEEP, setting.format(word=word))
    assert done.returncode == 1
    assert remedy in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert word not in done.stdout + done.stderr


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
