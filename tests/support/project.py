"""A copy of the project whose pipeline takes seconds, and the project's programs in it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.programs import python

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PIPELINE = Path("outputs/pipeline")
TINY = [
    *(
        "data.images=24",
        "data.splits={train: 12, val: 6, test: 6}",
        "data.imgsz_choices=[64]",
        "train.epochs=1",
        "train.plots=false",
    ),
    *("evaluate.corruptions=[fog]", "evaluate.resamples=50", "evaluate.latency_runs=5", "evaluate.latency_warmup=1"),
    *("evaluate.onnx=false", "threshold.resamples=50"),
]
STAGES = ["prepare", "train", "evaluate", "tune_threshold", "decide"]


class Project:
    """A project's folder, and its programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        paths = [str(Path(python()).parent), str(BIN), os.environ["PATH"]]
        self.environment = {**os.environ, "PATH": os.pathsep.join(paths)}

    def run(self, *command: str) -> str:
        """The output of a program that has to succeed."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def freeze(self, *overrides: str) -> None:
        """Write params.yaml."""
        self.run("python", "-m", "src.freeze", *TINY, *overrides)

    def repro(self) -> list[str]:
        """The stages that ran."""
        return _stages_of(self.run("dvc", "repro"))

    def kill_during(self, stage: str) -> None:
        """Start `dvc repro` and kill all of it, without notice, while a stage is at work."""
        log = self.folder.parent / "repro.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["dvc", "repro"],
                cwd=self.folder,
                env={**self.environment, "PYTHONUNBUFFERED": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + 400
        while f"Running stage '{stage}'" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        time.sleep(0.4)  # into the program that the stage starts
        assert process.poll() is None, f"too late: {log.read_text()}"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def read(self, stage: str, name: str) -> dict:
        """A stage's JSON."""
        return json.loads((self.folder / PIPELINE / stage / name).read_text())


def copy_project(folder: Path) -> Project:
    """The project as it would be committed, in a new folder."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    for name in listed:
        if (ROOT / name).is_file():  # a deleted file may still be in the index
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return Project(folder)


def _stages_of(output: str) -> list[str]:
    prefix = "Running stage '"
    return [line[len(prefix) :].split("'")[0] for line in output.splitlines() if line.startswith(prefix)]
