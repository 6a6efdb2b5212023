"""How far each setting lies below the best one, of which nobody knows for sure which it is.

The best setting is at least as good as the mean of any settings. So one is worse than it if it is below such a mean,
which is known better than any one setting: each is compared with the first one, with the mean of the first two, of the
first three, and so on, of those above it. That all of these see a setting that is as good as any below them is chance
alone, whatever the others are worth: worse ones only lower their mean.

Against the mean of all above it there is a second comparison, for which the scatter is learnt from how these lie, too:
if they are equally good, their spread is chance; if they are not, it is only taken for greater than it is.

How far chance drives each comparison is drawn (src/study/noise.py), over all settings together; the first is Tukey's
studentised range, the last about the test of a slipped mean (Paulson, An Optimum Solution to the k-Sample Slippage
Problem for the Normal Distribution, 1952). Each gets the same share of the 5 %: the smallest of their p-values is
compared with the smallest of each draw (Westfall and Young, Resampling-Based Multiple Testing, 1993).
"""

import math

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
    *limits, of_spread = _limits(noise).tolist()
    by_mean = list(np.argsort(-means, kind="stable"))
    spread = np.sqrt(_spread(noise, means[by_mean] - means.max(), noise.variances[by_mean]))
    found = []
    for place in range(1, len(means)):
        above = by_mean[: by_mean.index(place)]
        compared = [([0], limits[0]), *((above[: n + 1], limits[n]) for n in range(len(above)))]
        compared += [(above, of_spread * float(spread[len(above) - 1]))] if above else []
        contrasts = [(_against(place, others, len(means)), limit) for others, limit in compared]
        ends = [float(weights @ means) + limit * noise.contrast_error(weights) for weights, limit in contrasts]
        estimate = float(means[place] - means[0])
        found.append(around(estimate, ends[0] - estimate, max(0.0, min(ends) - estimate)))
    return found


def _against(place: int, others: list[int], count: int) -> Array:
    """The weights of a setting minus the mean of others."""
    weights = np.zeros(count)
    weights[others], weights[place] = -1 / len(others), 1.0
    return weights


def _limits(noise: Noise) -> Array:
    """How many standard errors equal settings stay below others, (settings,).

    In 95 % of draws no setting is farther below the mean of the first 1, 2, … of them in any of the comparisons. The
    last one is that with the mean of all above, in standard errors that their spread says as well.
    """
    order = np.argsort(-noise.drawn, axis=1)
    drawn = np.take_along_axis(noise.drawn, order, axis=1)
    variances = noise.variances[order]
    number = np.arange(1, drawn.shape[1])
    above, errors = np.cumsum(drawn, axis=1)[:, :-1] / number, np.cumsum(variances, axis=1)[:, :-1] / number**2
    spread = _spread(noise, drawn, variances)[:, :-1]
    farthest = [
        _apart(above[:, first, None] - drawn[:, first + 1 :], errors[:, first, None] + variances[:, first + 1 :])
        for first in range(len(number))
    ]
    farthest.append(_apart(above - drawn[:, 1:], (errors + variances[:, 1:]) * spread))
    lengths = np.stack(farthest)  # (settings, draws)
    exceeded = 1 - np.argsort(np.argsort(lengths, axis=1), axis=1) / lengths.shape[1]
    found: Array = np.quantile(lengths, 1 - float(np.quantile(exceeded.min(axis=0), 0.05)), axis=1)
    return found


def _apart(difference: Array, variance: Array) -> Array:
    """The greatest difference of each draw in standard errors, (draws,)."""
    error = np.sqrt(variance)
    found: Array = np.divide(difference, error, out=np.zeros_like(difference), where=error > 0).max(axis=1)
    return found


def _spread(noise: Noise, values: Array, variances: Array) -> Array:
    """How many times the variance is what it seems, if the first 1, 2, … of the values lie apart by chance alone.

    Args:
        noise: What is known of the variance without them.
        values: The greatest first, (…, settings).
        variances: What they seem, (…, settings).
    """
    freedom = math.inf if noise.scatter is None else noise.scatter.freedom
    if math.isinf(freedom):
        return np.ones_like(values)
    weights = np.divide(1, variances, out=np.zeros_like(values), where=variances > 0)
    total, sums, squares = (np.cumsum(weights * values**power, axis=-1) for power in range(3))
    apart = squares - np.divide(sums**2, total, out=np.zeros_like(sums), where=total > 0)
    found: Array = (freedom + apart) / (freedom + np.arange(values.shape[-1]))
    return found
