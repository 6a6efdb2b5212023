"""What a sweep costs beside its trainings: the same trainings bare and as trials.

A: four trainings in a bare `YOLO(...).train()` loop in one process, which is the least a script can do.
B: the same four as a sweep, each in a process of its own, with MLflow (SQLite) and the journal storage on.

Both are whole programs, from the shell's prompt back to it, imports included; they take turns, so that a drift of the
machine's speed meets both. What differs is only the seed, from training to training. Also printed: what one more
training adds, from sweeps and loops of four and of two, in which start and end cancel out.

    .venv/bin/python benchmarks/overhead.py [--rounds 3]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bare

DATA = [
    "data.name=overhead",
    "data.images=24",
    "data.side=64",
    "data.splits={train: 16, val: 4, test: 4}",
]
TRAIN = {
    "epochs": 1,
    "imgsz": 64,
    "batch": 4,
    "nbs": 4,
    "optimizer": "AdamW",
    "lr0": 0.001,
    "warmup_epochs": 0.0,
    "mosaic": 0.0,
    "close_mosaic": 0,
}

BARE = """
import json, sys
from pathlib import Path
folder, data_yaml, seeds, arguments, threads = json.loads(sys.argv[1])
import torch
from ultralytics import YOLO
torch.set_num_threads(threads)
for seed in seeds:
    YOLO("yolov8n.yaml").train(
        data=data_yaml, seed=seed, project=folder, name=str(seed), device="cpu", verbose=False, **arguments
    )
"""


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="overhead-") as scratch:
        bench = Bench(Path(scratch))
        bench.prepare()
        bench.bare(1)  # caches of files and labels, for both
        times: dict[str, list[float]] = {"bare 4": [], "sweep 4": [], "bare 2": [], "sweep 2": []}
        for _ in range(rounds):
            for count in (4, 2):
                times[f"bare {count}"].append(bench.bare(count))
                times[f"sweep {count}"].append(bench.sweep(count))
    report(times)


def report(times: dict[str, list[float]]) -> None:
    """Print medians and ratios, pair by pair."""
    for name, seconds in times.items():
        print(f"{name} trainings: median {statistics.median(seconds):.2f} s, all {[round(s, 2) for s in seconds]}")
    whole = [sweep / bare for sweep, bare in zip(times["sweep 4"], times["bare 4"], strict=True)]
    print(f"ratio of wall-clock per training, whole programs: {statistics.median(whole):.3f}  (aim: at most 1.10)")
    added = {
        kind: (statistics.median(times[f"{kind} 4"]) - statistics.median(times[f"{kind} 2"])) / 2
        for kind in ("bare", "sweep")
    }
    print(f"one more training adds: bare {added['bare']:.2f} s, sweep {added['sweep']:.2f} s")


class Bench:
    """Runs both programs in a scratch folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.threads = len(os.sched_getaffinity(0))
        self.environment = bare.environment(folder)
        self.calls = 0

    def prepare(self) -> None:
        """Draw the data set and make bare Ultralytics ready."""
        self._run([sys.executable, "-m", "src.prepare", *DATA])
        bare.prepare(self.folder)

    def bare(self, count: int) -> float:
        """Seconds that `count` trainings take in a bare loop."""
        self.calls += 1
        data_yaml = self.folder / "data" / "prepared" / "overhead" / "data.yaml"
        target = self.folder / f"bare{self.calls}"
        arguments = json.dumps([str(target), str(data_yaml), list(range(count)), TRAIN, self.threads])
        return self._run([sys.executable, "-c", BARE, arguments])

    def sweep(self, count: int) -> float:
        """Seconds that `count` trainings take as a sweep."""
        self.calls += 1
        seeds = ",".join(map(str, range(count)))
        return self._run(
            [
                *(sys.executable, "-m", "src.train", "-m", "search=base", "hydra/sweeper=optuna"),
                *("hydra/sweeper/sampler=grid", f"hydra.sweeper.study_name=sweep{self.calls}", *DATA),
                *(f"train.{name}={value}" for name, value in TRAIN.items()),
                f"train.seed=choice({seeds})",
            ]
        )

    def _run(self, command: list[str]) -> float:
        started = time.perf_counter()
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, text=True, capture_output=True, check=False
        )
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
