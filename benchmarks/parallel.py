"""How much of four workers' time is spent in trials, when some trials take eight times as long as others.

48 trials sleep 0.5, 1, 2 or 4 s by chance, on four workers of Hydra's joblib launcher, under this project's sweeper and
under the official hydra-optuna-sweeper. Both go through the same 48 points (a grid), so that their work is the same to
the second. The share is the sum of all sleeps over four times the time between the start of the first and the end of
the last trial. What is lost of it is told apart: workers that start after the first, workers that find nothing left to
do while the last trials run, and what lies between trials. The second loss is the budget's, not the sweeper's, and is
the smaller the more trials there are: the share is given without it, too.

    .venv/bin/python benchmarks/parallel.py [--trials 48] [--workers 4]
"""

import argparse
import sys
import tempfile
from pathlib import Path

from peer import CACHE, OFFICIAL, Sweep, make_environment, run_sweep


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=48)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the official sweeper's environment is kept")
    arguments = parser.parse_args()
    pythons = {
        "official": make_environment(arguments.cache / "official", OFFICIAL),
        "this": sys.executable,
    }
    overrides = [
        *("hydra/sweeper/sampler=grid", f"point=range(0,{arguments.trials})"),
        *(f"hydra.sweeper.n_trials={arguments.trials}", f"hydra.sweeper.n_jobs={arguments.workers}"),
        *("hydra/launcher=joblib", f"hydra.launcher.n_jobs={arguments.workers}"),
    ]
    print(f"{'sweeper':<10}{'program':>9}{'first to last':>15}{'share':>7}{'  lost, worker seconds:':<24}", end="")
    print(f"{'start':>7}{'between':>9}{'end':>7}")
    shares = {}
    for name, python in pythons.items():
        with tempfile.TemporaryDirectory(prefix="parallel-") as scratch:
            sweep = run_sweep(python, Path(scratch) / name, *overrides, SLEEPS="0.5 1 2 4")
        if len(sweep.began) != arguments.trials:
            sys.exit(f"{name}: {len(sweep.began)} trials ran, expected {arguments.trials}")
        shares[name] = show(name, sweep, arguments.workers)
    (ours, ours_busy), (theirs, theirs_busy) = shares["this"], shares["official"]
    print(f"in trials from the first to the last: {ours:.2f}  (aim: at least 0.90), official {theirs:.2f}")
    print(f"in trials while a worker had trials left: {ours_busy:.2f}, official {theirs_busy:.2f}")


def show(name: str, sweep: Sweep, workers: int) -> tuple[float, float]:
    """Print a sweep's row, in seconds.

    Returns:
        The share of the workers' time in trials, from the first to the last, and while there were trials left.
    """
    slept, took = sum(sweep.slept), max(sweep.ended) - min(sweep.began)
    start = sum(began - sweep.began[0] for began in sweep.began[:workers])
    end = sum(max(sweep.ended) - ended for ended in sorted(sweep.ended)[-workers:])
    between = workers * took - slept - start - end
    share = slept / workers / took
    print(
        f"{name:<10}{sweep.seconds:>9.1f}{took:>15.1f}{share:>7.2f}{'':<24}{start:>7.1f}{between:>9.1f}{end:>7.1f}",
        end="",
    )
    print(f"  whole program {slept / workers / sweep.seconds:.2f}")
    return share, slept / (workers * took - end)


if __name__ == "__main__":
    main()
