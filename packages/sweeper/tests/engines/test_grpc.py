"""A proxy in front of the database: workers need neither its driver nor its password."""

import subprocess
import sys
import time

import grpc
import pytest
from support.aftermath import assert_exact, assert_secret, load, workers
from support.postgresql import free_port

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START_S = 60.0

SERVE = """
import sys, warnings
import optuna
from optuna_search import open_storage
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
url, port = sys.argv[1:]
optuna.storages.run_grpc_proxy_server(open_storage(url), host="127.0.0.1", port=int(port))
"""


@pytest.fixture
def proxy(database, monkeypatch):
    """The address of a proxy; the database's password is known to the proxy alone."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVE, database, str(port)])
    monkeypatch.delenv("PGPASSWORD")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:  # starting it takes long on a busy machine
        grpc.channel_ready_future(channel).result(timeout=START_S)
    yield f"grpc://127.0.0.1:{port}"
    process.terminate()
    process.wait()


def test_slots_work_through_a_proxy(toy, database, postgresql, proxy, monkeypatch):
    printed = toy.sweep(
        "x=interval(0,3)",
        "sleep_s=0.3",
        f"hydra.sweeper.storage={proxy}",
        "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2",
        "hydra.sweeper.n_jobs=2",
        "hydra.sweeper.n_trials=9",
    )
    monkeypatch.setenv("PGPASSWORD", postgresql.password)
    study = load(database)
    assert_exact(study, 9, [toy.folder / "multirun/toy"], locked=False)
    assert len(workers(study)) == 2
    assert toy.results().best_value == study.best_value
    assert_secret(postgresql.password, toy.folder, printed)


def test_a_study_is_resumed_through_another_address(toy, database, postgresql, proxy, monkeypatch):
    """The proxy and the database itself are the same storage."""
    toy.sweep("x=interval(0,3)", f"hydra.sweeper.storage={proxy}")
    monkeypatch.setenv("PGPASSWORD", postgresql.password)
    toy.sweep("x=interval(0,3)", f"hydra.sweeper.storage={database}", "hydra.sweeper.n_trials=6")
    assert_exact(load(database), 6, [toy.folder / "multirun/toy"], locked=False)


def test_a_proxy_that_does_not_answer_is_named(toy):
    port = free_port()
    begun = time.monotonic()
    done = toy.run("x=interval(0,3)", f"hydra.sweeper.storage=grpc://127.0.0.1:{port}")
    assert done.returncode != 0
    assert f"127.0.0.1:{port}" in done.stdout
    assert "run_grpc_proxy_server" in done.stdout
    assert "Traceback" not in done.stdout
    assert time.monotonic() - begun < 120
