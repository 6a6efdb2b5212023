"""docker-compose.yml: valid by Compose's schema, and by the promises of docs/guides/server.md."""

import json
import re
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text()
CONTENT = yaml.safe_load(TEXT)
SERVICES = CONTENT["services"]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
# what is asked of a service, not of one that does one thing and ends
ENDS = {
    needed
    for spec in SERVICES.values()
    for needed, how in spec.get("depends_on", {}).items()
    if how["condition"] == "service_completed_successfully"
}
TIMED = "monitor"  # run by a timer; speaks to MLflow only
SERVERS = {name: spec for name, spec in SERVICES.items() if name not in {*ENDS, TIMED}}
SECRET = re.compile(r"PASSWORD|SECRET|ACCESS_KEY")
DEMANDED = re.compile(r"\$\{(\w+):\?[^}]+\}")


def test_the_file_is_valid():
    """By the schema of the Compose specification, as the package check-jsonschema keeps it."""
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    jsonschema.validate(CONTENT, schema)


def test_the_schema_would_notice_a_mistake():
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    wrong = {**CONTENT, "services": {"mlflow": {**SERVICES["mlflow"], "prots": []}}}
    with pytest.raises(jsonschema.ValidationError, match="prots"):
        jsonschema.validate(wrong, schema)


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_is_watched(name):
    """By a check of its own, and what needs it waits for that."""
    assert SERVERS[name]["healthcheck"]["test"][0] == "CMD"
    needed = [spec["depends_on"][name] for spec in SERVICES.values() if name in spec.get("depends_on", {})]
    assert all(how["condition"] == "service_healthy" for how in needed)


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_open_to_this_machine_only(name):
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{\w+_PORT:-\d+\}:\d+", port)


@pytest.mark.parametrize("name", SERVICES)
def test_a_secret_has_no_default(name):
    """It comes from `.env`, and nothing starts without it."""
    secrets = {key: value for key, value in SERVICES[name].get("environment", {}).items() if SECRET.search(key)}
    assert bool(secrets) is (name != TIMED)
    for value in secrets.values():
        assert DEMANDED.fullmatch(value), f"{value} has a default"
    assert not SECRET.search(" ".join(map(str, SERVICES[name].get("command", []))))


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned(name):
    """By a digest or an exact version; what is built here, by the digest of its base and the hashes of its packages."""
    spec = SERVICES[name]
    if "build" in spec:
        build = spec["build"]
        file = Path(build, "Dockerfile") if isinstance(build, str) else Path(build["context"], build["dockerfile"])
        written = (ROOT / file).read_text()
        assert re.search(r"^ARG BASE=\S+@sha256:[0-9a-f]{64}\nFROM \$\{BASE\}$", written, re.MULTILINE)
        assert "--require-hashes" in written
    else:
        assert re.search(r":\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$", spec["image"])


def test_what_is_kept_lies_in_volumes_with_names():
    """So that neither another checkout nor `down` loses them; what else is mounted is read-only."""
    mounts = [mount for spec in SERVICES.values() for mount in spec.get("volumes", [])]
    folders = ("./", "${MONITOR_IMAGES")
    named = {mount.split(":")[0] for mount in mounts if not mount.startswith(folders)}
    assert named == set(CONTENT["volumes"])
    assert all(volume["name"] for volume in CONTENT["volumes"].values())
    assert all(mount.endswith(":ro") for mount in mounts if mount.startswith(folders))


def test_clients_and_containers_may_both_ask_mlflow():
    """It compares the name and port that a client used; the port of the host is the user's to change."""
    allowed = SERVICES["mlflow"]["environment"]["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
    port = SERVICES["mlflow"]["ports"][0].split(":", 1)[1].rpartition(":")[0]
    assert set(allowed) == {f"localhost:{port}", f"127.0.0.1:{port}", "mlflow:5000"}


def test_no_container_of_ours_is_privileged():
    for spec in SERVICES.values():
        assert not spec.get("privileged")
        if "build" in spec:
            assert spec["cap_drop"] == ["ALL"]
    assert "\nUSER server" in DOCKERFILE


def test_every_variable_is_in_the_example():
    """Which has no value for a secret."""
    example = (ROOT / ".env.example").read_text()
    used = set(re.findall(r"\$\{(\w+)", TEXT)) | {"COMPOSE_PROFILES"}
    described = dict(re.findall(r"^#?([A-Z0-9_]+)=(.*)$", example, re.MULTILINE))
    assert set(described) == used
    assert {name for name, value in described.items() if not value} == set(DEMANDED.findall(TEXT))


def test_the_servers_have_the_versions_of_their_clients():
    """Else MLflow and Optuna refuse each other's tables."""

    def pins(lock: Path) -> set[str]:
        return set(re.findall(r"^([\w.-]+==[^ ;]+)", lock.read_text(), re.MULTILINE))

    servers = pins(ROOT / "docker" / "requirements.lock")
    assert any(pin.startswith("mlflow==") for pin in servers)
    assert servers <= pins(ROOT / "requirements.lock")
