"""Whether a search's leading settings keep what they promised, judged by trainings with fresh seeds.

The best of many trials is partly the luckiest: its value in the search is too good on average. Settings are therefore
compared by new trainings only, and a difference is uncertain for two reasons that are independent of each other and
added up here, draw by draw:

- the images: the models of both settings are evaluated on the same resamples of the images (paired bootstrap);
- the seeds: the mean over n seeds scatters by s / sqrt(n) with Student's t, s being the standard deviation over seeds
  pooled over all settings. The seeds themselves are too few to be resampled: of five, the bootstrap would make the
  interval too narrow by the factor sqrt(4/5).

References: Gelman et al., Bayesian Data Analysis, 3rd edition, 2013, section 3.2 (the mean of a normal sample with
unknown variance, flat prior: Student's t); Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 8.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.errors import DataError
from src.core.interval import Interval, percentile_interval

DRAWS = 4000  # of the seeds' noise: the third digit of a probability is no more than that anyway


@dataclass(frozen=True, eq=False)
class Retrained:
    """A setting, trained again.

    Attributes:
        trial: The number of the trial that it was found with.
        searched: Its value in the search.
        values: Its value with each fresh seed; at least one.
        resampled: The same on resampled images, in the order of `values`, (seeds, 1 + resamples), first on the images
            as they are; None where the metric cannot be computed from detections.
    """

    trial: int
    searched: float
    values: Mapping[int, float]
    resampled: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if not self.values:
            raise DataError(f"Trial {self.trial} has no training with a fresh seed to judge it by.")
        if self.resampled is not None and len(self.resampled) != len(self.values):
            raise DataError(f"{len(self.resampled)} rows of resamples for the {len(self.values)} seeds of the setting.")

    @property
    def n(self) -> int:
        """How many seeds."""
        return len(self.values)

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return math.fsum(self.values.values()) / self.n

    @property
    def std(self) -> float | None:
        """The standard deviation over seeds (n - 1); None for a single one."""
        if self.n < 2:
            return None
        return float(np.std(list(self.values.values()), ddof=1))


@dataclass(frozen=True)
class Advantage:
    """By how much the winner is better than something else.

    Attributes:
        difference: Positive where the winner is better; its 95 % interval covers other images and other seeds, or other
            seeds only, see `images`.
        probability: That the winner is really better; None where nothing is known about seeds.
        images: Whether the images' share of the uncertainty is in it.
    """

    difference: Interval
    probability: float | None
    images: bool


@dataclass(frozen=True, eq=False)
class Confirmation:
    """The outcome.

    Attributes:
        settings: As given: the search's order, its winner first.
        scores: Of each setting, its mean minus one standard error (plus, where a smaller value is better).
        winner: The place of the one with the best score.
        advantages: Of the winner over each setting; None for itself.
        over_untrained: Of the winner over the untrained weights; None where they are not known.
    """

    settings: tuple[Retrained, ...]
    scores: tuple[float, ...]
    winner: int
    advantages: tuple[Advantage | None, ...]
    over_untrained: Advantage | None

    @property
    def survived(self) -> bool:
        """Whether the search's winner is the winner on fresh seeds, too."""
        return self.winner == 0


def confirm(
    settings: Sequence[Retrained],
    *,
    maximize: bool = True,
    untrained: tuple[float, NDArray[np.float64] | None] | None = None,
    seed: int = 0,
) -> Confirmation:
    """Find the winner among settings that were trained again, and how sure it is.

    Args:
        settings: In the order of the search, its winner first.
        maximize: Whether a greater value is better.
        untrained: The value of the untrained weights under the winner's conditions, and the same on the same resamples
            of the images, (1 + resamples,).
        seed: Of the draws.

    Raises:
        DataError: there is no setting.
    """
    if not settings:
        raise DataError("There is no setting to confirm.")
    sign = 1.0 if maximize else -1.0
    std, freedom = _pooled(settings)
    errors = [(setting.std if setting.std is not None else std) for setting in settings]
    # without any repeat nothing is known of the scatter, which is then the same unknown for all
    scores = [
        setting.mean - sign * (error / math.sqrt(setting.n) if error is not None else 0.0)
        for setting, error in zip(settings, errors, strict=True)
    ]
    winner = int(np.argmax([sign * score for score in scores]))
    best = settings[winner]
    noise = _SeedNoise(std, freedom, seed)
    advantages = tuple(
        None
        if place == winner
        else _advantage(
            sign * (best.mean - other.mean),
            _image_noise(best.resampled, other.resampled, sign),
            noise.of_mean_difference(1 / best.n + 1 / other.n),
        )
        for place, other in enumerate(settings)
    )
    over_untrained = None
    if untrained is not None:
        value, resampled = untrained
        images = _image_noise(best.resampled, None if resampled is None else resampled[None, :], sign)
        over_untrained = _advantage(sign * (best.mean - value), images, noise.of_mean_difference(1 / best.n))
    return Confirmation(tuple(settings), tuple(scores), winner, advantages, over_untrained)


@dataclass(frozen=True)
class _SeedNoise:
    """Draws of what other seeds would have done to a mean."""

    std: float | None
    freedom: int
    seed: int

    def of_mean_difference(self, share: float) -> NDArray[np.float64] | None:
        """`share` is 1/n, or the sum of the two; None where no setting was repeated."""
        if self.std is None:
            return None
        drawn = np.random.default_rng(self.seed).standard_t(self.freedom, DRAWS)
        return np.asarray(drawn * self.std * math.sqrt(share), np.float64)


def _image_noise(
    a: NDArray[np.float64] | None, b: NDArray[np.float64] | None, sign: float
) -> NDArray[np.float64] | None:
    """How far the difference of two means moves on resampled images, (resamples,)."""
    if a is None or b is None or a.shape[1] != b.shape[1]:
        return None
    differences = sign * (a.mean(axis=0) - b.mean(axis=0))
    moved: NDArray[np.float64] = differences[1:] - differences[0]
    return moved[~np.isnan(moved)]


def _advantage(difference: float, images: NDArray[np.float64] | None, seeds: NDArray[np.float64] | None) -> Advantage:
    if seeds is None:
        return Advantage(Interval(difference, math.nan, math.nan), None, images is not None)
    # the draws of both are independent: each resample of the images meets several of the seeds
    draws = difference + seeds + (0.0 if images is None or not len(images) else np.resize(images, len(seeds)))
    interval = percentile_interval(np.concatenate([[difference], draws]))
    probability = float(np.mean(draws > 0) + np.mean(draws == 0) / 2)
    return Advantage(interval, probability, images is not None)


def _pooled(settings: Sequence[Retrained]) -> tuple[float | None, int]:
    """The standard deviation over seeds, pooled over the settings, and its degrees of freedom."""
    repeated = [(setting.std, setting.n - 1) for setting in settings if setting.std is not None]
    freedom = sum(degrees for _, degrees in repeated)
    if not freedom:
        return None, 0
    return math.sqrt(math.fsum(std**2 * degrees for std, degrees in repeated) / freedom), freedom
