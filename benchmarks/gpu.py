"""How many trainings an hour one GPU gives with 1, 2, 4 and 8 of them at once, and whether the tests on a GPU pass.

One sweep for each number of slots, on drawn data, without a tracker: the same trainings, for the same time. A training
counts by the share of it that lies within that time, so that those that still run at its end count, too. How busy the
GPU was is asked of `nvidia-smi` once a second. All of it takes at most 8 minutes and no network.

    .venv/bin/python benchmarks/gpu.py [--slots 1 2 4 8] [--imgsz 320] [train.batch=32 …]
    .venv/bin/python benchmarks/gpu.py --dry-run     the same path on a CPU, with tiny sizes
"""

import argparse
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

ROOT = Path(__file__).resolve().parents[1]
MINUTES = 8.0  # for everything
TESTS_S = 90.0  # of them for the tests
NEEDED_BY_TESTS = ("pytest", "pytest_timeout", "hypothesis")
NONE_CHOSEN = 5  # how pytest ends without a test
ENDLESS = 100_000  # trainings: the time ends a sweep
SMI = ("nvidia-smi", "--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits", "--id=0")
LOOK_S = 1.0  # between two looks at the GPU


@dataclass(frozen=True)
class Size:
    """How large the trainings are, and where they run."""

    device: str
    imgsz: int
    images: int
    epochs: int
    batch: int
    slots: Sequence[int]
    seconds: float | None  # for each number of slots; None for what the minutes leave


DRY = Size("cpu", imgsz=64, images=24, epochs=1, batch=4, slots=(1, 2), seconds=10.0)


@dataclass(frozen=True)
class Measured:
    """What one number of slots gave."""

    slots: int
    an_hour: float
    each_s: float
    busy: float | None
    memory_mib: float | None


def main() -> None:
    """Measure, print, run the tests that need a GPU."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="on a CPU, with tiny sizes")
    parser.add_argument("--slots", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--imgsz", type=int, default=320)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("overrides", nargs="*", help="of the trainings, such as train.workers=2")
    said = parser.parse_args()
    full = Size("0", said.imgsz, said.images, said.epochs, said.batch, said.slots, seconds=None)
    size = DRY if said.dry_run else full
    deadline = time.monotonic() + MINUTES * 60
    with tempfile.TemporaryDirectory(prefix="gpu-") as scratch:
        bench = Bench(Path(scratch), size, said.overrides)
        bench.prepare()
        measured = []
        for index, slots in enumerate(size.slots):
            left = (deadline - time.monotonic() - TESTS_S) / (len(size.slots) - index)
            measured.append(bench.measure(slots, size.seconds or 0.6 * left))  # the rest is for its start and its end
            report(measured[-1], measured[0])
    sys.exit(run_tests())


def report(one: Measured, first: Measured) -> None:
    """Print a line."""
    busy = "" if one.busy is None else f"; GPU busy {one.busy:.0f} % of the time, {one.memory_mib:.0f} MiB at most"
    print(
        f"{one.slots} at once: {one.an_hour:.0f} trainings an hour, {one.an_hour / first.an_hour:.2f} of"
        f" {first.slots} at once; one takes {one.each_s:.1f} s{busy}",
        flush=True,
    )


def run_tests() -> int:
    """Run the tests marked `gpu`; where there is none, all are left out. Returns the status to exit with."""
    if missing := [name for name in NEEDED_BY_TESTS if importlib.util.find_spec(name) is None]:
        print(f"The tests on a GPU were not run: there is no {', '.join(missing)}.")
        return 0
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "gpu",
        "-p",
        "no:cacheprovider",
        "tests/integration/test_gpu.py",
    ]
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    return 0 if status == NONE_CHOSEN else status


class Bench:
    """Runs sweeps in a scratch folder."""

    def __init__(self, folder: Path, size: Size, overrides: Sequence[str]) -> None:
        self.folder = folder
        self.size = size
        self.environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])}
        splits = {"train": size.images * 3 // 4, "val": size.images // 8, "test": size.images // 8}
        self.data = [
            *("data.name=gpu", f"data.images={size.images}", f"data.side={size.imgsz}"),
            f"data.splits={{{', '.join(f'{name}: {count}' for name, count in splits.items())}}}",
        ]
        self.overrides = overrides

    def prepare(self) -> None:
        """Draw the data set."""
        self._run("src.prepare", *self.data)

    def measure(self, slots: int, seconds: float) -> Measured:
        """Run a sweep with so many slots for so long."""
        name = f"slots{slots}"
        size = self.size
        cores = len(os.sched_getaffinity(0))
        with watched_gpu() as samples:
            self._run(
                *("src.train", "-m", "search=base", "tracking=none", "hydra/sweeper/sampler=random", *self.data),
                *(f"hydra.sweeper.study_name={name}", f"hydra.sweeper.n_trials={ENDLESS}", "hydra.sweeper.enqueue=[]"),
                *(f"hydra.sweeper.n_jobs={slots}", f"hydra.sweeper.slots_per_gpu={slots}"),
                *(f"hydra.sweeper.timeout_s={seconds}", "~hydra.sweeper.callbacks.report"),
                *(f"train.epochs={size.epochs}", f"train.imgsz={size.imgsz}", f"train.batch={size.batch}"),
                *(f"train.device={size.device}", "train.baseline=false", "train.seed=range(0,1000000)"),
                f"train.workers={max(1, min(4, cores // slots))}",
                *self.overrides,
            )
        storage = JournalStorage(JournalFileBackend(str(self.folder / "multirun" / "optuna.journal")))
        done = [
            (trial.datetime_start.timestamp(), trial.datetime_complete.timestamp())
            for trial in optuna.load_study(study_name=name, storage=storage).get_trials(states=[TrialState.COMPLETE])
            if trial.datetime_start is not None and trial.datetime_complete is not None
        ]
        begin = min(start for start, _ in done)
        end = max(start for start, _ in done)  # from here on, slots have nothing more to do
        if end <= begin:
            end = max(end for _, end in done)
        share = sum(max(0.0, min(stop, end) - max(start, begin)) / (stop - start) for start, stop in done)
        within = [(busy, memory) for moment, busy, memory in samples if begin <= moment <= end]
        return Measured(
            slots,
            an_hour=share / (end - begin) * 3600,
            each_s=statistics.median(stop - start for start, stop in done),
            busy=statistics.mean(busy for busy, _ in within) if within else None,
            memory_mib=max(memory for _, memory in within) if within else None,
        )

    def _run(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, text=True, capture_output=True, check=False
        )
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")


@contextmanager
def watched_gpu() -> Iterator[list[tuple[float, float, float]]]:
    """Note once a second how busy the first GPU is; without one, nothing.

    Yields:
        Moments (s since 1970), utilisation (%), memory in use (MiB); it is filled while the block runs.
    """
    samples: list[tuple[float, float, float]] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_S):
            busy, memory = subprocess.run(SMI, capture_output=True, text=True, check=True).stdout.split(",")
            samples.append((time.time(), float(busy), float(memory)))

    thread = threading.Thread(target=watch, daemon=True)
    if shutil.which(SMI[0]):
        thread.start()
    try:
        yield samples
    finally:
        ended.set()
        if thread.is_alive():
            thread.join()


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    main()
