"""The statements about a study's settings: who is worse, whether the best one is better, and by how much.

Each repetition makes a study of its own: fresh images, settings that see them differently, and trainings of each
setting that differ by their seed. Settings are equally good but where it is said otherwise, so that the truth is known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.calibrating.populations import RECIPES, Population, Recipe, Scene
from benchmarks.calibrating.table import Row, coverage, share
from benchmarks.calibrating.trained import Run, compared, ease_of, eases_of_groups, of_seed, places, run, truth
from src.core.interval import Interval
from src.study.leaderboard import Leaderboard, Standing, leaderboard
from src.study.noise import Measured, Noise

REPEATED, UNREPEATED, LARGE = ((8, 2), (8, 3)), ((8, 1),), ((50, 2),)  # settings and seeds
WORSE_BY = 0.7  # log odds by which one setting is worse, for the power
# of eight settings, about in standard errors of a mean; the best are worth as much as the starting weights
UNEQUAL = {
    "two groups": (0.0, 0.0, 0.0, 0.0, -3.0, -3.0, -3.0, -3.0),
    "evenly apart": (0.0, -0.5, -1.0, -1.5, -2.0, -2.5, -3.0, -3.5),
    "one clear winner": (0.0, -3.0, -3.0, -3.0, -3.0, -3.0, -3.0, -3.0),
}
_ERROR = 0.15  # log odds: about that standard error with two seeds

Boards = list[tuple[Leaderboard, list[int]]]


def rows(
    designs: Sequence[tuple[int, int]],
    population: Population,
    images: int,
    repetitions: int,
    rng: np.random.Generator,
) -> Iterator[Row]:
    """How often the statements about studies of that difficulty are right; of no other population."""
    if population.name not in RECIPES:
        return
    for settings, seeds in designs:
        equal = _studies(repetitions, RECIPES[population.name], images, [0.0] * settings, seeds, rng=rng)
        yield from of_equal(equal, population.name, images, _named(settings, seeds))
        if designs is REPEATED:
            yield from _of_unequal(population.name, images, (settings, seeds), repetitions // 2, rng)


def unequal_rows(population: Population, images: int, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """What is said of the best of eight settings with two seeds that are worth differently.

    Two groups are two image sizes here, at which the starting weights are worth differently, too, and see the images as
    the settings do.
    """
    name, seeds = population.name, 2
    if name not in RECIPES:
        return
    for kind, worth in UNEQUAL.items():
        skills = [_ERROR * each for each in worth]
        groups = skills if kind == "two groups" else None
        truths = [0.0 if groups else truth(name, skill) - truth(name, 0.0) for skill in skills]
        boards = _studies(repetitions, RECIPES[name], images, skills, seeds, rng=rng, groups=groups)
        yield from of_gain(boards, truths, name, images, f"{_named(len(skills), seeds)}, {kind}")


def _named(settings: int, seeds: int) -> str:
    return f"{settings} settings, {seeds} seed{'s' if seeds > 1 else ''}"


def of_equal(boards: Boards, name: str, images: int, method: str) -> Iterator[Row]:
    """How often something is said of settings that are all equal to each other and to the starting weights."""
    if any(board.entries[-1].standing is not Standing.UNKNOWN for board, _ in boards):
        some = [any(entry.standing is Standing.WORSE for entry in board.entries) for board, _ in boards]
        yield share("equal settings, some worse", name, images, method, some, "≤ 0.05")
    settings = max(len(order) for _, order in boards)
    yield from of_gain(boards, [0.0] * settings, name, images, method)


def of_gain(boards: Boards, truths: Sequence[float], name: str, images: int, method: str) -> Iterator[Row]:
    """What is said of the best setting's gain over the starting weights, none of which is truly above 0."""
    gains, true = [_gain(board) for board, _ in boards], [truths[order[0]] for _, order in boards]
    yield share("best, in truth no better: better", name, images, method, [gain.low > 0 for gain in gains], "≤ 0.025")
    biases = np.array([gain.estimate for gain in gains]) - true
    raw = biases + [board.chosen or 0.0 for board, _ in boards]
    note = f"bias {biases.mean():+.4f} ± {biases.std() / len(biases) ** 0.5:.4f}, uncorrected {raw.mean():+.4f}"
    note += f"; RMSE {(biases**2).mean() ** 0.5:.4f}, uncorrected {(raw**2).mean() ** 0.5:.4f}"
    yield replace(coverage("gain of the best", name, images, method, gains, true), note=note)


def _of_unequal(
    name: str, images: int, design: tuple[int, int], repetitions: int, rng: np.random.Generator
) -> Iterator[Row]:
    """Settings of different worth, one of them clearly worse."""
    skills = [*np.linspace(0.3, 0.0, design[0] - 1), -WORSE_BY]
    truths = [truth(name, skill) - truth(name, 0.0) for skill in skills]
    boards = _studies(repetitions, RECIPES[name], images, skills, design[1], rng=rng)
    method = _named(*design)
    gains = [_gain(board) for board, _ in boards]
    yield coverage("gain of the best, unequal", name, images, method, gains, [truths[order[0]] for _, order in boards])
    found = [board.entries[order.index(design[0] - 1)].standing is Standing.WORSE for board, order in boards]
    note = f"worse than all by {truths[-2] - truths[-1]:.3f} or more"
    yield share("a worse setting is called worse", name, images, method, found, "", note)


def _gain(board: Leaderboard) -> Interval:
    assert board.best.to_untrained is not None
    return board.best.to_untrained


def _studies(
    count: int,
    recipe: Recipe,
    images: int,
    skills: Sequence[float],
    seeds: int,
    *,
    rng: np.random.Generator,
    groups: Sequence[float] | None = None,
) -> Boards:
    boards = (study_board(recipe, images, skills, seeds, rng, groups=groups) for _ in range(count))
    return [board for board in boards if board is not None]


def study_board(
    recipe: Recipe,
    images: int,
    skills: Sequence[float],
    seeds: int,
    rng: np.random.Generator,
    *,
    groups: Sequence[float] | None = None,
) -> tuple[Leaderboard, list[int]] | None:
    """The leader board of a study of settings with these skills, beside starting weights of skill 0, and their order.

    Settings of one group see the images alike, and so do the starting weights, whose skill is then the group's. None
    where the images have no objects.
    """
    scene = Scene.of(recipe, images, rng)
    if not scene.positives.sum():
        return None
    if groups is None:
        start = run(recipe, scene, ease_of(scene, rng), 0.0, rng)
        eases, starts = [ease_of(scene, rng) for _ in skills], [start] * len(skills)
    else:
        eases, starts = _of_groups(recipe, scene, groups, rng)
    settings = []
    for skill, ease in zip(skills, eases, strict=True):
        # an unrepeated study speaks of its models, whose luck with the seed is a part of what they are worth
        skills_of_runs = [of_seed(skill, rng) for _ in range(seeds)] if seeds > 1 else [skill]
        settings.append([run(recipe, scene, ease, each, rng) for each in skills_of_runs])
    return board_of(settings, starts)


def _of_groups(
    recipe: Recipe, scene: Scene, groups: Sequence[float], rng: np.random.Generator
) -> tuple[list[np.ndarray], list[Run]]:
    """How easy the objects are for the settings of groups, and the starting weights of each."""
    skills = sorted(set(groups))
    eases = eases_of_groups(scene, [*groups, *skills], rng)
    starts = {
        skill: run(recipe, scene, ease, skill, rng) for skill, ease in zip(skills, eases[len(groups) :], strict=True)
    }
    return eases[: len(groups)], [starts[group] for group in groups]


def board_of(settings: Sequence[Sequence[Run]], starts: Sequence[Run]) -> tuple[Leaderboard, list[int]]:
    """The leader board of settings with these runs, beside the starting weights of each, and their order."""
    comparison = compared([[each.value for each in runs] for runs in settings])
    order = places(comparison)
    measured = {
        place: Measured(np.stack([each.images for each in settings[setting]]), starts[setting].images)
        for place, setting in enumerate(order)
    }
    untrained = {place: starts[setting].value for place, setting in enumerate(order)}
    return leaderboard(comparison, Noise.of(comparison, measured), untrained, maximize=True), order
