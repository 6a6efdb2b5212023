"""A training that was interrupted and resumed is the one that was not interrupted, to the last digit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
CASES = {
    # both in the middle of a step, and of warm-up; one where mosaics end with the interruption and batches are full
    "mosaics end": {"images": 16, "stop": 2, "epochs": 4, "close_mosaic": 2, "nbs": 24, "warmup_epochs": 1.0},
    "mosaics go on": {"images": 20, "stop": 1, "epochs": 3, "close_mosaic": 0, "nbs": 64, "warmup_epochs": 3.0},
}
TRAIN = """
import hashlib, json, sys
from pathlib import Path
from src.detector.train import TrainingRequest, train

class Stops:
    def __init__(self, at): self.at, self.values = at, {}
    def on_start(self, resolved, flags): pass
    def on_epoch(self, epoch, metrics):
        self.values[epoch] = metrics
        if epoch == self.at: raise KeyboardInterrupt

def run(name, case, folder, at=None, resume=False):
    arguments = {"imgsz": 64, "batch": 8, "workers": 0, "optimizer": "SGD", "lr0": 0.01, "mosaic": 1.0, "seed": 3}
    arguments |= {key: value for key, value in case.items() if key not in ("images", "stop")}
    request = TrainingRequest(
        Path(f"data/prepared/resume{case['images']}/data.yaml").resolve(), folder, arguments,
        architecture="yolov8n.yaml", device="cpu", threads=1, is_resumable=True,
        resume_from=folder / "weights" / "last.pt" if resume else None,
    )
    observer = Stops(at)
    try:
        done = train(request, observer)
    except KeyboardInterrupt:
        return
    from src.detector.engine import load_checkpoint
    weights = load_checkpoint(str(done.last))[0].state_dict().values()
    digest = hashlib.sha256(b"".join(value.numpy().tobytes() for value in weights)).hexdigest()
    of_the_run = ("train/seconds", "model/weights_mb")  # the file also has the folder's name
    metrics = {key: value for key, value in done.metrics.items() if key not in of_the_run}
    left = sorted(path.name for path in (folder / "weights").iterdir())
    flags = [flag.name for flag in done.flags]
    print(json.dumps([name, digest, metrics, observer.values[case["epochs"]], flags, left]), flush=True)

for name, case in json.loads(sys.argv[2]).items():
    whole, stopped = Path(name, "whole").resolve(), Path(name, "stopped").resolve()
    if sys.argv[1] == "begin":
        run(name, case, whole)
        run(name, case, stopped, at=case["stop"])
    else:
        run(name, case, stopped, resume=True)
"""


def run(folder: Path, *arguments: str) -> list[list]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('["mosaics')]


def test_what_is_resumed_equals_what_was_not_interrupted(tmp_path):
    for images in (16, 20):
        splits = f"data.splits={{train: {images}, val: 6, test: 6}}"
        run(
            tmp_path,
            "-m",
            "src.prepare",
            f"data.name=resume{images}",
            f"data.images={images + 12}",
            "data.side=64",
            splits,
        )
    whole = run(tmp_path, "-c", TRAIN, "begin", json.dumps(CASES))
    assert all((tmp_path / name / "stopped" / "weights" / "resume.pt").is_file() for name in CASES)
    assert [name for name, *_ in whole] == list(CASES)
    assert run(tmp_path, "-c", TRAIN, "resume", json.dumps(CASES)) == whole
    assert all("resumed_inexactly" not in flags and "resume.pt" not in left for *_, flags, left in whole)
