"""What luck the best of several settings has had in being the best.

That luck depends on how far the settings are truly apart, which nobody knows: settings that are far below the best one
have had no chance to take its place. Redrawn around their means, they seem farther apart than they are, since the means
hold chance once already, so that the luck seems less than it is. Redrawn around redrawn means, it seems less still;
that second step, which can be computed, is an estimate of the first one. The bootstrap is iterated so two times (Hall
and Martin, On Bootstrap Resampling and Iteration, Biometrika 75, 1988). No estimate is without bias for all settings
(Putter and Rubinstein, On Estimating the Mean of a Selected Population, 1968); docs/statistics.md has what is left.

Settings are redrawn as they vary together: what an image contributes to each is multiplied by one normal variable
(Chernozhukov, Chetverikov and Kato, Annals of Statistics 41, 2013). Two settings that see the images alike can hardly
be lucky against each other, however much they differ from a third one. The luck that counts is that of the gain over
the starting weights: what the images do at the winner's image size they have done to both.
"""

import math

import numpy as np

from src.study.noise import DRAWS, Array, Noise

_ITERATED = (3, -3, 1)  # the weights of what is redrawn once, twice and three times: 1 - (1 - x)^3


def worth_of_choosing(noise: Noise, means: Array) -> float:
    """By how much the gain of the best setting is too good because it was chosen for being the best.

    It is that of its mean where nothing is known of the starting weights.

    Args:
        noise: What chance does to the settings.
        means: Their means, greater is better, (settings,).
    """
    redrawn = [_of_winner(noise, means, times) for times in range(1, len(_ITERATED) + 1)]
    return max(0.0, float(np.dot(_ITERATED, redrawn)))


def luck_of_the_best(noise: Noise) -> float:
    """By how much the best of as many equal settings would be above their common worth."""
    return _of_winner(noise, np.zeros(len(noise.counts)))


def _of_winner(noise: Noise, worth: Array, times: int = 1) -> float:
    """The mean of what chance has last added to the best one, where it has been added to its worth so many times.

    The best one is that with the greatest mean less its standard error. Of normal variables added up, each has the same
    share in what the best one has.
    """
    means, gains = noise.together
    best = np.argmax(worth - noise.seed_errors + math.sqrt(times) * means, axis=1)
    centred = gains - gains.mean(axis=0)
    return float(centred[np.arange(DRAWS), best].mean()) / math.sqrt(times)
