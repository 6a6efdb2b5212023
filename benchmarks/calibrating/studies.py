"""The statements about a study: who is worse, whether the best is better, what a confirmation says, what mattered.

Each repetition makes a study of its own: fresh images, settings that see them differently, and trainings of each
setting that differ by their seed. Settings are equally good but where it is said otherwise, so that the truth is known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from benchmarks.calibrating.populations import RECIPES, Population, Recipe, Scene, model
from benchmarks.calibrating.table import Row, coverage, share
from src.core.detection_records import DetectionRecords
from src.core.interval import Interval
from src.documents.study_record import StudyTraining
from src.evaluation.average_precision import average_precision
from src.evaluation.contributions import contributions
from src.study.comparison import SEED, compare
from src.study.confirmation import Confirmation, Retrained, confirm
from src.study.leaderboard import Leaderboard, Standing, leaderboard
from src.study.noise import Measured, Noise

METRIC = "val/mAP50-95"
OF_SETTING, OF_TRAINING, OF_SEED = 0.7, 0.5, 0.15  # log odds: object by object, likewise, and of a training as a whole
DESIGNS = ((8, 2), (8, 1), (3, 3), (50, 2))
MANY = 50  # settings, of which there are fewer repetitions
TOP, FRESH = 3, 3  # settings and seeds of a confirmation
WORSE_BY = 0.35  # log odds by which one setting is worse, for the power


@dataclass(frozen=True)
class Found:
    """The value of a model and what the images contribute to it."""

    value: float
    images: np.ndarray


def rows(population: Population, images: int, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """How often the statements about studies of that difficulty are right; of no other population."""
    if population.name not in RECIPES:
        return
    for design in DESIGNS:
        yield from _boards(population.name, images, design, repetitions, rng)
    yield from _confirmations(population.name, images, repetitions, rng)


def _boards(
    name: str, images: int, design: tuple[int, int], repetitions: int, rng: np.random.Generator
) -> Iterator[Row]:
    """Settings that are all equally good."""
    recipe = RECIPES[name]
    settings, seeds = design
    times = repetitions if settings < MANY else repetitions // 5
    boards = [study_board(recipe, images, [0.0] * settings, seeds, rng) for _ in range(times)]
    boards = [board for board in boards if board is not None]
    method = f"{settings} settings, {seeds} seed{'s' if seeds > 1 else ''}"
    some = [any(entry.standing is Standing.WORSE for entry in board.entries) for board in boards]
    yield share("equal settings, some worse", name, images, method, some, "≤ 0.05")
    gains = [board.best.to_untrained or Interval(0, 0, 0) for board in boards]
    yield share("best of equal settings better", name, images, method, [gain.low > 0 for gain in gains], "≤ 0.025")
    raw = np.mean([gain.estimate + (board.chosen or 0) for gain, board in zip(gains, boards, strict=True)])
    note = f"bias {np.mean([gain.estimate for gain in gains]):+.4f}, uncorrected {raw:+.4f}"
    yield replace(coverage("gain of the best", name, images, method, gains, 0.0), note=note)
    if seeds > 1 and settings == DESIGNS[0][0]:
        yield from _unequal(name, images, design, repetitions // 2, rng)


def _unequal(
    name: str, images: int, design: tuple[int, int], repetitions: int, rng: np.random.Generator
) -> Iterator[Row]:
    """Settings of different worth, one of them clearly worse."""
    recipe = RECIPES[name]
    skills = [*np.linspace(0.3, 0.0, design[0] - 1), -2 * WORSE_BY]
    truths = [truth(name, skill) - truth(name, 0.0) for skill in skills]
    gains, true, found = [], [], []
    for _ in range(repetitions):
        board = study_board(recipe, images, skills, design[1], rng)
        if board is not None:
            place = {entry.setting.trials[0].params["setting"]: entry for entry in board.entries}
            found.append(place[str(design[0] - 1)].standing is Standing.WORSE)
            gains.append(board.best.to_untrained or Interval(0, 0, 0))
            true.append(truths[int(board.best.setting.trials[0].params["setting"])])
    method = f"{design[0]} settings, {design[1]} seeds"
    yield coverage("gain of the best, unequal", name, images, method, gains, true)
    by = truths[-2] - truths[-1]
    yield share(
        "a worse setting is called worse", name, images, method, found, "", f"worse than all by {by:.3f} or more"
    )


def _confirmations(recipe: Recipe, name: str, images: int, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """A search of 8 settings whose true worth scatters by as much as a training does; its leaders trained again."""
    recipe = RECIPES[name]
    for split in ("val", "test"):
        for spread in (0.0, OF_SEED):
            gains, true, said, right = [], [], [], []
            for _ in range(repetitions // 2):
                skills = rng.normal(0, spread, 8)
                outcome, leaders = _confirmed(recipe, images, skills, split, rng)
                if outcome is None or outcome.over_untrained is None:
                    continue
                gains.append(outcome.over_untrained.difference)
                worth = [truth(name, round(float(skills[place]), 2)) for place in leaders]
                true.append(worth[outcome.winner] - truth(name, 0.0))
                for place, advantage in enumerate(outcome.advantages):
                    if (
                        advantage is not None
                        and advantage.probability is not None
                        and 0.85 <= advantage.probability < 0.95
                    ):
                        said.append(advantage.probability)
                        right.append(skills[leaders[outcome.winner]] > skills[leaders[place]])
            method = f"judged on {split}, settings scatter by {spread} log odds"
            yield coverage("confirm: gain of the winner", name, images, method, gains, true)
            better = [gain.low > 0 >= worth for gain, worth in zip(gains, true, strict=True)]
            yield share("confirm: winner wrongly better", name, images, method, better, "≤ 0.025")
            if spread:
                note = f"said {np.mean(said):.3f}" if said else "never said"
                yield share("confirm: 90 % sure that better", name, images, method, right, "0.85–0.95", note)


def _confirmed(
    recipe: Recipe, images: int, skills: Sequence[float], split: str, rng: np.random.Generator
) -> tuple[Confirmation | None, list[int]]:
    val, test = Scene.of(recipe, images, rng), Scene.of(recipe, images, rng)
    eases = {key: [_ease(scene, rng) for _ in range(len(skills) + 1)] for key, scene in (("val", val), ("test", test))}
    scenes = {"val": val, "test": test}
    searched = [
        _found(recipe, val, eases["val"][place], skills[place] + rng.normal(0, OF_SEED), rng)
        for place in range(len(skills))
    ]
    if None in searched or not test.positives.sum():
        return None, []
    leaders = sorted(range(len(skills)), key=lambda place: -searched[place].value)[:TOP]  # type: ignore[union-attr]
    retrained = []
    for place in leaders:
        seeds = [skills[place] + rng.normal(0, OF_SEED) for _ in range(FRESH)]
        on = {
            key: [_found(recipe, scenes[key], eases[key][place], skill, rng) for skill in seeds]
            for key in ("val", split)
        }
        start = _found(recipe, scenes[split], eases[split][-1], 0.0, np.random.default_rng(images))
        values = {key: {seed: each.value for seed, each in enumerate(found)} for key, found in on.items()}
        measured = Measured(np.stack([each.images for each in on[split]]), start.images)
        retrained.append(
            Retrained(
                place, searched[place].value, values["val"], values["test"] if split == "test" else None, measured
            )
        )
    return confirm(retrained, untrained=start.value, searched=len(skills)), leaders


def study_board(
    recipe: Recipe, images: int, skills: Sequence[float], seeds: int, rng: np.random.Generator
) -> Leaderboard | None:
    """The leader board of a study of settings with these skills, beside starting weights of skill 0."""
    scene = Scene.of(recipe, images, rng)
    if not scene.positives.sum():
        return None
    trainings, measured = [], {}
    start = _found(recipe, scene, _ease(scene, rng), 0.0, rng)
    for place, skill in enumerate(skills):
        ease = _ease(scene, rng)
        found = [_found(recipe, scene, ease, skill + rng.normal(0, OF_SEED), rng) for _ in range(seeds)]
        measured[str(place)] = Measured(np.stack([each.images for each in found]), start.images)
        for seed, each in enumerate(found):
            params = {"setting": str(place), SEED: str(seed)}
            trainings.append(StudyTraining("", len(trainings), params, {METRIC: each.value}))
    comparison = compare(trainings, METRIC, candidate=None)
    assert comparison is not None
    by_place = {place: measured[each.trials[0].params["setting"]] for place, each in enumerate(comparison.settings)}
    untrained = dict.fromkeys(range(len(skills)), start.value)
    return leaderboard(comparison, Noise.of(comparison, by_place), untrained, maximize=True)


def _ease(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """How easy each object is for one setting."""
    return scene.ease + rng.normal(0, OF_SETTING, len(scene.ease))


def _found(recipe: Recipe, scene: Scene, ease: np.ndarray, skill: float, rng: np.random.Generator) -> Found:
    records = _records(recipe, scene, ease, skill, rng)
    images = contributions(records, METRIC.removeprefix("val/"))
    assert images is not None
    return Found(average_precision(records).map50_95, images)


def _records(
    recipe: Recipe, scene: Scene, ease: np.ndarray, skill: float, rng: np.random.Generator
) -> DetectionRecords:
    return model(replace(recipe, model_spread=OF_TRAINING), recipe.skill + skill, replace(scene, ease=ease), rng)


@lru_cache
def truth(name: str, skill: float) -> float:
    """The value that trainings of a setting with this skill have on average over all images and seeds."""
    recipe, rng = RECIPES[name], np.random.default_rng(1)
    scene = Scene.of(recipe, 20_000, rng)
    seeds = OF_SEED * np.array([-1.0, 1.0]) if OF_SEED else [0.0]  # the two-point rule of Gauss and Hermite
    values = [
        average_precision(_records(recipe, scene, _ease(scene, rng), skill + seed, rng)).map50_95 for seed in seeds
    ]
    return float(np.mean(values))
