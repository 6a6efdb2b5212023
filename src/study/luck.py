"""What luck the best of several settings has had in being the best."""

import math

import numpy as np
from numpy.typing import NDArray

from src.study.noise import DRAWS, Array, Noise


def worth_of_choosing(noise: Noise, means: Array, competing: NDArray[np.bool_]) -> float:
    """By how much the mean of the best setting is too good because it was chosen for being the best.

    The settings that compete are drawn anew around what their means say they are worth: pulled together by the share of
    their variance that is chance (Stein's estimator, with the variance kept: Louis, Journal of the American Statistical
    Association 79, 1984). The chance that the winner of such a draw has had is the answer, on average over the draws.

    Args:
        noise: What chance does to the settings.
        means: Their means, greater is better, (settings,).
        competing: Which of them are not worse than the best, (settings,).
    """
    if int(competing.sum()) < 2:
        return 0.0
    drawn, shown = noise.typical[:, competing], means[competing]
    chance = float(drawn.var(axis=0).mean())
    seen = float(shown.var(ddof=1))
    real = math.sqrt(max(0.0, 1 - chance / seen)) if seen > 0 else 0.0
    worth = shown.mean() + real * (shown - shown.mean())
    return _of_winner(drawn, worth + drawn - noise.seed_errors[competing])


def luck_of_the_best(noise: Noise) -> float:
    """By how much the best of as many equal settings would be above their common worth."""
    return _of_winner(noise.typical, noise.typical - noise.seed_errors)


def _of_winner(drawn: Array, scores: Array) -> float:
    """The mean of what chance has added to the one with the best score; a score is a mean less its standard error."""
    return float(drawn[np.arange(DRAWS), np.argmax(scores, axis=1)].mean())
