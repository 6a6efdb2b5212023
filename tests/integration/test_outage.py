"""Trainings whose tracking server fails in every way: in the end MLflow shows what it would show without that."""

import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from src.mlflow.spool.reader import run_readers
from tests.integration.faulty_proxy import Fault, FaultyProxy
from tests.integration.mlflow_server import MlflowServer, mlflow_servers
from tests.integration.tables import (
    BETWEEN_TWO_TRAININGS,
    BY_THE_STORES_CLOCK,
    VIEW_TIMES,
    files,
    rows,
    run_names,
)
from tests.support.programs import python

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
TINY = (
    "tracking=server",
    "data.name=tiny",
    "data.images=32",
    "data.splits={train:16,val:8,test:8}",
    "train.imgsz=64",
    "train.epochs=3",
    "train.plots=false",
    "train.threads=1",
)
SWEEP = (
    "-m",
    "search=base",
    "hydra/sweeper=optuna",
    "hydra/sweeper/sampler=grid",
    "hydra.sweeper.study_name=outage",
    "hydra.sweeper.n_jobs=1",  # trials one after the other, so that two sweeps are the same
    "train.lr0=choice(0.001,0.01)",
)
PATIENCE_S = 500
# Files that differ between any two trainings of the same configuration, and why.
OF_TWO_TRAININGS = {
    "environment.json": "has the commit, and somebody may commit in between",
    "results.csv": "has the seconds of each epoch",
    "best.pt": "holds when it was saved",
    "runs_analysis.csv": "has the seconds of each trial",
    "settings.csv": "has the seconds of each setting",
    "report.html": "shows the seconds of each trial",
}


class Arm:
    """A workspace whose trainings are recorded by a server behind a proxy."""

    def __init__(self, workspace: Path, server: MlflowServer, *, slow_s: float) -> None:
        self.workspace = workspace
        self.server = server
        self.proxy = FaultyProxy(server.port, slow_s=slow_s)
        self.spool = workspace / ".tracking"
        workspace.mkdir()

    def start(self, module: str, *arguments: str) -> subprocess.Popen[str]:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": self.proxy.url, "COLUMNS": "160"}
        return subprocess.Popen(
            [python(), "-m", module, *arguments],
            cwd=self.workspace,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def train(self, *overrides: str) -> subprocess.Popen[str]:
        return self.start("src.train", *overrides, *TINY)

    def sync(self) -> subprocess.Popen[str]:
        return self.start("src.sync", "tracking=server")

    def epochs(self, run: str) -> int:
        """How many epochs a training of this workspace has behind it."""
        table = self.workspace / run / "results.csv"
        return len(table.read_text().splitlines()) - 1 if table.exists() else 0

    def kill_courier(self) -> None:
        """End the courier of this workspace's spool as the operating system does that runs out of memory."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if "src.mlflow.courier" in words and str(self.spool) in words:
                os.kill(int(process.name), signal.SIGKILL)

    def rows(self):
        """All rows of the server's database, up to ids, the clock and where the workspace lies."""
        return rows(
            self.server.database,
            named_by="mlflow.runName",
            masked={*BY_THE_STORES_CLOCK, *BETWEEN_TWO_TRAININGS},
            texts=self._texts,
            patterns=VIEW_TIMES,
        )

    def files(self) -> dict[str, bytes]:
        names = run_names(self.server.database, "mlflow.runName")
        return files(self.server.artifacts, {**names, **self._texts})

    def raw_files(self) -> list[bytes]:
        return [path.read_bytes() for path in self.server.artifacts.rglob("*") if path.is_file()]

    @property
    def _texts(self) -> dict[str, str]:
        """What differs because the two arms have two folders and two addresses."""
        return {
            str(self.workspace): "<workspace>",
            str(self.server.folder): "<server>",
            self.proxy.url: "<server's address>",
        }


def finish(process: subprocess.Popen[str]) -> str:
    printed, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, printed
    return printed


def wait_for(condition, process: subprocess.Popen[str]) -> None:
    """Wait for something that a process does; it may end meanwhile."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition() and process.poll() is None:
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """A workspace whose sweep was recorded without a fault."""
    folder = tmp_path_factory.mktemp("healthy")
    with mlflow_servers(folder / "server") as [server]:
        arm = Arm(folder / "workspace", server, slow_s=0.3)
        finish(arm.train(*SWEEP))
        finish(arm.sync())
        yield arm


@pytest.fixture
def disturbed(tmp_path):
    """A workspace with a server of its own, which is going to be disturbed."""
    with mlflow_servers(tmp_path / "server") as [server]:
        yield Arm(tmp_path / "workspace", server, slow_s=0.3)


# Each row is a sweep: what is wrong before it, while it trains, and after it. Each column has all faults.
SWEEPS = [
    pytest.param(Fault.REFUSED, Fault.DROPPED, Fault.ERROR, id="refused-dropped-error"),
    pytest.param(Fault.ERROR, Fault.SLOW, Fault.REFUSED, id="error-slow-refused"),
    pytest.param(Fault.DEAF, Fault.ERROR, Fault.SLOW, id="deaf-error-slow"),
    pytest.param(Fault.DROPPED, Fault.REFUSED, Fault.DEAF, id="dropped-refused-deaf"),
    pytest.param(Fault.SLOW, Fault.DEAF, Fault.DROPPED, id="slow-deaf-dropped"),
]


@pytest.mark.parametrize(("before", "during", "after"), SWEEPS)
def test_a_sweep_without_its_server_is_recorded_as_if_nothing_had_happened(healthy, disturbed, before, during, after):
    """A server that fails from before the first run to after the last; then it is slow, and couriers are killed."""
    disturbed.proxy.fault = before
    sweep = disturbed.train(*SWEEP)
    wait_for(lambda: disturbed.epochs("multirun/outage/0") >= 1, sweep)
    disturbed.proxy.fault = during
    wait_for(lambda: disturbed.epochs("multirun/outage/1") >= 1, sweep)
    disturbed.proxy.fault = after
    finish(sweep)
    if after in (Fault.REFUSED, Fault.ERROR):
        complaint, _ = (failed := disturbed.sync()).communicate(timeout=PATIENCE_S)
        assert failed.returncode == 1, complaint
        assert "could not be delivered to http://127.0.0.1" in complaint

    disturbed.proxy.fault = Fault.SLOW
    replay = disturbed.sync()
    for _ in range(2):
        answered = disturbed.proxy.answered
        wait_for(lambda target=answered + 7: disturbed.proxy.answered >= target, replay)
        disturbed.kill_courier()
    disturbed.proxy.fault = Fault.NONE
    finish(replay)

    assert run_readers(disturbed.spool) == []
    assert differences(disturbed.rows(), healthy.rows()) == []
    found, expected = disturbed.files(), healthy.files()
    assert found.keys() == expected.keys()
    assert {name.rpartition("/")[2] for name in found if found[name] != expected[name]} <= OF_TWO_TRAININGS.keys()
    for arm in (healthy, disturbed):
        for name in ("results.csv", "weights/best.pt"):
            local = (arm.workspace / "multirun/outage/0" / name).read_bytes()
            assert local in arm.raw_files(), f"{name} of the first trial is another one in the store"


def differences(found: list[str], expected: list[str]) -> list[str]:
    """Rows that only one side has, or has more often, marked with the side."""
    ours, theirs = Counter(found), Counter(expected)
    return [*(f"+ {row}" for row in (ours - theirs).elements()), *(f"- {row}" for row in (theirs - ours).elements())]
