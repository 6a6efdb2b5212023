"""What only a GPU can show; machines without one leave these out (`tests/conftest.py`)."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

pytestmark = [pytest.mark.integration, pytest.mark.gpu, pytest.mark.timeout(90)]

ROOT = Path(__file__).resolve().parents[2]
TINY = ["data.name=tiny", "data.images=32", "data.side=64", "data.splits={train: 16, val: 8, test: 8}", "tracking=none"]
SHORT = ["train.imgsz=64", "train.epochs=1", "train.batch=4", "train.device=0", "train.workers=1"]
ONE_TRAINING = """
import json, sys
from pathlib import Path
from src.detector import engine
from src.detector.train import TrainingRequest, train

class Nobody:
    def on_start(self, resolved, flags): pass
    def on_epoch(self, epoch, metrics): pass

arguments = {"epochs": 1, "imgsz": 64, "batch": 4, "workers": 0, "optimizer": "SGD", "amp": True}
request = TrainingRequest(Path(sys.argv[1]), Path("trained"), arguments, architecture="yolov8n.yaml", device="0")
result = train(request, Nobody())
used = engine.torch.cuda.max_memory_allocated()
print(json.dumps({"metrics": dict(result.metrics), "amp": result.resolved["amp"], "used": used}))
"""


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_training_runs_on_the_gpu_in_mixed_precision(tmp_path):
    run(tmp_path, "-m", "src.prepare", *TINY)
    printed = run(tmp_path, "-c", ONE_TRAINING, "data/prepared/tiny/data.yaml")
    found = json.loads(printed.splitlines()[-1])
    assert found["used"] > 0
    assert found["amp"]
    assert all(math.isfinite(value) for value in found["metrics"].values())


def test_trials_share_a_gpu(tmp_path):
    slots = ["hydra.sweeper.n_jobs=2", "hydra.sweeper.slots_per_gpu=2", "hydra/sweeper/sampler=grid"]
    name = ["hydra.sweeper.study_name=shared", "search=base", "~hydra.sweeper.callbacks.report"]
    run(tmp_path, "-m", "src.train", "-m", *name, *slots, *TINY, *SHORT, "train.seed=choice(0,1,2,3)")
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "multirun/optuna.journal")))
    trials = optuna.load_study(study_name="shared", storage=storage).trials
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 4
    starts, ends = zip(*[(trial.datetime_start, trial.datetime_complete) for trial in trials], strict=True)
    assert max(starts[:2]) < min(ends)  # the first two ran at the same time
