"""What a confirmation says: the leaders of a search trained again with fresh seeds, judged on val or on test."""

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.calibrating.populations import RECIPES, Population, Recipe, Scene
from benchmarks.calibrating.table import Row, coverage, share
from benchmarks.calibrating.trained import OF_SEED, ease_of, of_seed, run, truth
from src.study.confirmation import Confirmation, Retrained, confirm
from src.study.noise import Measured

SEARCHED, TOP, FRESH = 8, 3, 3  # settings of the search, those that are trained again, seeds
SPREADS = (0.0, OF_SEED)  # log odds by which the settings' true worth scatters: not at all, and as much as a training's
SURE = (0.85, 0.95)  # of probabilities that are looked at


def rows(population: Population, images: int, repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """How often a confirmation of a search of that difficulty is right; of no other population."""
    name = population.name
    if name not in RECIPES:
        return
    for split in ("val", "test"):
        for spread in SPREADS:
            gains, true, sure = [], [], []
            for _ in range(repetitions):
                skills = rng.normal(0, spread, SEARCHED)
                outcome, leaders = _confirmed(RECIPES[name], images, skills, split, rng)
                if outcome is None or outcome.over_untrained is None:
                    continue
                gains.append(outcome.over_untrained.difference)
                true.append(truth(name, skills[leaders[outcome.winner]]) - truth(name, 0.0))
                sure += _sure(outcome, skills[leaders])
            method = f"judged on {split}, settings scatter by {spread:g} log odds"
            yield coverage("confirm: gain of the winner", name, images, method, gains, true)
            better = [gain.low > 0 >= worth for gain, worth in zip(gains, true, strict=True)]
            yield share("confirm: winner wrongly better", name, images, method, better, "≤ 0.025")
            if spread:
                yield _kept(sure, name, images, method)


def seeds_only(repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """How often what is 85 to 95 % sure is true where images say nothing, the settings' spread in that of a run's."""
    for spread in (0.2, 0.5, 1.0, 2.0):
        sure: list[tuple[float, bool]] = []
        for _ in range(repetitions):
            worth = rng.normal(0, spread, TOP)
            values = worth[:, None] + rng.normal(0, 1, (TOP, FRESH))
            settings = [Retrained(place, 0.0, dict(enumerate(map(float, runs)))) for place, runs in enumerate(values)]
            sure += _sure(confirm(settings), worth)
        yield _kept(sure, "seeds only", 0, f"settings scatter by {spread:g} of a run's scatter")


def _kept(sure: Sequence[tuple[float, bool]], name: str, images: int, method: str) -> Row:
    note = f"said {np.mean([said for said, _ in sure]):.3f}" if sure else "never said"
    return share("confirm: true of what is 85–95 % sure", name, images, method, [is_ for _, is_ in sure], "0.9", note)


def _sure(outcome: Confirmation, worth: np.ndarray) -> list[tuple[float, bool]]:
    """The probabilities in that range, and whether the winner is better."""
    return [
        (advantage.probability, bool(worth[outcome.winner] > worth[place]))
        for place, advantage in enumerate(outcome.advantages)
        if advantage is not None and advantage.probability is not None and SURE[0] <= advantage.probability < SURE[1]
    ]


def _confirmed(
    recipe: Recipe, images: int, skills: Sequence[float], split: str, rng: np.random.Generator
) -> tuple[Confirmation | None, list[int]]:
    scenes = {key: Scene.of(recipe, images, rng) for key in ("val", "test")}
    if not all(scene.positives.sum() for scene in scenes.values()):
        return None, []
    eases = {key: [ease_of(scene, rng) for _ in (*skills, 0.0)] for key, scene in scenes.items()}
    searched = [
        run(recipe, scenes["val"], eases["val"][place], of_seed(skill, rng), rng).value
        for place, skill in enumerate(skills)
    ]
    leaders = sorted(range(len(skills)), key=lambda place: -searched[place])[:TOP]
    start = run(recipe, scenes[split], eases[split][-1], 0.0, rng)
    retrained = []
    for place in leaders:
        fresh = [of_seed(skills[place], rng) for _ in range(FRESH)]
        on = {
            key: [run(recipe, scenes[key], eases[key][place], skill, rng) for skill in fresh]
            for key in dict.fromkeys(("val", split))
        }
        values = {key: {seed: each.value for seed, each in enumerate(runs)} for key, runs in on.items()}
        measured = Measured(np.stack([each.images for each in on[split]]), start.images)
        retrained.append(Retrained(place, searched[place], values["val"], values.get("test"), measured))
    return confirm(retrained, untrained=start.value, searched=len(skills)), leaders
