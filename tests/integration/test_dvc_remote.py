"""A DVC remote on S3, against an endpoint over HTTP that the test starts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

pytestmark = [pytest.mark.integration, pytest.mark.slow]

BUCKET = "models"


@pytest.fixture
def environment(monkeypatch):
    """What a user's environment holds: where the store is, and the keys to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    yield {**os.environ, **environment}
    server.stop()


def test_one_command_makes_a_bucket_the_remote(tmp_path, environment):
    """What is pushed can be pulled where nothing of it is left; no secret gets into a file."""

    def run(*command: str) -> None:
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)

    dvc = str(Path(sys.executable).with_name("dvc"))
    run("git", "init", "--quiet")
    run(dvc, "init", "--quiet")
    (tmp_path / "weights.pt").write_bytes(b"learnt")
    run(dvc, "add", "--quiet", "weights.pt")

    run(dvc, "remote", "add", "--default", "storage", f"s3://{BUCKET}/dvc")  # the command of docs/guides/pipeline.md
    run(dvc, "push", "--quiet")
    (tmp_path / "weights.pt").unlink()
    shutil.rmtree(tmp_path / ".dvc" / "cache")
    run(dvc, "pull", "--quiet")

    assert (tmp_path / "weights.pt").read_bytes() == b"learnt"
    keys = [item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert keys
    assert all(key.startswith("dvc/") for key in keys)
    assert "secret" not in (tmp_path / ".dvc" / "config").read_text()
