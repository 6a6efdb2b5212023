"""Which images are held out in which fold of a cross-validation."""

import numpy as np
from numpy.typing import NDArray

from src.core.errors import ConfigError


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
