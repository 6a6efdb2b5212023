"""Cross-validation: which images are held out in which fold, and what the folds say together."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from src.core.errors import ConfigError
from src.documents.evaluation import CrossValidation, Fold, OverFolds


def summarise(folds: Sequence[Fold]) -> CrossValidation:
    """Mean and standard deviation over the folds."""
    return CrossValidation(tuple(folds), _over(fold.map50 for fold in folds), _over(fold.map50_95 for fold in folds))


def fold_of_each(count: int, folds: int, seed: int, groups: Sequence[str] | None = None) -> NDArray[np.int64]:
    """The fold in which each of `count` images is held out, (count,).

    Folds differ by one image at most; with groups, by one group at most: the largest groups come first, each to the
    fold that has the fewest images.

    Args:
        count: How many images.
        folds: How many folds.
        seed: Of the sharing out.
        groups: The group of each image, (count,), which stays whole; None where each image is on its own.

    Raises:
        ConfigError: there are fewer images than folds, or fewer groups.
    """
    if not 2 <= folds <= count:
        raise ConfigError(
            f"evaluate.folds={folds}: expected 2 to {count} folds, since train and val have {count} images together."
        )
    draws = np.random.default_rng(seed)
    if groups is None:
        return draws.permutation(np.arange(count) % folds)
    names, own, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    if folds > len(names):
        raise ConfigError(f"evaluate.folds={folds}: data.groups makes {len(names)} groups in train and val, too few.")
    fold_of_group = np.zeros(len(names), dtype=np.int64)
    filled = np.zeros(folds, dtype=np.int64)
    shuffled = draws.permutation(len(names))
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        fold_of_group[group] = filled.argmin()
        filled[fold_of_group[group]] += sizes[group]
    return fold_of_group[own]


def _over(values: Iterable[float | None]) -> OverFolds:
    known = [value for value in values if value is not None]
    return OverFolds(
        mean=float(np.mean(known)) if known else None,
        std=float(np.std(known, ddof=1)) if len(known) > 1 else None,
        n=len(known),
    )
