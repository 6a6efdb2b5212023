"""What was pushed can be reproduced elsewhere: other folder, other times, own data."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TINY = [
    *("data=yolo", "data.path=mine", "data.name=mine", "data.splits={train: 8, val: 4, test: 4}"),
    *("model=yolov8n_scratch", "train=from_scratch", "train.epochs=1", "train.imgsz=64"),
    *("evaluate.corruptions=[fog]", "evaluate.latency_runs=5", "evaluate.latency_warmup=1", "evaluate.onnx=false"),
]


def run(folder: Path, *command: str) -> str:
    """The output of a program that has to succeed."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def git(folder: Path, *command: str) -> None:
    run(folder, "git", "-c", "user.name=t", "-c", "user.email=t@example.org", *command)


def freeze(folder: Path, resamples: int) -> None:
    run(folder, "python", "-m", "src.freeze", *TINY, f"evaluate.resamples={resamples}")


def own_data(folder: Path) -> None:
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for number in range(16):
        pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{number}.png")
        (folder / "labels" / f"{number}.txt").write_text("0 0.5 0.5 0.4 0.4\n")
    (folder / "data.yaml").write_text("names: {0: thing}\n")


def test_a_colleague_reproduces_what_was_pushed(tmp_path):
    """Clone, pull, change a parameter of the evaluation, repro: the training is not doubted, and not repeated."""
    first, second, remote = tmp_path / "first", tmp_path / "their" / "copy", tmp_path / "remote"
    listed = run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard").split()
    for name in (name for name in listed if (ROOT / name).is_file()):
        (first / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, first / name)
    git(first, "init", "--quiet")
    own_data(first / "mine")
    run(first, "dvc", "add", "--quiet", "mine")
    run(first, "dvc", "remote", "add", "--default", "--quiet", "here", str(remote))
    freeze(first, resamples=20)
    run(first, "dvc", "repro", "evaluate")
    git(first, "add", ".")
    git(first, "commit", "--quiet", "--message", "run")
    run(first, "dvc", "push", "--quiet")

    git(tmp_path, "clone", "--quiet", str(first), str(second))
    run(second, "dvc", "pull", "--quiet", "mine.dvc", "prepare", "train", "evaluate")
    for file in (second / "mine").rglob("*"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
    freeze(second, resamples=30)
    printed = run(second, "dvc", "repro", "evaluate")

    assert "Running stage 'evaluate'" in printed
    assert "Running stage 'train'" not in printed
    assert "Running stage 'prepare'" not in printed
