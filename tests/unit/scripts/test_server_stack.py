"""What scripts/stack makes of docker-compose.yml and .env."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.server_stack.__main__ import random_settings
from scripts.server_stack.compose import fill, load, read_settings
from scripts.server_stack.errors import StackError
from scripts.server_stack.processes import Processes, check_port, wait_until
from scripts.server_stack.stack import COMPOSE_FILE, ROOT

EXAMPLE = (ROOT / ".env.example").read_text()
PORTS = {"MLFLOW_PORT": "25000", "OPTUNA_DASHBOARD_PORT": "28080", "POSTGRES_PORT": "25432", "S3_PORT": "28333"}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    (tmp_path / ".env").write_text(random_settings(EXAMPLE))
    return read_settings(tmp_path / ".env", PORTS)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        pytest.param("${SET}", "value", id="set"),
        pytest.param("${UNSET}", "", id="not set"),
        pytest.param("${UNSET:-other}", "other", id="default"),
        pytest.param("${EMPTY:-other}", "other", id="default for an empty one"),
        pytest.param("${EMPTY-other}", "", id="an empty one is set"),
        pytest.param("${SET:?why}", "value", id="demanded and set"),
        pytest.param("$$HOME", "$HOME", id="a dollar"),
        pytest.param("http://${SET}:${UNSET:-80}/", "http://value:80/", id="within a text"),
    ],
)
def test_variables_are_put_in_as_compose_does(text, filled):
    assert fill(text, {"SET": "value", "EMPTY": ""}) == filled


@pytest.mark.parametrize("text", ["${UNSET:?is a secret}", "${EMPTY:?is a secret}", "${UNSET?is a secret}"])
def test_a_variable_that_is_demanded_is_missed(text):
    with pytest.raises(StackError, match=r"(UNSET|EMPTY) is not set: it is a secret\..*scripts/stack env"):
        fill(text, {"EMPTY": ""})


@pytest.mark.parametrize("text", ["$HOME", "100 $", "${A:+b}"])
def test_what_is_not_understood_is_refused(text):
    with pytest.raises(StackError, match="begins no"):
        fill(text, {})


@given(st.text())
def test_a_value_is_taken_as_it_is(value):
    """A password may look like a variable."""
    assert fill("${A}", {"A": value}) == value


@given(st.text())
def test_any_text_can_be_written(text):
    assert fill(text.replace("$", "$$"), {}) == text


def test_each_secret_of_the_example_gets_a_random_value_of_its_own():
    first, second = random_settings(EXAMPLE), random_settings(EXAMPLE)
    secrets = re.findall(r"^\w+=([0-9a-f]{48})$", first + second, re.MULTILINE)
    assert len(secrets) == len(set(secrets)) == 2 * EXAMPLE.count("=\n")


def test_without_a_file_of_settings_the_stack_refuses(tmp_path):
    with pytest.raises(StackError, match=r"scripts/stack env > "):
        read_settings(tmp_path / ".env", {})


def test_without_a_secret_the_stack_refuses(settings):
    with pytest.raises(StackError, match="MLFLOW_DB_PASSWORD is not set"):
        load(COMPOSE_FILE, {**settings, "MLFLOW_DB_PASSWORD": ""})


def test_services_come_after_those_that_they_need(settings):
    order = list(load(COMPOSE_FILE, settings))
    assert order.index("postgres") < order.index("mlflow")
    assert order.index("storage") < order.index("bucket") < order.index("mlflow")
    assert order.index("studies") < order.index("optuna-dashboard")


def test_addresses_of_containers_become_those_of_this_machine(settings):
    """Also in the checks of their health. MLflow's own names stay, and the store's, which no client knows."""
    services = load(COMPOSE_FILE, settings)
    mlflow = services["mlflow"]
    assert "--host=127.0.0.1" in mlflow.command
    assert "--port=25000" in mlflow.command
    assert "--backend-store-uri=postgresql+psycopg://mlflow@127.0.0.1:25432/mlflow" in mlflow.command
    assert mlflow.environment["MLFLOW_S3_ENDPOINT_URL"] == "http://storage:8333"
    assert mlflow.environment["MLFLOW_SERVER_ALLOWED_HOSTS"] == "localhost:25000,127.0.0.1:25000,mlflow:5000"
    assert "http://127.0.0.1:25000/health" in mlflow.health[-1]
    assert "--port=28080" in services["optuna-dashboard"].command


def test_with_a_store_of_ones_own_none_is_started(settings):
    services = load(COMPOSE_FILE, {**settings, "COMPOSE_PROFILES": "", "S3_ENDPOINT": "https://s3.example.org"})
    assert "storage" not in services
    assert services["bucket"].environment["MLFLOW_S3_ENDPOINT_URL"] == "https://s3.example.org"


def test_a_secret_is_no_argument_of_a_process(settings):
    """Arguments are seen by everybody on the machine."""
    secrets = {value for name, value in settings.items() if re.search("PASSWORD|KEY", name)}
    services = load(COMPOSE_FILE, settings).values()
    arguments = " ".join(part for service in services for part in (*service.command, *service.health))
    assert not [secret for secret in secrets if secret in arguments]


def test_a_port_that_is_taken_is_named_with_the_setting(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(StackError, match=r"Set S3_PORT in \.env"):
            check_port("storage", listener.getsockname()[1])


START = """
import sys
from pathlib import Path
from scripts.server_stack.processes import Processes
folder = Path(sys.argv[1])
script = "sleep 600 & echo $! > child.new && mv child.new child; wait"
Processes(folder).start("server", ["/bin/sh", "-c", script], {"PATH": "/bin:/usr/bin"}, folder)
"""


@pytest.mark.parametrize("killed", [pytest.param(False, id="running"), pytest.param(True, id="itself killed before")])
def test_a_server_is_found_again_and_ended_with_what_it_started(tmp_path, killed):
    """By a later call of the script."""
    subprocess.run([sys.executable, "-c", START, str(tmp_path)], check=True, cwd=ROOT)
    child = tmp_path / "child"
    assert wait_until(child.exists, patience_s=10)
    later = Processes(tmp_path)
    pid = later.pid("server")
    assert pid is not None
    if killed:
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: later.pid("server") is None, patience_s=10)
    assert later.stop("server")
    assert later.pid("server") is None
    assert not later.stop("server")
    assert not Path(f"/proc/{child.read_text().strip()}").exists()
