"""What a tracking server that is away costs a training: epochs with it against epochs without a tracker.

One training after the other, each whole and in a process of its own, with the same data, seed and number of epochs; the
trackers take turns, another one first each round, so that a drift of the machine's speed meets all of them:

    none      tracking=none
    again     the same once more: its ratio says how small a difference the machine lets one see
    healthy   MLflow's server
    dead      nobody listens at the server's address
    dropping  somebody takes the connections and never answers
    slow      every answer takes 2 s

Printed are the median seconds of an epoch, their ratio to those without a tracker in the same round (median and
quartiles of the rounds), how much longer all epochs together took (mostly the import of MLflow in the courier's
process, once, on what the training leaves of the cores), the longest time that a call of the run took while the
training went on, and the most that all calls together took from one epoch to the next.

    .venv/bin/python benchmarks/outage.py [--rounds 3] [--epochs 20]
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from src.mlflow.courier.process import hurry, lock_of  # noqa: E402 - after the path that it is found on
from src.mlflow.spool.lock import is_held  # noqa: E402
from tests.integration.faulty_proxy import Fault, FaultyProxy  # noqa: E402
from tests.integration.mlflow_server import mlflow_servers  # noqa: E402

DATA = ["data.name=outage", "data.images=48", "data.side=96", "data.splits={train: 32, val: 8, test: 8}"]
TRAIN = ["train.imgsz=96", "train.batch=8", "train.plots=false", "train.baseline=false", "search=none"]
UNTRACKED = ("none", "again")
FAULTS = {"healthy": Fault.NONE, "dead": Fault.REFUSED, "dropping": Fault.DROPPED, "slow": Fault.SLOW}

# Runs the entry point with a watch on every call of the run, and on the end of every epoch.
WATCHED = """
import json, runpy, sys, time
from pathlib import Path
from src.stages.train import stage
target, *sys.argv[1:] = sys.argv[1:]
sys.argv[0] = "src.train"
calls, epochs = [], []
class Watched:
    def __init__(self, run): self._run = run
    def __getattr__(self, name):
        started = time.perf_counter()
        value = getattr(self._run, name)
        if not callable(value):
            calls.append((name, started, time.perf_counter()))
            return value
        def watched(*arguments, **named):
            started = time.perf_counter()
            answer = value(*arguments, **named)
            calls.append((name, started, time.perf_counter()))
            if name == "log_metrics": epochs.append(time.perf_counter())
            return answer
        return watched
open_run = stage.open_run
def watched_open_run(*arguments, **named):
    started = time.perf_counter()
    run = open_run(*arguments, **named)
    calls.append(("open_run", started, time.perf_counter()))
    return Watched(run)
stage.open_run = watched_open_run
try:
    runpy.run_module("src.train", run_name="__main__")
finally:
    Path(target).write_text(json.dumps({"calls": calls, "epochs": epochs}))
"""


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="at least 2, for quartiles")
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    if arguments.rounds < 2:
        parser.error(f"--rounds must be at least 2, for quartiles, got {arguments.rounds}")
    with tempfile.TemporaryDirectory(prefix="outage-") as scratch, mlflow_servers(Path(scratch) / "server") as servers:
        bench = Bench(Path(scratch), FaultyProxy(servers[0].port), arguments.epochs)
        bench.train("none")  # caches of files and labels, for all
        measured: dict[str, list[Measured]] = {kind: [] for kind in (*UNTRACKED, *FAULTS)}
        kinds = list(measured)
        for turn in range(arguments.rounds):
            first = turn % len(kinds)
            for kind in kinds[first:] + kinds[:first]:
                measured[kind].append(bench.train(kind))
                print(f"{kind}: {measured[kind][-1].epoch_s:.3f} s an epoch", file=sys.stderr, flush=True)
    report(measured)


class Measured:
    """What was seen of a training."""

    def __init__(self, seen: dict[str, list[list[float]]]) -> None:
        # the last point is the summary's, after the training
        epochs: list[float] = seen["epochs"][:-1]  # type: ignore[assignment]
        self.epoch_s = statistics.median(after - before for before, after in itertools.pairwise(epochs))
        self.all_s = epochs[-1] - epochs[0]
        during = [(name, end - start, end) for name, start, end in seen["calls"] if end <= epochs[-1]]
        self.longest_s, self.longest = max((seconds, name) for name, seconds, _ in during)
        self.most_per_epoch_s = max(
            sum(seconds for _, seconds, end in during if before < end <= after)
            for before, after in itertools.pairwise([0.0, *epochs])
        )


def report(measured: dict[str, list[Measured]]) -> None:
    """Print medians, and ratios round by round."""
    bare = measured["none"]
    print(f"{'tracker':10} {'epoch':>9} {'ratio':>22} {'in all':>9} {'longest call':>27} {'all calls of an epoch':>22}")
    for kind, ones in measured.items():
        pairs = list(zip(ones, bare, strict=True))
        low, ratio, high = statistics.quantiles([one.epoch_s / base.epoch_s for one, base in pairs], method="inclusive")
        more_s = statistics.median(one.all_s - base.all_s for one, base in pairs)
        longest = max(ones, key=lambda one: one.longest_s)
        most_s = max(one.most_per_epoch_s for one in ones)
        call = f"{1000 * longest.longest_s:.1f} ms ({longest.longest})"
        seconds = statistics.median(one.epoch_s for one in ones)
        ratios = f"{ratio:.3f} [{low:.3f}, {high:.3f}]"
        print(f"{kind:10} {seconds:7.3f} s {ratios:>22} {more_s:+7.2f} s {call:>27} {1000 * most_s:19.1f} ms")
    print("aim: a ratio of at most 1.02, and at most 1 s for all calls of an epoch")


class Bench:
    """Trains in a scratch folder."""

    def __init__(self, folder: Path, proxy: FaultyProxy, epochs: int) -> None:
        self.folder = folder
        self.proxy = proxy
        self.epochs = epochs
        self.trainings = 0

    def train(self, kind: str) -> Measured:
        """One training with a tracker that fares as `kind` says."""
        self.trainings += 1
        self.proxy.fault = FAULTS.get(kind, Fault.NONE)
        target = self.folder / f"{self.trainings}.json"
        tracking = ["tracking=none"] if kind in UNTRACKED else ["tracking=server", "tracking.wait_s=0"]
        overrides = [*DATA, *TRAIN, *tracking, f"train.epochs={self.epochs}", "hydra/sweeper=basic"]
        overrides += [f"hydra.run.dir=runs/{self.trainings}", f"tracking.spool=spool-{self.trainings}"]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": self.proxy.url}
        command = [sys.executable, "-c", WATCHED, str(target), *overrides]
        done = subprocess.run(command, cwd=self.folder, env=environment, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
        self._let_the_courier_leave(self.folder / f"spool-{self.trainings}")
        return Measured(json.loads(target.read_text()))

    def _let_the_courier_leave(self, spool: Path) -> None:
        """It would still be at work, for which the next training is not to blame."""
        self.proxy.fault = Fault.NONE
        hurry(spool)
        while is_held(lock_of(spool)):
            time.sleep(0.1)


if __name__ == "__main__":
    main()
