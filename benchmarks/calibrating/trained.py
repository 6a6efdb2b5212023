"""Simulated trainings: settings that see images differently, and runs of one setting that differ by their seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from benchmarks.calibrating.populations import RECIPES, Recipe, Scene, model
from src.core.detection_records import DetectionRecords
from src.documents.study_record import StudyTraining
from src.evaluation.average_precision import average_precision
from src.evaluation.contributions import contributions
from src.study.comparison import SEED, Comparison, compare

METRIC = "val/mAP50-95"
OF_SETTING, OF_TRAINING, OF_SEED = 0.7, 0.5, 0.15  # log odds: object by object, likewise, and of a training as a whole
OF_SETTING_IN_GROUP = 0.2  # of which so much is its own, where settings of a group are alike
_STEP = 0.1  # of the skills whose truth is computed; between them it is a straight line


@dataclass(frozen=True, eq=False)
class Run:
    """A trained model on some images."""

    records: DetectionRecords

    @cached_property
    def value(self) -> float:
        """Of the metric."""
        return average_precision(self.records).map50_95

    @cached_property
    def images(self) -> np.ndarray:
        """What groups of images contribute to it."""
        found = contributions(self.records, METRIC.removeprefix("val/"))
        assert found is not None, "the images have objects"
        return found


def ease_of(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """How easy each object is for one setting."""
    return scene.ease + rng.normal(0, OF_SETTING, len(scene.ease))


def eases_of_groups(scene: Scene, groups: Sequence[float], rng: np.random.Generator) -> list[np.ndarray]:
    """The same for settings of groups, such as of one image size."""
    spread = np.sqrt(OF_SETTING**2 - OF_SETTING_IN_GROUP**2)
    common = {group: rng.normal(0, spread, len(scene.ease)) for group in dict.fromkeys(groups)}
    own = [rng.normal(0, OF_SETTING_IN_GROUP, len(scene.ease)) for _ in groups]
    return [scene.ease + common[group] + each for group, each in zip(groups, own, strict=True)]


def run(recipe: Recipe, scene: Scene, ease: np.ndarray, skill: float, rng: np.random.Generator) -> Run:
    """A training of a setting, that is so much better than ordinary ones."""
    recipe = replace(recipe, model_spread=OF_TRAINING)
    return Run(model(recipe, recipe.skill + skill, replace(scene, ease=ease), rng))


def of_seed(skill: float, rng: np.random.Generator) -> float:
    """The skill of one training of a setting."""
    return skill + float(rng.normal(0, OF_SEED))


def compared(values: Sequence[Sequence[float]]) -> Comparison:
    """A study of settings named by their place, each with the values of its runs."""
    trainings = [
        StudyTraining("", 0, {"setting": str(place), SEED: str(seed)}, {METRIC: float(value)})
        for place, of_setting in enumerate(values)
        for seed, value in enumerate(of_setting)
    ]
    found = compare(trainings, METRIC, candidate=None)
    assert found is not None
    return found


def places(comparison: Comparison) -> list[int]:
    """Which settings these are, the best first."""
    return [int(setting.trials[0].params["setting"]) for setting in comparison.settings]


def truth(name: str, skill: float) -> float:
    """The value that trainings of a setting with this skill have on average over all images and seeds."""
    below = int(np.floor(skill / _STEP))
    share = skill / _STEP - below
    return (1 - share) * _truth(name, below) + share * _truth(name, below + 1)


@lru_cache
def _truth(name: str, steps: int) -> float:
    recipe, rng = RECIPES[name], np.random.default_rng(1)
    scene = Scene.of(recipe, 20_000, rng)
    seeds = (-OF_SEED, OF_SEED)  # the two-point rule of Gauss and Hermite
    return float(np.mean([run(recipe, scene, ease_of(scene, rng), steps * _STEP + each, rng).value for each in seeds]))
