"""Populations of images with the detections of several models on them, of which every figure is known exactly.

Data sets are drawn from a population with replacement, as image_index, class_index, scores, true_positive and positives
of `src.core.detection_records.DetectionRecords`. What a data set of infinitely many images would say is then what the
population itself says, so that nothing has to be estimated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import IOU_THRESHOLDS, DetectionRecords


@dataclass(frozen=True, eq=False)
class Population:
    """Models on the same images.

    Attributes:
        name: What tables call it.
        models: The records of each; all with the same images and boxes.
    """

    name: str
    models: tuple[DetectionRecords, ...]

    @property
    def image_count(self) -> int:
        """How many images it has."""
        return self.models[0].image_count

    @cached_property
    def _sorted(self) -> tuple[tuple[DetectionRecords, NDArray[np.int64]], ...]:
        return tuple(_by_image(model) for model in self.models)

    def draw(
        self, images: int, rng: np.random.Generator, *, equal: bool = False, models: int | None = None
    ) -> list[DetectionRecords]:
        """The first models on a data set of images drawn with replacement.

        Args:
            images: How many.
            rng: The source of chance.
            equal: Whether the models' labels are permuted within each image, which makes all models equally good.
            models: How many of the models; None for all.
        """
        drawn = rng.integers(self.image_count, size=images)
        return self.on(drawn, rng if equal else None, models)

    def on(
        self, drawn: NDArray[np.int64], permuted: np.random.Generator | None = None, models: int | None = None
    ) -> list[DetectionRecords]:
        """The first models on given images, with their labels permuted within each image where a generator is given."""
        count = models or len(self.models)
        source = np.tile(np.arange(len(self.models)), (len(drawn), 1))
        if permuted is not None:
            source = permuted.permuted(source, axis=1)
        return [_taken(self._sorted, source[:, model], drawn) for model in range(count)]


@dataclass(frozen=True)
class Recipe:
    """How the images and models of a synthetic population come about.

    An object is found when skill + image + object + model noise is above 0, and the score and the overlap with the true
    box grow with that sum; false alarms come in clusters, as many as the image invites.

    Attributes:
        skill: The log odds by which an ordinary object is found.
        overlap: The mean log odds of the IoU of a hit.
        false_alarms: Their mean number an image.
        boxes: The mean number of objects on an image that has some.
        classes: How many; the n-th is 1/n as frequent as the first.
        backgrounds: The share of images without objects.
        image_spread: The standard deviation of the images' difficulty in log odds.
        model_spread: That of what a model adds by itself, object by object.
    """

    skill: float
    overlap: float = 1.4
    false_alarms: float = 3.0
    boxes: float = 3.5
    classes: int = 1
    backgrounds: float = 0.15
    image_spread: float = 0.8
    model_spread: float = 0.7


RECIPES = {
    "medium": Recipe(1.4),
    "good": Recipe(5.0, overlap=0.4, false_alarms=0.5, image_spread=1.2),
    "poor": Recipe(-1.2, overlap=0.6, false_alarms=8.0),
    "5 classes": Recipe(1.4, classes=5),
    "80 classes": Recipe(1.4, classes=80, boxes=6.0),
}


@dataclass(frozen=True, eq=False)
class Scene:
    """Images with the objects on them.

    Attributes:
        image: The image of each object, (N,).
        class_: Its class, (N,).
        ease: By how many log odds it is easier to find than an ordinary one, (N,).
        image_ease: The same of each image, (I,).
        positives: Objects by image and class, (I, C).
    """

    image: NDArray[np.int64]
    class_: NDArray[np.int64]
    ease: NDArray[np.float64]
    image_ease: NDArray[np.float64]
    positives: NDArray[np.int64]

    @classmethod
    def of(cls, recipe: Recipe, images: int, rng: np.random.Generator) -> "Scene":
        """Draw so many images."""
        image_ease = rng.normal(0, recipe.image_spread, images)
        counts = np.where(rng.random(images) < recipe.backgrounds, 0, 1 + rng.poisson(recipe.boxes - 1, images))
        image = np.repeat(np.arange(images), counts)
        frequency = 1 / np.arange(1, recipe.classes + 1)
        class_ = rng.choice(recipe.classes, size=len(image), p=frequency / frequency.sum())
        positives = np.zeros((images, recipe.classes), np.int64)
        np.add.at(positives, (image, class_), 1)
        return cls(image, class_, image_ease[image] + rng.normal(0, 1.2, len(image)), image_ease, positives)


def synthetic(name: str, *, images: int = 20_000, models: int = 2, seed: int = 0, gap: float = 0.0) -> Population:
    """A synthetic population.

    Args:
        name: One of `RECIPES`.
        images: How many.
        models: How many models, equally skilled but for the gap.
        seed: Of the drawing.
        gap: By how many log odds the second model is less skilled than the others.
    """
    recipe = RECIPES[name]
    rng = np.random.default_rng([seed, *name.encode()])
    scene = Scene.of(recipe, images, rng)
    skills = [recipe.skill - (gap if number == 1 else 0.0) for number in range(models)]
    return Population(name, tuple(model(recipe, skill, scene, rng) for skill in skills))


def model(recipe: Recipe, skill: float, scene: Scene, rng: np.random.Generator) -> DetectionRecords:
    """What a model of that skill finds on the images."""
    strength = skill + scene.ease + rng.normal(0, recipe.model_spread, len(scene.ease))
    found = strength + rng.logistic(0, 1, len(scene.ease)) > -2  # at some score, however low
    score = _share(0.8 * strength[found] - 0.6 + rng.normal(0, 0.7, found.sum()))
    iou = _share(recipe.overlap + 0.35 * strength[found] + rng.normal(0, 0.8, found.sum()))
    hits = iou[:, None] >= np.array(IOU_THRESHOLDS)
    alarms = rng.poisson(recipe.false_alarms * np.exp(-0.7 * scene.image_ease - 0.3))
    alarm_score = _share(-2.2 + rng.normal(0, 1.3, alarms.sum()) - 0.3 * np.repeat(scene.image_ease, alarms))
    frequency = 1 / np.arange(1, recipe.classes + 1)
    alarm_class = rng.choice(recipe.classes, size=len(alarm_score), p=frequency / frequency.sum())
    return DetectionRecords(
        image_index=np.concatenate([scene.image[found], np.repeat(np.arange(len(alarms)), alarms)]),
        class_index=np.concatenate([scene.class_[found], alarm_class]),
        scores=np.concatenate([score, alarm_score]),
        true_positive=np.concatenate([hits, np.zeros((len(alarm_score), len(IOU_THRESHOLDS)), bool)]),
        positives=scene.positives,
    )


def from_files(paths: Sequence[Path]) -> Population:
    """A population of one's own: a file a model, as `DetectionRecords.save` writes it.

    Such a file is the `val_records.npz` of a training's folder. All of them have to be about the same images and boxes.

    Raises:
        DataError: a file is none of detection records.
    """
    return Population(paths[0].stem, tuple(DetectionRecords.load(path) for path in paths))


def _share(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.clip(1 / (1 + np.exp(-log_odds)), 0.002, 0.999)
    return shares


def _by_image(records: DetectionRecords) -> tuple[DetectionRecords, NDArray[np.int64]]:
    """The records in the order of their images, and where each image's begin, (I + 1,)."""
    order = np.argsort(records.image_index, kind="stable")
    counts = np.bincount(records.image_index, minlength=records.image_count)
    ordered = DetectionRecords(
        records.image_index[order],
        records.class_index[order],
        records.scores[order],
        records.true_positive[order],
        records.positives,
    )
    return ordered, np.concatenate([[0], np.cumsum(counts)])


def _taken(
    models: tuple[tuple[DetectionRecords, NDArray[np.int64]], ...],
    source: NDArray[np.int64],
    drawn: NDArray[np.int64],
) -> DetectionRecords:
    """One model's records on drawn images, which are those of another model on each image, (I,) and (I,)."""
    image, rows = [], []
    for model, (_, first) in enumerate(models):
        places = np.flatnonzero(source == model)
        counts = first[drawn[places] + 1] - first[drawn[places]]
        image.append(np.repeat(places, counts))
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        rows.append(np.repeat(first[drawn[places]], counts) + within)
    records = [of for of, _ in models]
    parts = [(of, own) for of, own in zip(records, rows, strict=True) if len(own)] or [(records[0], rows[0])]
    return DetectionRecords(
        np.concatenate(image),
        *(
            np.concatenate([getattr(of, name)[own] for of, own in parts])
            for name in ("class_index", "scores", "true_positive")
        ),
        positives=records[0].positives[drawn],
    )
