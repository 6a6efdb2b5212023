"""The server stack as processes: a search records to it without keys, and the UI compares its trials.

Needs PostgreSQL's server programs and Chromium (`apt-get install postgresql chromium`).
"""

import html
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import optuna
import pytest
from dotenv import dotenv_values
from optuna.storages import RDBStorage
from sqlalchemy.pool import NullPool
from support.postgresql import free_port

from src.mlflow.client import connected
from tests.support.programs import python

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
TINY = ["data.name=tiny", "data.images=32", "data.side=64", "data.splits={train: 16, val: 8, test: 8}"]
SHORT = ["train.imgsz=64", "train.threads=1", "train.plots=false", "train.device=cpu", "train.epochs=2"]
SPACE = ["train.optimizer=SGD", "train.lr0=tag(log,interval(1e-3,1e-2))", "train.momentum=interval(0.8,0.95)"]
N_TRIALS = 3


class Stack:
    """`scripts/stack` with ports, secrets and a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env_file = folder / "env"
        made = subprocess.run([ROOT / "scripts" / "stack", "env"], capture_output=True, text=True, check=True)
        self.ports = {name: free_port() for name in ("MLFLOW", "OPTUNA_DASHBOARD", "POSTGRES", "S3")}
        lines = [f"{name}_PORT={port}" for name, port in self.ports.items()]
        self.env_file.write_text("\n".join([made.stdout, *lines, ""]))
        self.secrets = {name: value for name, value in dotenv_values(self.env_file).items() if value}
        self.mlflow = f"http://127.0.0.1:{self.ports['MLFLOW']}"
        self.storage = f"postgresql://optuna@127.0.0.1:{self.ports['POSTGRES']}/optuna"

    def call(self, *arguments: str) -> str:
        command = [ROOT / "scripts" / "stack", f"--env-file={self.env_file}", f"--folder={self.folder / 'stack'}"]
        done = subprocess.run(
            [*command, *arguments], env=os.environ | {"COLUMNS": "150"}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr + self.logs()
        return done.stdout

    def logs(self) -> str:
        return "".join(f"\n{log.name}:\n{log.read_text()[-3000:]}" for log in (self.folder / "stack").glob("*.log"))

    def client_environment(self) -> dict[str, str]:
        """What a user sets to search with the stack; nothing of the store's."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "S3_", "MLFLOW_"))}
        return ours | {
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
            "MLFLOW_TRACKING_URI": self.mlflow,
            "PGPASSWORD": self.secrets["OPTUNA_DB_PASSWORD"],
        }


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The stack, up; at the end it and all that it kept is gone."""
    folder = Path(tempfile.mkdtemp(prefix="stack-"))  # not pytest's: as root, PostgreSQL's account has to get there
    folder.chmod(0o755)
    stack = Stack(folder)
    try:
        stack.call("up")
        yield stack
    finally:
        stack.call("down", "--volumes")
        assert not (folder / "stack").exists()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def swept(stack, tmp_path_factory) -> Path:
    """The folder of a search that was recorded by the stack."""
    folder = tmp_path_factory.mktemp("client")
    settings = [
        "search=base",
        "tracking=server",
        "tracking.wait_s=200",
        f"hydra.sweeper.storage={stack.storage}",
        "hydra.sweeper.study_name=shared",
        f"hydra.sweeper.n_trials={N_TRIALS}",
    ]
    environment = stack.client_environment()
    assert not [name for name in environment if "AWS" in name or "S3" in name]
    done = subprocess.run(
        [python(), "-m", "src.train", "-m", *settings, *TINY, *SHORT, *SPACE],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def study(stack, swept, monkeypatch) -> optuna.Study:
    monkeypatch.setenv("PGPASSWORD", stack.secrets["OPTUNA_DB_PASSWORD"])
    storage = RDBStorage(stack.storage, engine_kwargs={"poolclass": NullPool})
    return optuna.load_study(study_name="shared", storage=storage)


def test_starting_it_twice_changes_nothing(stack):
    before = (stack.folder / "stack" / "processes.json").read_text()
    said = stack.call("up")
    assert (stack.folder / "stack" / "processes.json").read_text() == before
    for service in ("postgres", "storage", "mlflow", "optuna-dashboard"):
        assert re.search(rf"{service} +│ healthy", said)
    assert "a stand-in, moto" in said  # nobody shall take it for the store of docker-compose.yml


def test_without_secrets_it_refuses(tmp_path):
    done = subprocess.run(
        [ROOT / "scripts" / "stack", f"--env-file={tmp_path / '.env'}", f"--folder={tmp_path / 'stack'}", "up"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "scripts/stack env >" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("localhost:{MLFLOW}", 200, id="the host by name"),
        pytest.param("127.0.0.1:{MLFLOW}", 200, id="the host by address"),
        pytest.param("mlflow:5000", 200, id="another container"),
        pytest.param("attacker.example", 403, id="a page that had its name rebound to this machine"),
    ],
)
def test_mlflow_answers_those_who_may_ask(stack, host, status):
    request = urllib.request.Request(stack.mlflow, headers={"Host": host.format(**stack.ports)})
    try:
        answered = urllib.request.urlopen(request, timeout=80).status
    except urllib.error.HTTPError as error:
        with error:
            answered = error.code
    assert answered == status


def test_artifacts_arrive_in_the_bucket(stack, swept):
    """Through MLflow's server: the client had no keys to the store."""
    store = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{stack.ports['S3']}",
        aws_access_key_id=stack.secrets["S3_ACCESS_KEY_ID"],
        aws_secret_access_key=stack.secrets["S3_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )
    names = [item["Key"].rpartition("/")[2] for item in store.list_objects_v2(Bucket="mlflow")["Contents"]]
    store.close()
    assert names.count("environment.json") == 1 + N_TRIALS
    assert names.count("results.csv") == N_TRIALS
    assert "best.pt" in names
    assert not (swept / "mlartifacts").exists()


def test_files_pass_through_the_server(stack, swept, tmp_path, monkeypatch):
    """Although it offers addresses within the store, whose host its own network knows only."""
    with urllib.request.urlopen(f"{stack.mlflow}/api/3.0/mlflow/server-info", timeout=80) as answer:
        info = json.load(answer)
    assert info["multipart_downloads_enabled"]
    assert info["multipart_uploads_enabled"]
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "1")  # bytes, from which it would be in parts
    file = tmp_path / "note.txt"
    file.write_text("32 bytes, which go through it…")
    with connected(stack.mlflow) as client:
        experiments = [each.experiment_id for each in client.search_experiments()]
        run_id = client.search_runs(experiments)[0].info.run_id
        client.log_artifact(run_id, str(file))
        file.rename(tmp_path / "sent.txt")
        found = client.download_artifacts(run_id, "note.txt", str(tmp_path))
    assert Path(found).read_text() == (tmp_path / "sent.txt").read_text()


def test_the_databases_are_apart(stack, swept):
    """MLflow's role may not look into Optuna's database."""
    psql = ["psql", "--host=127.0.0.1", f"--port={stack.ports['POSTGRES']}", "--tuples-only", "--no-align"]
    environment = os.environ | {"PGPASSWORD": stack.secrets["MLFLOW_DB_PASSWORD"]}
    own = [*psql, "--username=mlflow", "--dbname=mlflow", "--command=SELECT name FROM runs ORDER BY start_time"]
    done = subprocess.run(own, env=environment, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split("\n")[:-1]) == ["shared", "trial 0", "trial 1", "trial 2"]
    other = [*psql, "--username=mlflow", "--dbname=optuna", "--command=SELECT 1"]
    done = subprocess.run(other, env=environment, capture_output=True, text=True, check=False)
    assert "permission denied for database" in done.stderr


def test_the_ui_compares_the_trials(study, tmp_path):
    """The study's own link opens, in a browser, the trials with the searched parameters as axes."""
    url = study.user_attrs["mlflow_comparison_url"]
    text = rendered(url, tmp_path)
    assert f"of|{N_TRIALS}|matching runs" in text or f"{N_TRIALS}|matching runs" in text
    for trial in study.trials:
        assert f"|trial {trial.number}|" in text
    assert "|Parallel Coordinates|" in text
    assert "|train.lr0|" in text
    assert "|train.momentum|" in text
    assert "|train.lr0 vs. train.momentum vs. val/mAP50-95|" in text
    assert all(f"|trial {trial.number} (val/mAP50)|" in text for trial in study.trials)


def test_the_dashboard_shows_the_study(stack, study):
    """What it shows of a study, it asks its own server for."""
    base = f"http://127.0.0.1:{stack.ports['OPTUNA_DASHBOARD']}"
    with urllib.request.urlopen(f"{base}/api/studies", timeout=80) as answer:
        (shown,) = json.load(answer)["study_summaries"]
    assert shown["study_name"] == "shared"
    with urllib.request.urlopen(f"{base}/dashboard", timeout=80) as answer:
        assert "<title>Optuna Dashboard</title>" in answer.read().decode()


def test_nothing_is_left_where_the_images_are_built(stack, swept):
    """The servers' working folder is that of docker/Dockerfile."""
    listed = subprocess.run(
        ["git", "status", "--porcelain", "--ignored", "docker"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert listed.stdout == ""


def test_it_stops_and_goes_on_with_its_data(stack, study):
    """What the stand-in for the store held is gone, as it says; the databases are not."""
    assert not re.search("healthy|starting", stack.call("down"))
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(stack.mlflow, timeout=5)
    stack.call("up")
    with urllib.request.urlopen(f"{stack.mlflow}/health", timeout=80) as answer:
        assert answer.status == 200
    assert len(study.get_trials()) == N_TRIALS


def rendered(url: str, folder: Path) -> str:
    """The text of a page after its scripts have run, with `|` where markup was."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("There is no 'chromium' on the PATH; this test needs a browser: apt-get install chromium")
    done = subprocess.run(
        [
            chromium,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={folder}",
            "--window-size=1400,1500",
            "--virtual-time-budget=60000",
            "--dump-dom",
            url,
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    without_code = re.sub(r"<(script|style).*?</\1>", "", done.stdout, flags=re.DOTALL)
    return html.unescape(re.sub(r"\|[|\s]*", "|", re.sub(r"<[^>]+>", "|", without_code)))
