"""The statements about studies that choose by themselves which runs to repeat, by what the runs before have given.

Runs are normal and scatter by 1; of all other runs, only the values are known. Which run comes next is decided by the
rule that sweeps use.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from optuna.trial import FrozenTrial, create_trial
from optuna_search.attributes import REPLICATE_OF
from optuna_search.study.race import Race

from benchmarks.calibrating.seeds import NAME, board_of
from benchmarks.calibrating.studies import of_equal, of_gain
from benchmarks.calibrating.table import Row

RACE = Race(tuple(f"train.seed={seed}" for seed in range(3)), 2, maximize=True)  # as in search=default
TRIALS = (8, 16, 32)
APART = (0.5, 1.0, 2.0)  # standard deviations of a run


def rows(repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """How often the statements are right."""
    for trials in TRIALS:
        boards = [board_of(raced([0.0] * trials, rng)) for _ in range(repetitions)]
        yield from of_equal(boards, NAME, 0, f"{trials} trials")
        for apart in APART:
            worth = np.random.default_rng(trials).normal(0, apart, trials)
            truths = [*map(float, worth - worth.max())]
            boards = [board_of(raced(truths, rng)) for _ in range(repetitions)]
            yield from of_gain(boards, truths, NAME, 0, f"{trials} trials, settings apart by {apart:g}")


def raced(truths: Sequence[float], rng: np.random.Generator) -> list[list[float]]:
    """The runs of settings with these true means, as many runs in all as there are means."""
    trials: list[FrozenTrial] = []
    runs: dict[int, list[float]] = {}  # by the number of a setting's first trial
    while len(trials) < len(truths):
        attributes = dict(RACE.next(trials, len(truths) - len(trials)).attributes)
        own = runs.setdefault(attributes.get(REPLICATE_OF, len(trials)), [])
        place = list(runs).index(attributes.get(REPLICATE_OF, len(trials)))
        own.append(float(truths[place] + rng.normal()))
        trials.append(create_trial(value=own[-1], user_attrs=attributes))
        trials[-1].number = len(trials) - 1
    return list(runs.values())
