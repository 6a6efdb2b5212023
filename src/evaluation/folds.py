"""Cross-validation: which images are held out in which fold, and what the folds say together."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from src.core.errors import ConfigError
from src.documents.evaluation import CrossValidation, Fold, OverFolds


def summarise(folds: Sequence[Fold]) -> CrossValidation:
    """Mean and standard deviation over the folds."""
    return CrossValidation(tuple(folds), _over(fold.map50 for fold in folds), _over(fold.map50_95 for fold in folds))


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


def _over(values: Iterable[float | None]) -> OverFolds:
    known = [value for value in values if value is not None]
    return OverFolds(
        mean=float(np.mean(known)) if known else None,
        std=float(np.std(known, ddof=1)) if len(known) > 1 else None,
        n=len(known),
    )
