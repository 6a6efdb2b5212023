"""Cross-validation: which images are held out in which fold, and what the folds say together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from src.core.errors import ConfigError
from src.evaluation.average_precision import METRICS


@dataclass(frozen=True)
class Fold:
    """One training and what it is worth on the images that were held out of it.

    Attributes:
        images: Number of images held out.
        boxes: Number of boxes on them.
        figures: `mAP50` and `mAP50-95` by name; NaN where there are no boxes.
    """

    images: int
    boxes: int
    figures: Mapping[str, float]


@dataclass(frozen=True)
class CrossValidation:
    """The folds of a cross-validation.

    Attributes:
        folds: In order.
    """

    folds: tuple[Fold, ...]

    def as_json(self) -> dict[str, Any]:
        """Each fold, and mean, standard deviation (of a sample) and number of folds for each figure."""
        listed = [
            {"images": fold.images, "boxes": fold.boxes, **{name: _number(fold.figures[name]) for name in METRICS}}
            for fold in self.folds
        ]
        return {"folds": listed, **{name: self._summary(name) for name in METRICS}}

    def _summary(self, name: str) -> dict[str, float | int | None]:
        values = np.array([fold.figures[name] for fold in self.folds])
        values = values[~np.isnan(values)]
        return {
            "mean": float(values.mean()) if len(values) else None,
            "std": float(values.std(ddof=1)) if len(values) > 1 else None,
            "n": len(values),
        }


def fold_of_each(count: int, folds: int, seed: int) -> NDArray[np.int64]:
    """The fold in which each of `count` images is held out, (count,); folds differ by one image at most.

    Raises:
        ConfigError: there are fewer images than folds.
    """
    if not 2 <= folds <= count:
        raise ConfigError(
            f"evaluate.folds={folds}: expected 2 to {count} folds, since train and val have {count} images together."
        )
    return np.random.default_rng(seed).permutation(np.arange(count) % folds)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value
