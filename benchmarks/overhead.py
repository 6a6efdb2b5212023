"""What a sweep takes for its trainings: the same trainings bare and as trials.

A: trainings in a bare `YOLO(...).train()` loop in one process with all cores, which is the least a script can do.
B: the same as a sweep, each in a process of its own, with MLflow (SQLite) and the journal storage on; once as the
project runs sweeps, with a trial on each core, and once with one trial after the other.

All are whole programs, from the shell's prompt back to it, imports included; they take turns, so that a drift of the
machine's speed meets all. What differs is only the seed, from training to training. Also printed: how long each takes
until its first training begins (Ultralytics writes the arguments into the training's folder), and what one more
training adds, from programs of eight and of two trainings, in which start and end cancel out.

    .venv/bin/python benchmarks/overhead.py [--rounds 3] [--trainings 8]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
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

FEW = 2  # trainings of the shorter programs
POLL_S = 0.05

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


@dataclass(frozen=True)
class Took:
    """How long a program took.

    Attributes:
        seconds: In all.
        until_first: Until its first training began.
    """

    seconds: float
    until_first: float


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trainings", type=int, default=8, help="of the longer programs; the others have two")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="overhead-") as scratch:
        bench = Bench(Path(scratch))
        bench.prepare()
        bench.bare(1)  # caches of files and labels, for all
        programs: dict[str, Callable[[int], Took]] = {
            "bare loop": bench.bare,
            "sweep": lambda count: bench.sweep(count, "auto"),
            "sweep, n_jobs=1": lambda count: bench.sweep(count, "1"),
        }
        took: dict[tuple[str, int], list[Took]] = {
            (name, count): [] for name in programs for count in (arguments.trainings, FEW)
        }
        for _ in range(arguments.rounds):
            for (name, count), already in took.items():
                already.append(programs[name](count))
    report(list(programs), arguments.trainings, took)


def report(names: list[str], many: int, took: dict[tuple[str, int], list[Took]]) -> None:
    """Print medians, and ratios to the loop of the same round."""
    bare_loop = names[0]
    for name in names:
        whole, few = took[name, many], took[name, FEW]
        ratio = statistics.median(
            one.seconds / loop.seconds for one, loop in zip(whole, took[bare_loop, many], strict=True)
        )
        print(
            f"{name}: {many} trainings in {_median(whole, 'seconds'):.1f} s, {ratio:.2f} of the loop's time"
            f"{'' if name == bare_loop else ' (aim: at most 1.00)'}; the first begins after"
            f" {_median([*whole, *few], 'until_first'):.1f} s; one more adds"
            f" {(_median(whole, 'seconds') - _median(few, 'seconds')) / (many - FEW):.2f} s"
            f"  (all: {[round(one.seconds, 1) for one in whole]})"
        )


def _median(took: list[Took], name: str) -> float:
    return float(statistics.median(getattr(one, name) for one in took))


class Bench:
    """Runs both programs in a scratch folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.threads = len(os.sched_getaffinity(0))
        self.environment = bare.environment(folder)
        self.calls = 0

    def prepare(self) -> None:
        """Draw the data set and make bare Ultralytics ready."""
        subprocess.run(
            [sys.executable, "-m", "src.prepare", *DATA],
            cwd=self.folder,
            env=self.environment,
            check=True,
            capture_output=True,
        )
        bare.prepare(self.folder)

    def bare(self, count: int) -> Took:
        """Run `count` trainings in a bare loop."""
        self.calls += 1
        data_yaml = self.folder / "data" / "prepared" / "overhead" / "data.yaml"
        target = self.folder / f"bare{self.calls}"
        arguments = json.dumps([str(target), str(data_yaml), list(range(count)), TRAIN, self.threads])
        return self._run([*bare.WITH_ALL_CORES, sys.executable, "-c", BARE, arguments], target)

    def sweep(self, count: int, n_jobs: str) -> Took:
        """Run `count` trainings as a sweep."""
        self.calls += 1
        seeds = ",".join(map(str, range(count)))
        name = f"sweep{self.calls}"
        return self._run(
            [
                *(sys.executable, "-m", "src.train", "-m", "search=base", "hydra/sweeper=optuna"),
                *("hydra/sweeper/sampler=grid", f"hydra.sweeper.study_name={name}", *DATA),
                *(f"train.{name}={value}" for name, value in TRAIN.items()),
                *(f"hydra.sweeper.n_jobs={n_jobs}", f"train.seed=choice({seeds})"),
            ],
            self.folder / "multirun" / name,
        )

    def _run(self, command: list[str], folder: Path) -> Took:
        """Run a program whose trainings write below a folder."""
        until_first = None
        with (self.folder / "log").open("w+") as log:
            started = time.perf_counter()
            with subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            ) as process:
                while process.poll() is None:
                    if until_first is None and next(folder.glob("*/args.yaml"), None) is not None:
                        until_first = time.perf_counter() - started
                    time.sleep(POLL_S)
            seconds = time.perf_counter() - started
            if process.returncode != 0 or until_first is None:
                log.seek(0)
                sys.exit(f"{' '.join(command)}\n{log.read()}")
        return Took(seconds, until_first)


if __name__ == "__main__":
    main()
