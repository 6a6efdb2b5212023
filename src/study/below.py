"""How far each setting lies below the best one, of which nobody knows for sure which it is.

The best setting is at least as good as the mean of any settings. So one is worse than it if it is below such a mean,
which is known better than any one setting: each is compared with the first one, with the mean of the first two, of the
first three, and so on, of those above it. That all of these see a setting that is as good as any below them is chance
alone, whatever the others are worth: worse ones only lower their mean.

How far chance drives each comparison is drawn (src/study/noise.py), over all settings together; the first is Tukey's
studentised range. Each gets the same share of the 5 %: the smallest of their p-values is compared with the smallest of
each draw (Westfall and Young, Resampling-Based Multiple Testing, 1993).
"""

import numpy as np

from src.core.interval import Interval
from src.study.noise import Array, Noise, around


def differences_to_best(noise: Noise, means: Array) -> list[Interval]:
    """Each setting's mean minus that of the first one, with 95 % intervals that hold for all settings together.

    The upper end is about the best setting, whichever it is: it is lower than the first one alone would make it where
    several settings say together that this one is worse.

    Args:
        noise: What chance does to the settings.
        means: Greater is better, the best one first, (settings,).

    Returns:
        One for each setting but the first.
    """
    if len(means) < 2:
        return []
    limits, by_mean = _limits(noise), list(np.argsort(-means, kind="stable"))
    found = []
    for place in range(1, len(means)):
        above = by_mean[: by_mean.index(place)]
        contrasts = [_against(place, [0], len(means))]
        contrasts += [_against(place, above[: number + 1], len(means)) for number in range(len(above))]
        estimates = [float(weights @ means) for weights in contrasts]
        reaches = [
            limit * noise.contrast_error(weights)
            for limit, weights in zip([limits[0], *limits], contrasts, strict=False)
        ]
        high = min(estimate + reach for estimate, reach in zip(estimates, reaches, strict=True))
        found.append(around(estimates[0], reaches[0], max(0.0, high - estimates[0])))
    return found


def _against(place: int, others: list[int], count: int) -> Array:
    """The weights of a setting minus the mean of others."""
    weights = np.zeros(count)
    weights[others], weights[place] = -1 / len(others), 1.0
    return weights


def _limits(noise: Noise) -> Array:
    """How many standard errors equal settings stay below the mean of the first 1, 2, … of them, (settings - 1,).

    In 95 % of draws no setting does so in any of the comparisons.
    """
    order = np.argsort(-noise.drawn, axis=1)
    drawn = np.take_along_axis(noise.drawn, order, axis=1)
    variances = noise.variances[order]
    above, errors = np.cumsum(drawn, axis=1), np.cumsum(variances, axis=1)
    farthest = []
    for first in range(1, drawn.shape[1]):
        apart = above[:, first - 1, None] / first - drawn[:, first:]
        error = np.sqrt(errors[:, first - 1, None] / first**2 + variances[:, first:])
        farthest.append(np.divide(apart, error, out=np.zeros_like(apart), where=error > 0).max(axis=1))
    lengths = np.stack(farthest)  # (settings - 1, draws)
    exceeded = 1 - np.argsort(np.argsort(lengths, axis=1), axis=1) / lengths.shape[1]
    found: Array = np.quantile(lengths, 1 - float(np.quantile(exceeded.min(axis=0), 0.05)), axis=1)
    return found
