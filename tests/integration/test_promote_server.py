"""Promotion where the registry is an MLflow server that keeps the artifacts itself."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from src.detector.options import TrainOptions
from src.documents.monitor import MonitoringReference
from src.evaluation.options import EvaluateOptions
from src.mlflow.options import TrackingOptions
from src.mlflow.registry import package
from src.mlflow.registry.store import open_registry
from src.stages.promote.arguments import PromoteArguments
from src.stages.promote.rollback import roll_back
from src.stages.promote.stage import PromoteJob, promote
from tests.integration.judged_runs import evaluated, judged_run

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server on SQLite, with its artifacts in a folder that only it knows; yields its URI."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "kept")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        )
    try:
        _await(f"http://127.0.0.1:{port}/health", process, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _await(url: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"The server does not answer: {log.read_text()}")


def test_a_model_goes_through_the_server_and_back(server, real_data, coco128, tmp_path):
    """Registered, promoted, downloaded and taken back, with nothing but the server's address."""
    store = TrackingOptions(uri=server, spool=str(tmp_path / "spool"), wait_s=240)
    data = coco128.options("data.classes=[]")
    models = {imgsz: evaluated(tmp_path / str(imgsz), data, real_data / "yolov8n.pt", imgsz) for imgsz in (64, 256)}
    made = {}
    for imgsz, model in models.items():
        job = PromoteJob(
            arguments=PromoteArguments(run=judged_run(store, model), name="served", alias="production"),
            tracking=store,
            data=data,
            train=TrainOptions(device="cpu"),
            evaluate=EvaluateOptions(resamples=100),
            training=Path("nowhere"),
        )
        made[imgsz] = promote(job)

    assert made[256].against_incumbent.is_won
    with open_registry(server) as registry:
        assert registry.model("served").aliases == {"production": 2}
        folder = registry.fetch_model(made[256].version, tmp_path / "fetched")
    assert package.config_in(folder)["imgsz"] == 256
    example = (models[256].evaluation.data.root / models[256].evaluation.example).read_bytes()
    assert package.predict(folder, [example])
    assert MonitoringReference.read(folder).scenes > 0
    back = roll_back(
        PromoteJob(
            arguments=PromoteArguments(name="served", alias="production", rollback=True),
            tracking=store,
            data=data,
            train=TrainOptions(),
            evaluate=EvaluateOptions(),
            training=Path("nowhere"),
        )
    )
    assert back.version.number == 1
