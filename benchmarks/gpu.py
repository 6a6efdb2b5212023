"""How many trainings an hour one GPU gives with 1, 2, 4 and 8 of them at once, and whether the tests on a GPU pass.

One sweep for each number of slots, on drawn data, without a tracker: so many trainings for each slot, counted from the
begin of the first to the end of the last; the time in which the last of them run alone counts, too. How busy the GPU
was is asked of `nvidia-smi` once a second, how busy the cores were of the kernel. All of it takes at most 8 minutes and
no network.

    .venv/bin/python benchmarks/gpu.py [--slots 1 2 4 8] [--imgsz 320] [train.batch=32 …]
    .venv/bin/python benchmarks/gpu.py --no-tests --trainings 3
    .venv/bin/python benchmarks/gpu.py --dry-run     the same path on a CPU, with tiny sizes
"""

import argparse
import importlib.util
import os
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
import psutil
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from optuna_search.trial.shared_gpu import GpuUse, gpu_use

ROOT = Path(__file__).resolve().parents[1]
MINUTES = 8.0  # for everything
TESTS_S = 90.0  # of them for the tests
NEEDED_BY_TESTS = ("pytest", "pytest_timeout", "hypothesis")
NONE_CHOSEN = 5  # how pytest ends without a test
GPU = "0"
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
    trainings: int  # for each slot


DRY = Size("cpu", imgsz=64, images=24, epochs=1, batch=4, slots=(1, 2), trainings=2)


@dataclass(frozen=True)
class Measured:
    """What one number of slots gave."""

    slots: int
    sweep_s: float  # with its start and its end
    an_hour: float
    each_s: float
    cores_busy: float
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
    parser.add_argument("--trainings", type=int, default=2, help="for each slot")
    parser.add_argument("--tests", action=argparse.BooleanOptionalAction, default=True, help="run them at the end")
    parser.add_argument("overrides", nargs="*", help="of the trainings, such as train.workers=2")
    said = parser.parse_args()
    full = Size("0", said.imgsz, said.images, said.epochs, said.batch, said.slots, said.trainings)
    size = DRY if said.dry_run else full
    deadline = time.monotonic() + MINUTES * 60 - (TESTS_S if said.tests else 0)
    with tempfile.TemporaryDirectory(prefix="gpu-") as scratch:
        bench = Bench(Path(scratch), size, said.overrides)
        bench.prepare()
        measured: list[Measured] = []
        for slots in size.slots:
            if measured and time.monotonic() + measured[-1].sweep_s > deadline:
                print(f"{slots} at once: not measured, the {MINUTES:.0f} minutes are nearly over.")
                continue
            measured.append(bench.measure(slots))
            report(measured[-1], measured[0])
    if said.tests:
        sys.exit(run_tests())


def report(one: Measured, first: Measured) -> None:
    """Print a line."""
    busy = "" if one.busy is None else f"; GPU busy {one.busy:.0f} % of the time, {one.memory_mib:.0f} MiB at most"
    print(
        f"{one.slots} at once: {one.an_hour:.0f} trainings an hour, {one.an_hour / first.an_hour:.2f} of"
        f" {first.slots} at once; one takes {one.each_s:.1f} s; cores busy {one.cores_busy:.0f} % of the time{busy}",
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

    def measure(self, slots: int) -> Measured:
        """Run a sweep with so many slots."""
        name = f"slots{slots}"
        size = self.size
        cores = len(os.sched_getaffinity(0))
        started = time.monotonic()
        with watched() as looks:
            self._run(
                *("src.train", "-m", "search=base", "tracking=none", "hydra/sweeper/sampler=random", *self.data),
                *(f"hydra.sweeper.study_name={name}", f"hydra.sweeper.n_trials={slots * size.trainings}"),
                *(f"hydra.sweeper.n_jobs={slots}", f"hydra.sweeper.slots_per_gpu={slots}"),
                *("hydra.sweeper.enqueue=[]", "~hydra.sweeper.callbacks.report"),
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
        begin, end = min(start for start, _ in done), max(stop for _, stop in done)
        within = [look for look in looks if begin <= look.moment <= end]
        uses = [look.gpu for look in within if look.gpu is not None]
        return Measured(
            slots,
            sweep_s=time.monotonic() - started,
            an_hour=len(done) / (end - begin) * 3600,
            each_s=statistics.median(stop - start for start, stop in done),
            cores_busy=statistics.mean(look.cores_busy for look in within),
            busy=statistics.mean(use.busy for use in uses) if uses else None,
            memory_mib=max(use.used for use in uses) / 2**20 if uses else None,
        )

    def _run(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, text=True, capture_output=True, check=False
        )
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")


@dataclass(frozen=True)
class Look:
    """How busy the machine is: its cores in % of the last second, and what its first GPU does, where there is one."""

    moment: float  # s since 1970
    cores_busy: float
    gpu: GpuUse | None


@contextmanager
def watched() -> Iterator[list[Look]]:
    """Look at the machine once a second, while the block runs; what is yielded is filled meanwhile."""
    looks: list[Look] = []
    ended = threading.Event()

    def watch() -> None:
        psutil.cpu_percent()  # the next one counts from here
        while not ended.wait(LOOK_S):
            looks.append(Look(time.time(), psutil.cpu_percent(), gpu_use(GPU)))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield looks
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    main()
