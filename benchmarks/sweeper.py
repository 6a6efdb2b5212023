"""What a trial costs beside its task: 1,000 trials that do nothing, in one slot, and whether the cost grows.

This project's sweeper, with its default storage (a journal file on disk) and with each trial in its own process, which
is the default, or not; against the official hydra-optuna-sweeper with its default storage, which is memory.

Both draw with the random sampler unless told otherwise: what TPE takes grows with the number of trials and is the same
on both sides, so that it would hide what the sweepers themselves take. The cost of a trial is the time from the moment
at which the task of the trial before ran to the moment at which its own ran, as the tasks noted them.

    .venv/bin/python benchmarks/sweeper.py [--trials 1000] [--sampler tpe] [--rounds 1]
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from peer import CACHE, OFFICIAL, make_environment, run_sweep

SPACE = ("x=interval(0,1)", "y=tag(log,interval(1e-5,1e-1))", "n=range(1,9)", "kind=choice(a,b,c)")
OURS = {"this, a process each": "process", "this, in one process": "none"}


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--sampler", default="random", help="for both sides (default: random)")
    parser.add_argument("--rounds", type=int, default=1, help="the sides take turns so often; medians are printed")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the official sweeper's environment is kept")
    arguments = parser.parse_args()
    window = max(1, arguments.trials // 10)
    official = make_environment(arguments.cache / "official", OFFICIAL)
    overrides = [
        *(*SPACE, f"hydra/sweeper/sampler={arguments.sampler}", "hydra.sweeper.sampler.seed=1"),
        *(f"hydra.sweeper.n_trials={arguments.trials}", "hydra.sweeper.n_jobs=1"),
    ]
    costs: dict[str, list[tuple[float, float]]] = {}
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory(prefix="sweeper-") as scratch:
            folder = Path(scratch)
            sweeps = {"official": run_sweep(official, folder / "official", *overrides)}
            for name, isolation in OURS.items():
                more = [f"hydra.sweeper.isolation={isolation}", "hydra.sweeper.study_name=benchmark"]
                sweeps[name] = run_sweep(sys.executable, folder / isolation, *overrides, *more)
        for name, sweep in sweeps.items():
            if len(sweep.began) != arguments.trials:
                sys.exit(f"{name}: {len(sweep.began)} trials ran, expected {arguments.trials}")
            costs.setdefault(name, []).append((cost_ms(sweep.began[: window + 1]), cost_ms(sweep.began[-window - 1 :])))
    report(costs, arguments.trials, window)


def cost_ms(began: list[float]) -> float:
    """Milliseconds per trial, on average."""
    return 1000 * (began[-1] - began[0]) / (len(began) - 1)


def report(costs: dict[str, list[tuple[float, float]]], trials: int, window: int) -> None:
    """Print medians of the rounds, growth, and ratios to the official sweeper."""
    early, late = f"{1}-{window}, ms", f"{trials - window}-{trials}, ms"
    print(f"{'sweeper':<24}{early:>14}{late:>16}{'growth':>8}{'of the official':>18}")
    official = statistics.median(end for _, end in costs["official"])
    for name, rounds in costs.items():
        first, last = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:<24}{first:>14.1f}{last:>16.1f}{last / first:>8.2f}{last / official:>18.2f}")
    print("aim: of the official at most 1.00, growth at most 1.50")


if __name__ == "__main__":
    main()
