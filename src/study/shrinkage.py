"""What settings are truly worth, after one was picked for being the best of them.

The one that comes out best is partly the luckiest, also among settings that were trained again: a probability that
looks at the difference alone says too much. Here the settings' true values are taken for draws from one normal
distribution whose spread is learnt from them as well; the means are pulled towards each other by what is likely to be
luck, and that one of them was picked changes nothing any more (Efron and Morris, Journal of the American Statistical
Association 70, 1975). With a few settings the spread is hardly known, so that all spreads are weighed by how well they
fit, from a half-Cauchy distribution (Gelman, Bayesian Analysis 1, 2006).
"""

import math

import numpy as np
from numpy.typing import NDArray

from src.study.comparison import Scatter

DRAWS = 1000
_SPREADS = np.tan(np.linspace(0.02, 0.98, 40) * math.pi / 2)  # the half-Cauchy's quantiles, in units of its scale

Array = NDArray[np.float64]


def true_values(means: Array, counts: Array, images: float, scatter: Scatter | None, seed: int = 0) -> Array:
    """Draws of what settings are truly worth, given their means, (draws, settings).

    Args:
        means: Of each setting, (settings,).
        counts: Over how many runs each is, (settings,).
        images: The variance of a mean over images, by which settings differ.
        scatter: How far runs of one setting lie from each other; None where that is not known.
        seed: Of the draws.
    """
    rng = np.random.default_rng(seed)
    of_seeds = np.full(DRAWS, 0.0 if scatter is None else scatter.std**2)
    if scatter is not None and math.isfinite(scatter.freedom):
        of_seeds = of_seeds * scatter.freedom / rng.chisquare(scatter.freedom, DRAWS)
    chance = images + of_seeds[:, None] / counts  # (draws, settings)
    scale = math.sqrt(float(np.median(chance.mean(axis=1))))
    if scale == 0:
        return np.tile(means, (DRAWS, 1))
    spread = (scale * _SPREADS) ** 2
    # the likelihood of the means under each spread, with any common worth
    weight = 1 / (chance[:, None, :] + spread[None, :, None])  # (draws, spreads, settings)
    worth = (weight * means).sum(axis=2) / weight.sum(axis=2)
    fit = 0.5 * np.log(weight).sum(axis=2) - 0.5 * np.log(weight.sum(axis=2))
    fit -= 0.5 * (weight * (means - worth[:, :, None]) ** 2).sum(axis=2)
    likelihood = np.exp(fit - fit.max())
    drawn = rng.choice(likelihood.size, DRAWS, p=(likelihood / likelihood.sum()).ravel())
    row, column = np.divmod(drawn, len(spread))
    chance, spread, weight = chance[row], spread[column][:, None], weight[row, column]
    common = worth[row, column] + rng.standard_normal(DRAWS) / np.sqrt(weight.sum(axis=1))
    middle = (spread * means + chance * common[:, None]) / (spread + chance)
    found: Array = middle + rng.standard_normal(chance.shape) * np.sqrt(spread * chance / (spread + chance))
    return found
