"""Which search finds the better setting in the same time: searches replayed on recorded tables, without training.

A search gets the time that a grid of 16 trainings takes, or a part of it, in the CPU seconds of the table. What counts
is the true mean of the setting that it chooses, not the first lucky value: what fresh trainings of it would reach.

The table (`record.py`) has few seeds of each setting, some settings fewer than others. Each replay makes a world of it:
the true mean of a setting is its mean in the table, drawn towards that of all by as much as the scatter between seeds
has moved it; a training has this, plus an effect of its seed that all settings share, plus a residual. A point that a
search asks for is the nearest setting that it has not trained yet.

    .venv/bin/python benchmarks/replay.py short photographs long [--replays 200] [--only ours random]

A replay takes 0.1 s of CPU time, with a GP 1.3 s where `greenlet` is installed and 2.7 s where it is not.
"""

import argparse
import math
import statistics
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import optuna
import record
from optuna.trial import TrialState
from optuna_search.ending import Outcome
from optuna_search.optuna_internals import read_anew
from optuna_search.run.tell import RetryRules, tell
from optuna_search.space.checks import default_point
from optuna_search.space.space import Space
from optuna_search.study.queue import claim
from optuna_search.study.race import Race
from optuna_search.study.views import StudyView

LEASE = {"machine": "here", "pid": 0}
SEEDS = 3  # of a setting that leads
LEADERS = 2
RUNGS, REDUCTION = 3, 3  # of promotion: a ninth of the epochs, a third, all
REPEATED = 10  # settings with several seeds, at least
SHARES = {"1/10": 0.1, "1/5": 0.2, "1/3": 1 / 3, "1/2": 0.5, "1": 1.0}  # of the grid's time
GRID = {  # the values that somebody would try by hand, each point with two seeds
    "short": {"train.epochs": (4, 9), "train.imgsz": (64, 96), "train.lr0": (0.001, 0.003)},
    "photographs": {"train.optimizer": ("SGD", "AdamW"), "train.imgsz": (96, 128), "train.freeze": (None, "10")},
    "long": {"train.lr0": (0.001, 0.003), "train.batch": (4, 8), "train.mosaic": (0.0, 1.0)},
}


class Table:
    """A recorded table, and the space that it was recorded in."""

    def __init__(self, name: str) -> None:
        self.name = name
        rows = record.read(record.TABLES / f"{name}.parquet")
        numbers = sorted({row["setting"] for row in rows})
        self.rows = [[row for row in rows if row["setting"] == number] for number in numbers]
        task = record.TASKS[name]
        self.space, self.config = record.space_of(task, task.overrides)
        self.keys = sorted(self.space.keys)
        self.settings = [{key: own[0][key] for key in self.keys} for own in self.rows]
        seeds = sorted({row["seed"] for row in rows})
        found = {(row["setting"], row["seed"]): row["final"] for row in rows}
        self.values = np.array([[found.get((number, seed), math.nan) for seed in seeds] for number in numbers])
        self._scale = {key: scale_of(self.space, key) for key in self.keys}
        self._places = np.array([self._place(setting) for setting in self.settings])

    def nearest(self, setting: Mapping[str, Any]) -> np.ndarray:
        """The settings in the order of their distance."""
        return np.argsort(np.abs(self._places - self._place(setting)).sum(axis=1), kind="stable")

    def cost(self, number: int, seed: int) -> float:
        """CPU seconds of a training."""
        row = self.rows[number][seed % len(self.rows[number])]
        return float(row["start_s"] + sum(row["epoch_s"]) + row["end_s"])

    def _place(self, setting: Mapping[str, Any]) -> np.ndarray:
        return np.concatenate([self._scale[key](setting[key]) for key in self.keys])


def scale_of(space: Space, key: str) -> Callable[[Any], np.ndarray]:
    """Brings a parameter's values to [0, 1], or categories to corners that are 1 apart."""
    cases = [parameter.distribution for parameter in space.parameters.values() if parameter.key == key]
    if isinstance(cases[0], optuna.distributions.CategoricalDistribution):
        choices = [str(choice) for choice in cases[0].choices]
        return lambda value: np.array([0.5 * (str(value) == choice) for choice in choices])
    low, high = min(case.low for case in cases), max(case.high for case in cases)
    bend = math.log if cases[0].log else float
    return lambda value: np.array([(bend(value) - bend(low)) / (bend(high) - bend(low))])


class World:
    """What trainings would give, in one replay."""

    def __init__(self, table: Table, replay: int) -> None:
        values, seen = table.values, ~np.isnan(table.values)
        of_setting, of_seed = np.nanmean(values, axis=1), np.zeros(values.shape[1])
        for _ in range(50):  # the two effects, by turns
            of_seed = np.nanmean(values - of_setting[:, None], axis=0)
            of_seed -= of_seed.mean()
            of_setting = np.nanmean(values - of_seed, axis=1)
        residuals = (values - of_setting[:, None] - of_seed)[seen & (seen.sum(axis=1) > 1)[:, None]]
        freedom = seen.sum() - seen.shape[0] - (seen.shape[1] - 1)
        variance = (residuals**2).sum() / freedom
        between = max(0.0, of_setting.var(ddof=1) - (variance / seen.sum(axis=1)).mean())
        kept = np.sqrt(between / (between + variance / seen.sum(axis=1)))
        self.truth = of_setting.mean() + kept * (of_setting - of_setting.mean())
        self.scatter, self.common = math.sqrt(variance), math.sqrt(max(0.0, of_seed.var(ddof=1) - variance / len(kept)))
        self._residuals = residuals * math.sqrt(variance / (residuals**2).mean())
        self._table = table
        self._replay = replay
        self._runs: dict[tuple[int, int], tuple[list[float], list[float]]] = {}

    def train(self, number: int, seed: int) -> tuple[list[float], list[float]]:
        """Of a training, the values of its epochs, the last of which is its result, and their CPU seconds."""
        if (number, seed) not in self._runs:
            own, rng = self._table.rows[number], np.random.default_rng([self._replay, seed, number])
            row = own[int(rng.integers(len(own)))]
            of_seed = np.random.default_rng([self._replay, seed]).normal(0, self.common)
            value = float(self.truth[number] + of_seed + rng.choice(self._residuals))
            curve = [*row[record.METRIC][:-1], row["final"]]
            off = value - row["final"]
            values = [each + off * (epoch + 1) / len(curve) for epoch, each in enumerate(curve)]
            seconds = [row["start_s"] + row["epoch_s"][0], *row["epoch_s"][1:-1], row["epoch_s"][-1] + row["end_s"]]
            self._runs[number, seed] = values, seconds
        return self._runs[number, seed]


class Clock:
    """The time of a search, and what it would choose at any moment."""

    def __init__(self) -> None:
        self.now = 0.0
        self.choices: list[tuple[float, int]] = []

    def choice(self, at: float) -> int | None:
        """The setting that it would choose then."""
        return next((number for when, number in reversed(self.choices) if when <= at), None)


@dataclass(frozen=True)
class Replay:
    """One replay of a table."""

    table: Table
    seed: int
    limit_s: float

    def world(self) -> World:
        """The same for every search."""
        return World(self.table, self.seed)


def grid(replay: Replay, *, shuffled: bool) -> Clock:
    """Every point of the grid with two seeds; the best single training wins."""
    world, clock, best = replay.world(), Clock(), -math.inf
    runs = grid_of(replay.table)
    for number, seed in np.random.default_rng(replay.seed).permutation(runs) if shuffled else runs:
        values, seconds = world.train(int(number), int(seed))
        clock.now += sum(seconds)
        if values[-1] > best:
            best = values[-1]
            clock.choices.append((clock.now, int(number)))
    return clock


def grid_of(table: Table) -> list[tuple[int, int]]:
    """The trainings of the grid: setting and seed, the last value of a point changing fastest."""
    base = table.space.by_key(default_point(table.space, table.config))
    points: list[dict[str, Any]] = [{}]
    for key, values in GRID[table.name].items():
        points = [{**point, key: value} for point in points for value in values]
    taken: list[int] = []
    for point in points:
        taken.append(next(int(n) for n in table.nearest({**base, **point}) if n not in taken))
    return [(number, seed) for number in taken for seed in range(2)]


def search(
    replay: Replay,
    sampler: Callable[[int], optuna.samplers.BaseSampler],
    pruner: optuna.pruners.BasePruner | None = None,
    race: Race | None = None,
    share: float = 1.0,
) -> Clock:
    """Draw, train and tell as the sweeper does, until the time is over; the configured default is the first point."""
    table, world, clock, limit_s = replay.table, replay.world(), Clock(), replay.limit_s * share
    study = optuna.create_study(
        direction="maximize", sampler=sampler(replay.seed), pruner=pruner or optuna.pruners.NopPruner()
    )
    study.enqueue_trial(default_point(table.space, table.config))
    affordable = max(1, int(limit_s / statistics.mean(table.cost(n, 0) for n in range(len(table.rows)))))
    known: dict[str, int] = {}  # parameters of a trial → setting
    while len(known) < len(table.rows):
        read_anew(study)
        trial_id = claim(study, affordable if race else 10**6, LEASE, locked=True, race=race)
        if trial_id is None:
            break
        trial = optuna.Trial(study, trial_id)
        table.space.suggest(trial, table.config)
        point = repr(sorted(trial.params.items()))
        if point not in known:
            setting = table.space.by_key(trial.params)
            known[point] = next(int(n) for n in table.nearest(setting) if n not in known.values())
        seed = int(trial.user_attrs.get("replicate", "train.seed=0").rpartition("=")[2])
        if not train(
            world.train(known[point], seed),
            trial,
            clock,
            limit_s,
            may_prune=not isinstance(pruner, optuna.pruners.NopPruner),
        ):
            break
        best = StudyView.of(study).best_trials
        if best:
            clock.choices.append((clock.now, known[repr(sorted(best[0].frozen.params.items()))]))
    return clock


def promotion(replay: Replay, sampler: Callable[[int], optuna.samplers.BaseSampler]) -> Clock:
    """Pause at a ninth and a third of the epochs, and resume what is in the best third there (ASHA, Li et al. 2020).

    A training that is resumed pays for its start again, but not for epochs that it has had.
    """
    table, world, clock = replay.table, replay.world(), Clock()
    reached: dict[int, int] = {}  # setting → rung
    trials: dict[int, optuna.Trial] = {}
    while True:
        number, rung = promotable(world, reached), 0
        if number is None:
            if len(reached) == len(table.rows):
                break
            study = optuna.create_study(direction="maximize", sampler=sampler(replay.seed + len(reached)))
            for known, trial in trials.items():
                study.add_trial(so_far(trial, world.train(known, 0)[0], reached[known]))
            if not reached:
                study.enqueue_trial(default_point(table.space, table.config))
            trial = study.ask()
            table.space.suggest(trial, table.config)
            setting = table.space.by_key(trial.params)
            number = next(int(n) for n in table.nearest(setting) if n not in reached)
            trials[number] = trial
        else:
            rung = reached[number] + 1
        values, seconds = world.train(number, 0)
        begin = epochs_of(len(values), rung - 1) if rung else 0
        again_s = table.rows[number][0]["start_s"] if rung else 0.0
        clock.now += again_s + sum(seconds[begin : epochs_of(len(values), rung)])
        if clock.now > replay.limit_s:
            break
        reached[number] = rung
        highest = max(reached.values())
        clock.choices.append(
            (clock.now, max((n for n in reached if reached[n] == highest), key=lambda n: value_at(world, n, highest)))
        )
    return clock


def epochs_of(epochs: int, rung: int) -> int:
    """How many of a training's epochs a rung has."""
    return math.ceil(epochs / REDUCTION ** (RUNGS - 1 - rung))


def value_at(world: World, number: int, rung: int) -> float:
    """What a training has reached at a rung."""
    values = world.train(number, 0)[0]
    return values[epochs_of(len(values), rung) - 1]


def promotable(world: World, reached: Mapping[int, int]) -> int | None:
    """The best paused training that is in the best third of its rung; of several rungs the highest."""
    for rung in reversed(range(RUNGS - 1)):
        there = sorted((n for n in reached if reached[n] >= rung), key=lambda n: -value_at(world, n, rung))
        for number in there[: len(there) // REDUCTION]:
            if reached[number] == rung:
                return number
    return None


def so_far(trial: optuna.Trial, values: Sequence[float], rung: int) -> optuna.trial.FrozenTrial:
    """A trial as a sampler is to know it: ended, or as if stopped where it is paused."""
    epochs = epochs_of(len(values), rung)
    ended = rung == RUNGS - 1
    return optuna.trial.create_trial(
        state=TrialState.COMPLETE if ended else TrialState.PRUNED,
        value=values[-1] if ended else None,
        params=trial.params,
        distributions=trial.distributions,
        intermediate_values={epoch + 1: value for epoch, value in enumerate(values[:epochs])},
    )


def train(
    course: tuple[list[float], list[float]], trial: optuna.Trial, clock: Clock, limit_s: float, *, may_prune: bool
) -> bool:
    """Let a training go by; whether it ended in time."""
    values, seconds = course
    for epoch, (value, took) in enumerate(zip(values, seconds, strict=True)):
        clock.now += took
        if clock.now > limit_s:
            return False
        if may_prune:
            trial.report(value, epoch + 1)
            if epoch + 1 < len(values) and trial.should_prune():
                trial.study.tell(trial, state=TrialState.PRUNED)
                return True
    tell(trial.study, trial, Outcome.completed(values[-1]), RetryRules(0))
    return True


@dataclass(frozen=True)
class Method:
    """A search.

    Attributes:
        run: Of a replay and the share of the grid's time that it is given.
        plans: Whether it searches otherwise where it is given less time.
    """

    run: Callable[[Replay, float], Clock]
    plans: bool = False


def methods(table: Table) -> dict[str, Method]:
    """All searches by name."""
    tpe = partial(optuna.samplers.TPESampler)
    longest = max(len(row[record.METRIC]) for own in table.rows for row in own)
    hyperband = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=longest)
    race = Race(tuple(f"train.seed={seed}" for seed in range(SEEDS)), LEADERS, maximize=True)
    early = partial(optuna.samplers.TPESampler, n_startup_trials=4)
    return {
        "grid, in order": Method(lambda replay, _: grid(replay, shuffled=False)),
        "grid, shuffled": Method(lambda replay, _: grid(replay, shuffled=True)),
        "random": Method(lambda replay, _: search(replay, lambda s: optuna.samplers.RandomSampler(seed=s))),
        "TPE": Method(lambda replay, _: search(replay, lambda s: tpe(seed=s))),
        "GP": Method(lambda replay, _: search(replay, lambda s: optuna.samplers.GPSampler(seed=s))),
        "GP, early": Method(
            lambda replay, _: search(replay, lambda s: optuna.samplers.GPSampler(seed=s, n_startup_trials=1))
        ),
        "CMA-ES": Method(
            lambda replay, _: search(
                replay, lambda s: optuna.samplers.CmaEsSampler(seed=s, warn_independent_sampling=False)
            )
        ),
        "Hyperband, TPE": Method(lambda replay, _: search(replay, lambda s: tpe(seed=s), hyperband)),
        "promotion, random": Method(
            lambda replay, _: promotion(replay, lambda s: optuna.samplers.RandomSampler(seed=s))
        ),
        "promotion, TPE": Method(lambda replay, _: promotion(replay, lambda s: tpe(seed=s))),
        "tpe_early, no race": Method(lambda replay, _: search(replay, lambda s: early(seed=s))),
        "ours": Method(
            lambda replay, share: search(replay, lambda s: early(seed=s), race=race, share=share), plans=True
        ),
    }


def main() -> None:
    """Replay, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", choices=list(GRID))
    parser.add_argument("--replays", type=int, default=200)
    parser.add_argument("--only", nargs="+", help="methods")
    said = parser.parse_args()
    with record.composing():
        for name in said.tables:
            table = Table(name)
            if (repeated := sum(len(own) > 1 for own in table.rows)) < REPEATED:
                again = f"{record.TABLES / name}.parquet: {repeated} of {len(table.rows)} settings have a second seed"
                sys.exit(f"{again}, too few to know the scatter between seeds ({REPEATED}). Resume record.py {name}.")
            compare(table, said.replays, said.only)


def compare(table: Table, replays: int, only: Sequence[str] | None) -> None:
    """Print the table of a table's methods."""
    limit_s = sum(table.cost(number, seed) for number, seed in grid_of(table))
    world = World(table, 0)
    truth = world.truth
    trainings = sum(map(len, table.rows))
    print(
        f"\n{table.name}: {trainings} trainings of {len(table.rows)} settings; the grid takes {limit_s:.0f} CPU s\n"
        f"true means from {truth.min():.4f} to {truth.max():.4f}, {truth.mean():.4f} on average; scatter of a training"
        f" {world.scatter:.4f}, of what a seed does to all {world.common:.4f}"
    )
    print(f"{'share of the time':<22}" + "".join(f"{share:>17}" for share in SHARES))
    for name, method in methods(table).items():
        if only and name not in only:
            continue
        reached = np.array([list(chosen(Replay(table, seed, limit_s), method, truth)) for seed in range(replays)])
        means, errors = reached.mean(axis=0), reached.std(axis=0, ddof=1) / math.sqrt(replays)
        shown = "".join(f"{mean:>8.4f} ± {error:.4f}" for mean, error in zip(means, errors, strict=True))
        print(f"{name:<22}{shown}", flush=True)


def chosen(replay: Replay, method: Method, truth: np.ndarray) -> Iterator[float]:
    """The true means of what a search would choose; with nothing to choose from, that of all settings."""
    whole = None if method.plans else method.run(replay, 1.0)
    for share in SHARES.values():
        clock = method.run(replay, share) if whole is None else whole
        number = clock.choice(replay.limit_s * share)
        yield float(truth.mean() if number is None else truth[number])


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    sys.exit(main())
