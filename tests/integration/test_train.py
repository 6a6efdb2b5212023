"""Trainings for real, on tiny data; each in a process of its own, as a user starts them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.programs import python

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).resolve().parents[2]
TINY = (
    "hydra/sweeper=basic",
    "search=none",
    "tracking=none",
    "data.name=tiny",
    "data.images=32",
    "data.splits={train:16,val:8,test:8}",
    "train.imgsz=64",
    "train.plots=false",
    "train.threads=1",
)
# Runs the entry point with every way to the network guarded: prints what was tried, and refuses it.
GUARDED = """
import runpy, sys
tried = []
def guard(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        print("NETWORK", event, arguments, flush=True)
        raise OSError(f"{event} is forbidden")
sys.addaudithook(guard)
sys.argv = ["src.train", *sys.argv[1:]]
runpy.run_module("src.train", run_name="__main__")
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Path:
    """A folder to start trainings in, with the tiny data prepared by the first of them."""
    return tmp_path_factory.mktemp("workspace")


def _environment(home: Path) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("YOLO")}
    return plain | {"PYTHONPATH": str(REPOSITORY), "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}


def _train(workspace: Path, name: str, *overrides: str, program: str = "", code=("-m", "src.train")):
    command = [program or python(), *code, *TINY, f"hydra.run.dir=runs/{name}", *overrides]
    return subprocess.run(
        command, cwd=workspace, env=_environment(workspace / "home"), capture_output=True, text=True, check=False
    )


def _rows(workspace: Path, name: str) -> list[list[str]]:
    """The losses and metrics of every epoch, without the clock."""
    lines = (workspace / "runs" / name / "results.csv").read_text().splitlines()[1:]
    return [line.split(",")[:1] + line.split(",")[2:] for line in lines]


@pytest.mark.slow
def test_a_training_needs_no_network_and_leaves_the_users_settings_alone(workspace):
    """Every connection and look-up of a name is forbidden, and none is tried."""
    done = _train(
        workspace, "offline", "train.epochs=1", "train.plots=true", program=sys.executable, code=("-c", GUARDED)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NETWORK" not in done.stdout
    assert "untrained" in done.stdout
    assert not list((workspace / "home").rglob("*ltralytics*"))
    folder = workspace / "runs" / "offline"
    assert {"run.json", "results.csv", "val_records.npz", "results.png"} <= {path.name for path in folder.iterdir()}
    assert {path.name for path in (folder / "weights").iterdir()} == {"best.pt", "last.pt"}


@pytest.mark.slow
def test_the_seed_decides_everything(workspace):
    """The same configuration gives the same figures to the last digit, another seed gives others."""
    for name, seed in (("one", 5), ("again", 5), ("other", 6)):
        done = _train(workspace, name, "train.epochs=1", f"train.seed={seed}", "train.baseline=false")
        assert done.returncode == 0, done.stdout + done.stderr
    assert _rows(workspace, "one") == _rows(workspace, "again")
    assert _rows(workspace, "one") != _rows(workspace, "other")


def test_an_interrupted_training_is_kept_and_gone_on_with(workspace):
    """SIGTERM as Ctrl-C: the checkpoint stays, and `train.resume=true` trains the rest, not more and not less."""
    command = [python(), "-m", "src.train", *TINY, "hydra.run.dir=runs/interrupted", "train.epochs=8"]
    command += ["train.baseline=false"]
    process = subprocess.Popen(command, cwd=workspace, env=_environment(workspace / "home"), stdout=subprocess.PIPE)
    folder = workspace / "runs" / "interrupted"
    deadline = time.monotonic() + 300
    while not (folder / "weights" / "last.pt").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate()
    assert process.returncode == 130, output
    assert b"train.resume=true" in output
    assert json.loads((folder / "run.json").read_text())["status"] == "interrupted"

    done = _train(workspace, "interrupted", "train.epochs=8", "train.baseline=false", "train.resume=true")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [row[0] for row in _rows(workspace, "interrupted")] == [str(epoch) for epoch in range(1, 9)]
    assert "32 optimizer steps" in done.stdout  # 16 images in batches of 4, 8 times
    assert json.loads((folder / "run.json").read_text())["status"] == "finished"


def test_what_holds_more_than_weights_is_not_loaded(workspace):
    """A pickle can run any program; only the user can say that the file is trusted."""
    poison = (
        "import os, torch; E = type('E', (), {'__reduce__': lambda s: (os.mkdir, ('owned',))}); "
        "from ultralytics.nn.tasks import DetectionModel; "  # as an honest checkpoint names it
        "torch.save({'model': E(), 'like': DetectionModel}, 'poison.pt')"
    )
    subprocess.run([python(), "-c", poison], cwd=workspace, check=True)
    done = _train(workspace, "poisoned", "model.weights=poison.pt", "train.epochs=1")
    assert done.returncode == 1
    assert "model.trust_pickle=true" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (workspace / "owned").exists()


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        pytest.param(["train.lr=0.1"], "Did you mean 'lr", id="unknown name"),
        pytest.param(["train.data=x.yaml"], "say `data=…`", id="managed name"),
        pytest.param(["train.epochs=few"], "could not be converted to Integer", id="wrong type"),
        pytest.param(["train.lr0=0"], "greater than 0", id="out of range"),
        pytest.param(["model.weights=no/such.pt"], "there is no such file", id="missing weights"),
        pytest.param(["model.architecture=yolov8q_no_such.yaml"], "yolov8q_no_such.yaml", id="missing architecture"),
        pytest.param(["train.resume=true", "train.resume_from=nowhere"], "no checkpoint", id="nothing to resume"),
    ],
)
def test_what_cannot_work_is_refused_with_one_readable_message(workspace, overrides, said):
    """Without a traceback, and with a status that scripts can see."""
    done = _train(workspace, "refused", *overrides)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
