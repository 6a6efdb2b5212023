"""docker/kubernetes.yaml and docker/training.Dockerfile: what they ask of each other and of the project."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from optuna_search.trial.process import GRACE_S

from src.config import schema
from src.config.keys import CONF

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "docker" / "kubernetes.yaml"
DOCKERFILE = (ROOT / "docker" / "training.Dockerfile").read_text()


@pytest.fixture(scope="module")
def job():
    return yaml.safe_load(MANIFEST.read_text())["spec"]


@pytest.fixture(scope="module")
def pod(job):
    return job["template"]["spec"]


def test_every_container_runs_a_command_of_the_project_in_the_image(pod):
    for container in (*pod["initContainers"], *pod["containers"]):
        module, *_ = container["args"]
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file()
        assert container["image"] == "detection-search-training"
    assert re.search(r'^ENTRYPOINT \["python", "-m"\]$', DOCKERFILE, re.MULTILINE)


def test_the_command_composes_and_has_no_password(pod):
    [container] = pod["containers"]
    _, multirun, *overrides = container["args"]
    assert multirun == "-m"
    schema.register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", overrides, return_hydra_config=True)
    assert cfg.hydra.sweeper.storage == "postgresql://optuna@postgres:5432/optuna"
    assert cfg.tracking.kind == "mlflow"
    assert [each["valueFrom"] for each in container["env"] if each["name"] == "PGPASSWORD"] == [
        {"secretKeyRef": {"name": "detection-search", "key": "optuna-password"}}
    ]


def test_a_pod_that_is_evicted_gives_its_trial_back_in_time_and_counts_as_no_failure(job, pod):
    assert pod["terminationGracePeriodSeconds"] > GRACE_S
    assert job["podFailurePolicy"]["rules"] == [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    ]
    assert pod["restartPolicy"] == "Never"  # a pod failure policy needs that


def test_what_is_written_is_on_volumes_that_belong_to_the_image_s_user(pod):
    user = re.search(r"--uid (\d+) (\w+)", DOCKERFILE)
    assert pod["securityContext"]["runAsUser"] == int(user[1])
    assert f"USER {user[2]}" in DOCKERFILE
    folders = re.search(r"mkdir (.+) \\", DOCKERFILE)[1].split()
    work = re.search(r"^WORKDIR (.+)$", DOCKERFILE, re.MULTILINE)[1]
    for container in (*pod["initContainers"], *pod["containers"]):
        mounted = {each["mountPath"] for each in container["volumeMounts"] if each["name"] == "work"}
        assert mounted <= {f"{work}/{folder}" for folder in folders}
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_file_keeps_the_schemas_of_kubernetes(tmp_path):
    """In an environment of its own: the schemas take 100 MB."""
    python = tmp_path / "bin" / "python"
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(tmp_path)], check=True)
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", str(python), "kubernetes-validate==1.37.0"], check=True
    )
    command = [str(python), "-m", "kubernetes_validate", "--strict", "-k", "1.33", str(MANIFEST)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    broken = tmp_path / "broken.yaml"
    broken.write_text(MANIFEST.read_text().replace("backoffLimitPerIndex: 2", "backoffLimitPerIndx: 2"))
    done = subprocess.run([*command[:-1], str(broken)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
