"""What it is worth to repeat runs, and when: the true mean of the setting that a search chooses.

Settings are drawn at random, so that nothing but the choice of repetitions tells the rules apart: their true means are
normal with a standard deviation of 1, a run scatters around its setting's, and its seed moves all settings by half as
much as that. The setting with the best mean less one standard error is chosen, as in a study.

    .venv/bin/python benchmarks/repeats.py --searches 1000
"""

import argparse
import math
import statistics
from collections.abc import Callable, Sequence

import numpy as np
from optuna.trial import FrozenTrial, create_trial
from optuna_search.attributes import REPLICATE, REPLICATE_OF
from optuna_search.study import race

SEEDS = [f"seed={seed}" for seed in range(3)]
RACE = race.Race(tuple(SEEDS), 2, maximize=True)  # as in search=default
TRIALS = (8, 16, 32)
SCATTERS = (0.15, 0.5, 1.0, 2.0)

Rule = Callable[[Sequence[FrozenTrial], int], race.NextRun]
NEW = race.NextRun({REPLICATE: SEEDS[0]}, {})


def leaders_in_the_last(part: int) -> Rule:
    """In the last part of the runs two leaders get their second and third seed, whatever it is worth."""

    def rule(trials: Sequence[FrozenTrial], places: int) -> race.NextRun:
        if places > (len(trials) + places) // part:
            return NEW
        runs = by_setting(trials)
        leading = sorted(runs, key=lambda number: -statistics.fmean(values(runs[number])))[:2]
        missing = [number for number in leading if len(runs[number]) < len(SEEDS)]
        if not missing:
            return NEW
        number = min(missing, key=lambda number: len(runs[number]))
        return race.NextRun({REPLICATE: SEEDS[len(runs[number])], REPLICATE_OF: number}, {})

    return rule


RULES: dict[str, Rule] = {
    "never": lambda *_: NEW,
    "two leaders, second half": leaders_in_the_last(2),
    "two leaders, last quarter": leaders_in_the_last(4),
    "where it pays": RACE.next,
}


def by_setting(trials: Sequence[FrozenTrial]) -> dict[int, list[FrozenTrial]]:
    """The runs of each setting, by the number of its first."""
    runs: dict[int, list[FrozenTrial]] = {}
    for trial in trials:
        runs.setdefault(trial.user_attrs.get(REPLICATE_OF, trial.number), []).append(trial)
    return runs


def values(trials: Sequence[FrozenTrial]) -> list[float]:
    """Of trials."""
    return [trial.values[0] for trial in trials]


def search(rule: Rule, count: int, scatter: float, seed: int) -> tuple[float, int]:
    """The true mean of what it chooses, and how many of its runs are repetitions."""
    random = np.random.default_rng(seed)
    of_seed = dict(zip(SEEDS, random.normal(0, scatter / 2, len(SEEDS)), strict=True))
    true = random.normal(size=count)
    trials: list[FrozenTrial] = []
    while len(trials) < count:
        attributes = dict(rule(trials, count - len(trials)).attributes)
        setting = attributes.get(REPLICATE_OF, len(trials))
        value = true[setting] + of_seed[attributes[REPLICATE]] + random.normal(0, scatter)
        trials.append(create_trial(value=float(value), user_attrs=attributes))
        trials[-1].number = len(trials) - 1
    runs = by_setting(trials)
    own = {number: values(found) for number, found in runs.items()}
    freedom = len(trials) - len(runs)
    squares = sum((value - statistics.fmean(each)) ** 2 for each in own.values() for value in each)
    error = math.sqrt(squares / freedom) if freedom else 0.0
    chosen = max(own, key=lambda number: statistics.fmean(own[number]) - error / math.sqrt(len(own[number])))
    return float(true[chosen]), freedom


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=int, default=1000)
    searches = parser.parse_args().searches
    print(f"| runs | a run scatters by | {' | '.join(RULES)} |")
    print("|---|---|" + "---|" * len(RULES))
    for count in TRIALS:
        for scatter in SCATTERS:
            cells = []
            for rule in RULES.values():
                found = np.array([search(rule, count, scatter, seed) for seed in range(searches)])
                error = found[:, 0].std(ddof=1) / math.sqrt(searches)
                cells.append(f"{found[:, 0].mean():.2f} ± {error:.2f} ({found[:, 1].mean():.1f})")
            print(f"| {count} | {scatter:g} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
