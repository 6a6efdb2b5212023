"""The statements about studies of which only the values of the runs are known: settings, their leaders, parameters.

Runs are normal; a run of an ordinary setting scatters by 1, or as it is said.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from benchmarks.calibrating.confirmations import seeds_only
from benchmarks.calibrating.studies import UNEQUAL, of_equal, of_gain
from benchmarks.calibrating.table import Row, coverage, share
from benchmarks.calibrating.trained import compared, places
from src.core.interval import Interval
from src.study.analysis import Contrasts
from src.study.effects import SMALLEST_EFFECT, Axis, Effect, Point, Verdict, effects
from src.study.leaderboard import Leaderboard, Standing, leaderboard
from src.study.noise import Noise

NAME = "seeds only"
SETTINGS = 8
TWICE = 2.0  # standard errors of a difference, by which a setting is worse for the power
OF_RUNS = (0.003, 0.01)  # standard deviations over seeds, beside the smallest effect that matters

Runs = Sequence[Sequence[float]]


def rows(repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """How often the statements are right."""
    for seeds in (2, 3):
        yield from _design(f"{SETTINGS} settings, {seeds} seeds", lambda n=seeds: _even(SETTINGS, n, rng), repetitions)
        yield _power(seeds, repetitions, rng)
    yield from unequal(repetitions, rng)
    for settings, leaders in ((4, 2), (12, 4)):
        method = f"{settings} settings, {leaders} leaders with 3 seeds"
        yield from _design(method, lambda k=settings, top=leaders: _leaders(k, top, rng), repetitions)
    for seeds in (2, 3, 5):
        for times in (1, 3, 6):
            yield from _unequal(seeds, times, repetitions, rng)
    for of_runs in OF_RUNS:
        for change in (0.0, SMALLEST_EFFECT):
            yield from _parameter(of_runs, change, repetitions, rng)
    yield from seeds_only(repetitions, rng)


def _design(method: str, study: Callable[[], Runs], repetitions: int) -> Iterator[Row]:
    boards = [board_of(study()) for _ in range(repetitions)]
    yield from of_equal(boards, NAME, 0, method)


def unequal(repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """What is said of the best of settings that are worth differently."""
    seeds = 2
    for kind, worth in UNEQUAL.items():
        truths = [each / np.sqrt(seeds) for each in worth]
        boards = [
            board_of((rng.normal(0, 1, (len(worth), seeds)) + np.c_[truths]).tolist()) for _ in range(repetitions)
        ]
        yield from of_gain(boards, truths, NAME, 0, f"{len(worth)} settings, {seeds} seeds, {kind}")


def _even(settings: int, seeds: int, rng: np.random.Generator) -> Runs:
    return [[*map(float, runs)] for runs in rng.normal(0, 1, (settings, seeds))]


def _leaders(settings: int, leaders: int, rng: np.random.Generator) -> Runs:
    """A run of each, and two more of those that came out first."""
    first = np.sort(rng.normal(0, 1, settings))[::-1]
    return [[float(value), *map(float, rng.normal(0, 1, 2 * (rank < leaders)))] for rank, value in enumerate(first)]


def board_of(runs: Runs) -> tuple[Leaderboard, list[int]]:
    """The leader board of settings with these runs, beside starting weights that are worth 0, and their order."""
    comparison = compared(runs)
    untrained = dict.fromkeys(range(len(runs)), 0.0)
    return leaderboard(comparison, Noise.of(comparison, {}), untrained, maximize=True), places(comparison)


def _power(seeds: int, repetitions: int, rng: np.random.Generator) -> Row:
    found = []
    for _ in range(repetitions):
        runs = rng.normal(0, 1, (SETTINGS, seeds))
        runs[-1] -= TWICE * np.sqrt(2 / seeds)
        board, order = board_of(runs.tolist())
        found.append(board.entries[order.index(SETTINGS - 1)].standing is Standing.WORSE)
    method = f"{SETTINGS} settings, {seeds} seeds"
    return share(f"worse by {TWICE:g} standard errors: called worse", NAME, 0, method, found, "")


def _unequal(seeds: int, times: float, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """Two of the settings scatter more than the others."""
    scales = np.array([times, times, *[1.0] * (SETTINGS - 2)])[:, None]
    stated, worse = [], []
    for _ in range(repetitions):
        runs = scales * rng.normal(0, 1, (SETTINGS, seeds))
        comparison = compared(runs.tolist())
        order, noise = places(comparison), Noise.of(comparison, {})
        stated.append(noise.difference(order.index(0), order.index(1), float(runs[0].mean() - runs[1].mean())))
        board = leaderboard(comparison, noise, {}, maximize=True)
        worse.append(any(entry.standing is Standing.WORSE for entry in board.entries))
    method = f"{SETTINGS} settings, {seeds} seeds, two of them scatter {times:g} times as much"
    yield coverage("difference of these two", NAME, 0, method, stated, 0.0)
    yield share("equal settings, some worse", NAME, 0, method, worse, "≤ 0.05")


def _parameter(of_runs: float, change: float, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """A parameter with two values, in four pairs of settings that differ by another one as well."""
    found = [_effect(of_runs, change, rng) for _ in range(repetitions)]
    method = f"4 pairs with 2 seeds, true effect {change:g}, runs scatter by {of_runs:g}"
    intervals = [effect.change or Interval(0.0, np.nan, np.nan) for effect in found]
    yield coverage("main effect of a parameter", NAME, 0, method, intervals, change)
    verdict = Verdict.NO_EFFECT if change else Verdict.MATTERS
    yield share(f"wrongly '{verdict}'", NAME, 0, method, [effect.verdict is verdict for effect in found], "≤ 0.05")


def _effect(of_runs: float, change: float, rng: np.random.Generator) -> Effect:
    other = rng.normal(0, 0.05, 4)
    worth = np.array([change * on + other[level] for on in (0, 1) for level in range(4)])
    comparison = compared((worth[:, None] + rng.normal(0, of_runs, (8, 2))).tolist())
    points = [
        Point(place, (place,), {"a": setting // 4, "b": str(setting % 4)}, comparison.settings[place].mean)
        for place, setting in enumerate(places(comparison))
    ]
    contrast = Contrasts(Noise.of(comparison, {}), np.array([setting.mean for setting in comparison.settings]))
    axes = {"a": Axis(0, 1), "b": Axis()}
    judged = effects(points, axes, contrast, identical={}, real={}, smallest=SMALLEST_EFFECT)
    return next(effect for effect in judged if effect.param == "a")
