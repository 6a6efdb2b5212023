"""docker-compose.yml and the images, in real containers: `make test-containers` (docs/guides/server.md).

Where no registry can be reached, Debian's packages of this machine stand in for the images of Python and of PostgreSQL.
The S3 store is moto, as a store of one's own. podman 4.3 does not know `depends_on`'s conditions: services are started
in the order of the file's dependencies, each when those before it are well.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values

from scripts.server_stack.compose import load
from src.stages.monitor.stage import ALARM
from tests.containers.engine import STORE, Engine, engine
from tests.containers.installed_packages import missing, write_root
from tests.integration.judged_runs import noise_pictures

pytestmark = [pytest.mark.containers, pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
UV = (str(Path(sys.executable).with_name("uv")), "tool", "run")
COMPOSE = "podman-compose@1.6.0"
PROJECT = "detection-search"
SECRETS = ("POSTGRES_PASSWORD", "MLFLOW_DB_PASSWORD", "OPTUNA_DB_PASSWORD", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
STUDY = "postgresql://optuna@postgres:5432/optuna"
TINY = ["data.name=tiny", "data.images=32", "data.side=64", "data.splits={train: 16, val: 8, test: 8}"]
SHORT = ["train.imgsz=64", "train.threads=1", "train.plots=false", "train.device=cpu", "train.epochs=1"]
SWEEP = ["search=base", "train.optimizer=SGD", "train.lr0=tag(log,interval(1e-3,1e-2))", "tracking.wait_s=200"]
BUCKET = "import boto3, os; s3 = boto3.client('s3', endpoint_url=os.environ['MLFLOW_S3_ENDPOINT_URL']); "


class Stack:
    """The services of docker-compose.yml as containers."""

    def __init__(self, podman: Engine) -> None:
        self.podman = podman
        podman.call(*UV, COMPOSE, "version")  # there is no package index on the containers' network
        self.env_file = podman.folder / "env"
        made = subprocess.run([ROOT / "scripts" / "stack", "env"], capture_output=True, text=True, check=True).stdout
        self.env_file.write_text(f"{made}\nCOMPOSE_PROFILES=\nS3_ENDPOINT=http://{STORE}:9000\n")
        self.secrets = {name: value or "" for name, value in dotenv_values(self.env_file).items()}

    def compose(
        self, *arguments: str, env_file: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        options = ["--in-pod=false", f"--file={ROOT / 'docker-compose.yml'}", f"--env-file={env_file or self.env_file}"]
        told = ["env", *(f"{name}={value}" for name, value in variables.items())]
        return self.podman.inside(*told, *UV, "--offline", COMPOSE, *options, *arguments, check=False)

    def up(self) -> None:
        for service in load(ROOT / "docker-compose.yml", self.secrets).values():
            done = self.compose("up", "--detach", "--no-deps", "--no-build", service.name)
            assert done.returncode == 0, done.stderr
            container = f"{PROJECT}_{service.name}_1"
            if service.ends:
                status = self.podman.call("podman", "wait", container).stdout.strip()
                assert status == "0", done.stderr + self.podman.call("podman", "logs", container).stderr[-2000:]
            else:
                self.podman.await_healthy(container)

    def run(self, service: str, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        told = [f"--env={name}={value}" for name, value in variables.items()]
        return self.podman.call("podman", "exec", *told, f"{PROJECT}_{service}_1", *command, check=False)

    def sql(self, role: str, database: str, password: str, statement: str) -> subprocess.CompletedProcess[str]:
        psql = ["psql", "--host=127.0.0.1", "--tuples-only", "--no-align", f"--username={role}", f"--dbname={database}"]
        return self.run("postgres", *psql, f"--command={statement}", PGPASSWORD=password)

    def runs(self) -> list[str]:
        found = self.sql("mlflow", "mlflow", self.secrets["MLFLOW_DB_PASSWORD"], "SELECT name FROM runs")
        return sorted(found.stdout.split("\n")[:-1])

    def artifacts(self) -> list[str]:
        keys = "print(*(item['Key'] for item in s3.list_objects_v2(Bucket='mlflow').get('Contents', [])))"
        return self.run("mlflow", "python", "-c", BUCKET + keys).stdout.split()


@pytest.fixture(scope="module")
def podman() -> Iterator[Engine]:
    with engine(Path(tempfile.mkdtemp(prefix="containers-", dir="/var/tmp"))) as made:
        yield made


@pytest.fixture(scope="module")
def base(podman) -> str:
    """The image of Python, or what stands in for it."""
    pinned = re.search(r"^ARG BASE=(\S+)$", (ROOT / "docker" / "Dockerfile").read_text(), re.MULTILINE)[1]
    if podman.call("podman", "pull", "--quiet", f"docker.io/library/{pinned}", check=False).returncode == 0:
        return pinned
    assert not (absent := missing()), f"No registry answers, and to stand in: apt-get install {' '.join(absent)}"
    archive = podman.folder / "root.tar"
    with archive.open("wb") as file:
        write_root(file)
    podman.call("podman", "import", "--quiet", str(archive), "localhost/from-packages")
    archive.unlink()
    return "localhost/from-packages"


@pytest.fixture(scope="module")
def stack(podman, base) -> Iterator[Stack]:
    """The images built and the services up."""
    postgres = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["postgres"]["image"]
    name = f"docker.io/library/{postgres}"
    if podman.call("podman", "pull", "--quiet", name, check=False).returncode:
        podman.build(name, ROOT / "tests" / "containers" / "postgres", f"--build-arg=BASE={base}")
    podman.build("detection-search-server", ROOT / "docker", f"--build-arg=BASE={base}")
    store = podman.start_inside(sys.executable, "-m", "moto.server", "-H", STORE, "-p", "9000")
    try:
        stack = Stack(podman)
        stack.up()
        yield stack
    finally:
        store.kill()
        store.wait()


@pytest.fixture(scope="module")
def lent(base) -> str:
    """This environment's packages, for the training image: the lock's take 7 GB and minutes to install."""
    packages = Path(find_spec("torch").origin).parents[1]
    return f"{packages}:/usr/local/lib/python3.11/{'dist' if base.startswith('localhost') else 'site'}-packages"


@pytest.fixture(scope="module")
def training(stack, base, lent) -> list[str]:
    """The training image is there; the options that lend it packages."""
    options = [f"--build-arg=BASE={base}", f"--file={ROOT / 'docker' / 'training.Dockerfile'}", f"--volume={lent}:O"]
    stack.podman.build("detection-search-training", ROOT, *options)
    # what was installed from packages/sweeper went with the packages that are lent
    return [f"--volume={lent}:ro", "--env=PYTHONPATH=packages/sweeper"]


@pytest.fixture(scope="module")
def promoted(stack, tmp_path_factory) -> str:
    """A version in the registry under the alias production; its number."""
    folder = tmp_path_factory.mktemp("promoted")
    register = [sys.executable, "-m", "tests.containers.promoted", "http://127.0.0.1:5000", str(folder)]
    return stack.podman.inside(*register).stdout.split("\n")[-2]


@pytest.fixture(scope="module")
def swept(stack, training) -> str:
    """What a pod of docker/kubernetes.yaml prints: two trials on the stack, without keys to the store."""
    confined = ["--cap-drop=all", "--security-opt=no-new-privileges", "--user=10001"]
    told = {"MLFLOW_TRACKING_URI": "http://mlflow:5000", "PGPASSWORD": stack.secrets["OPTUNA_DB_PASSWORD"]}
    variables = [f"--env={name}={value}" for name, value in told.items()]
    search = ["src.train", "-m", "tracking=server", f"hydra.sweeper.storage={STUDY}", "hydra.sweeper.study_name=shared"]
    pod = ["podman", "run", "--rm", f"--network={PROJECT}_default", "--shm-size=1g", *training, *confined]
    image = ["detection-search-training", *search, "hydra.sweeper.n_trials=2", *SWEEP, *TINY, *SHORT]
    return stack.podman.inside(*pod, *variables, *image).stdout


@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_starts_without_a_secret(stack, secret):
    env_file = stack.podman.folder / f"without-{secret}"
    env_file.write_text(re.sub(rf"^{secret}=.*$", f"{secret}=", stack.env_file.read_text(), flags=re.MULTILINE))
    before = stack.podman.call("podman", "ps", "--all", "--quiet").stdout
    refused = stack.compose("up", "--detach", "--no-build", env_file=env_file)
    assert refused.returncode
    assert re.search(rf"{secret}.*is a secret of \.env", refused.stderr)
    assert stack.podman.call("podman", "ps", "--all", "--quiet").stdout == before


@pytest.mark.parametrize(
    ("port", "host", "status"),
    [(5000, "127.0.0.1:5000", "200"), (5000, "attacker.example", "403"), (8080, "127.0.0.1:8080", "200")],
)
def test_the_published_ports_answer(stack, port, host, status):
    ask = (
        "import sys, requests; print(requests.get(sys.argv[1], headers={'Host': sys.argv[2]}, timeout=60).status_code)"
    )
    page = {5000: "api/2.0/mlflow/experiments/search?max_results=1", 8080: "dashboard"}[port]
    answered = stack.podman.inside(sys.executable, "-c", ask, f"http://127.0.0.1:{port}/{page}", host)
    assert answered.stdout.strip() == status


def test_a_role_sees_its_own_database_only(stack):
    password = stack.secrets["MLFLOW_DB_PASSWORD"]
    assert stack.sql("mlflow", "mlflow", password, "SELECT 1").stdout.strip() == "1"
    assert "permission denied for database" in stack.sql("mlflow", "optuna", password, "SELECT 1").stderr
    assert "password authentication failed" in stack.sql("mlflow", "mlflow", "wrong", "SELECT 1").stderr


@pytest.mark.parametrize("service", ["mlflow", "optuna-dashboard"])
def test_a_server_has_no_privileges(stack, service):
    status = stack.run(service, "cat", "/proc/1/status").stdout
    assert re.search(r"^Cap(Eff|Bnd):\t0+$", status, re.MULTILINE)
    assert "NoNewPrivs:\t1" in status
    assert stack.run(service, "id", "--user", "--name").stdout.strip() == "server"


@pytest.mark.parametrize("status", [pytest.param(0, id="like the reference"), pytest.param(ALARM, id="night")])
def test_the_monitor_looks_at_a_registered_version(stack, training, promoted, tmp_path, status):
    noise_pictures(tmp_path / "pictures", 40, dark=status == ALARM)
    # of podman-compose; docker compose needs no profile to run a service by its name
    told_compose = {"MONITOR_IMAGES": str(tmp_path / "pictures"), "COMPOSE_PROFILES": "monitor"}
    told = ["monitor", "name=people", "group=picture", "train.device=cpu"]
    looked = stack.compose("run", "--rm", "--no-deps", "-T", *training, *told, **told_compose)
    assert looked.returncode == status, looked.stdout + looked.stderr
    volume = stack.podman.call("podman", "volume", "inspect", f"{PROJECT}-monitor", "--format={{.Mountpoint}}").stdout
    written = Path(volume.strip()) / "monitor" / "people" / "production" / "monitor.prom"
    assert re.search(rf"^detector_monitor_alarm\{{.*\}} {int(status == ALARM)}\.0$", written.read_text(), re.MULTILINE)
    assert f"monitor people {promoted}" in stack.runs()


def test_a_sweep_in_the_training_image_is_recorded_and_survives_a_restart(stack, swept):
    assert "shared: 2 complete." in swept
    runs = stack.runs()
    assert {"shared", "trial 0", "trial 1"} <= set(runs)
    artifacts = stack.artifacts()
    assert sum(name.endswith("/results.csv") for name in artifacts) == 2
    assert stack.compose("down").returncode == 0
    assert stack.podman.call("podman", "ps", "--all", "--quiet").stdout == ""
    stack.up()
    assert stack.runs() == runs
    assert stack.artifacts() == artifacts
    storage = f"--storage={STUDY.replace('://', '+psycopg://')}"
    studies = stack.run("optuna-dashboard", "optuna", "studies", storage, "-f", "json")
    assert [(each["name"], each["n_trials"]) for each in json.loads(studies.stdout)] == [("shared", 2)]
    assert stack.compose("down", "--volumes").returncode == 0
    assert f"{PROJECT}-postgres" not in stack.podman.call("podman", "volume", "ls", "--quiet").stdout
