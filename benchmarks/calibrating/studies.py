"""The statements about a study's settings: who is worse, whether the best one is better, and by how much.

Each repetition makes a study of its own: fresh images, settings that see them differently, and trainings of each
setting that differ by their seed. Settings are equally good but where it is said otherwise, so that the truth is known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.calibrating.populations import RECIPES, Population, Recipe, Scene
from benchmarks.calibrating.table import Row, coverage, share
from benchmarks.calibrating.trained import Run, compared, ease_of, of_seed, places, run, truth
from src.core.interval import Interval
from src.study.leaderboard import Leaderboard, Standing, leaderboard
from src.study.noise import Measured, Noise

REPEATED, UNREPEATED, LARGE = ((8, 2), (8, 3)), ((8, 1),), ((50, 2),)  # settings and seeds
WORSE_BY = 0.7  # log odds by which one setting is worse, for the power

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


def _named(settings: int, seeds: int) -> str:
    return f"{settings} settings, {seeds} seed{'s' if seeds > 1 else ''}"


def of_equal(boards: Boards, name: str, images: int, method: str) -> Iterator[Row]:
    """How often something is said of settings that are all equal to each other and to the starting weights."""
    if any(board.entries[-1].standing is not Standing.UNKNOWN for board, _ in boards):
        some = [any(entry.standing is Standing.WORSE for entry in board.entries) for board, _ in boards]
        yield share("equal settings, some worse", name, images, method, some, "≤ 0.05")
    gains = [_gain(board) for board, _ in boards]
    yield share("best of equal settings better", name, images, method, [gain.low > 0 for gain in gains], "≤ 0.025")
    raw = np.mean([gain.estimate + (board.chosen or 0.0) for gain, (board, _) in zip(gains, boards, strict=True)])
    note = f"bias {np.mean([gain.estimate for gain in gains]):+.4f}, uncorrected {raw:+.4f}"
    yield replace(coverage("gain of the best", name, images, method, gains, 0.0), note=note)


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
    count: int, recipe: Recipe, images: int, skills: Sequence[float], seeds: int, *, rng: np.random.Generator
) -> Boards:
    boards = (study_board(recipe, images, skills, seeds, rng) for _ in range(count))
    return [board for board in boards if board is not None]


def study_board(
    recipe: Recipe, images: int, skills: Sequence[float], seeds: int, rng: np.random.Generator
) -> tuple[Leaderboard, list[int]] | None:
    """The leader board of a study of settings with these skills, beside starting weights of skill 0, and their order.

    None where the images have no objects.
    """
    scene = Scene.of(recipe, images, rng)
    if not scene.positives.sum():
        return None
    start = run(recipe, scene, ease_of(scene, rng), 0.0, rng)
    settings = []
    for skill in skills:
        ease = ease_of(scene, rng)
        # an unrepeated study speaks of its models, whose luck with the seed is a part of what they are worth
        skills_of_runs = [of_seed(skill, rng) for _ in range(seeds)] if seeds > 1 else [skill]
        settings.append([run(recipe, scene, ease, each, rng) for each in skills_of_runs])
    return board_of(settings, start)


def board_of(settings: Sequence[Sequence[Run]], start: Run) -> tuple[Leaderboard, list[int]]:
    """The leader board of settings with these runs, and their order."""
    comparison = compared([[each.value for each in runs] for runs in settings])
    order = places(comparison)
    measured = {
        place: Measured(np.stack([each.images for each in settings[setting]]), start.images)
        for place, setting in enumerate(order)
    }
    untrained = dict.fromkeys(range(len(settings)), start.value)
    return leaderboard(comparison, Noise.of(comparison, measured), untrained, maximize=True), order
