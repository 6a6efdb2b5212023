"""Whether a search's leading settings keep what they promised, judged by trainings with fresh seeds.

The best of many trials is partly the luckiest: its value in the search is too good on average. Settings are therefore
compared by new trainings only. What a difference of theirs would be with other images and other seeds is drawn as in
src/study/difference.py; the share of the draws above 0 is the probability that it is real (as a Bayesian with flat
priors says it).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.errors import DataError
from src.documents.confirmation import Advantage
from src.study.comparison import Scatter, scatter_of
from src.study.difference import are_paired, draws, interval_of


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


@dataclass(frozen=True, eq=False)
class Confirmation:
    """The outcome.

    Attributes:
        settings: As given: the search's order, its winner first.
        scores: Of each setting, its mean minus one standard error (plus, where a smaller value is better).
        winner: The place of the one with the best score.
        advantages: Of the winner over each setting; None for itself.
        over_untrained: Of the winner over the starting weights; None where they are not known.
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
) -> Confirmation:
    """Find the winner among settings that were trained again, and how sure it is.

    Args:
        settings: In the order of the search, its winner first.
        maximize: Whether a greater value is better.
        untrained: The value of the starting weights under the winner's conditions, and the same on the same resamples
            of the images, (1 + resamples,).

    Raises:
        DataError: there is no setting.
    """
    if not settings:
        raise DataError("There is no setting to confirm.")
    sign = 1.0 if maximize else -1.0
    scatter, scores = _scatter(settings), _scores(settings, sign)
    winner = winner_of(settings, maximize=maximize)
    best = settings[winner]
    advantages = tuple(
        None
        if other is best
        else _advantage(
            sign, best.mean - other.mean, _on_images(best), _on_images(other), scatter=scatter, counts=(best.n, other.n)
        )
        for other in settings
    )
    over_untrained = None
    if untrained is not None:
        value, resampled = untrained
        over_untrained = _advantage(
            sign, best.mean - value, _on_images(best), resampled, scatter=scatter, counts=(best.n,)
        )
    return Confirmation(tuple(settings), scores, winner, advantages, over_untrained)


def winner_of(settings: Sequence[Retrained], *, maximize: bool = True) -> int:
    """The place of the setting with the best mean minus one standard error; plus, where a smaller value is better."""
    sign = 1.0 if maximize else -1.0
    return int(np.argmax([sign * score for score in _scores(settings, sign)]))


def _scatter(settings: Sequence[Retrained]) -> Scatter | None:
    return scatter_of(list(setting.values.values()) for setting in settings)


def _scores(settings: Sequence[Retrained], sign: float) -> tuple[float, ...]:
    scatter = _scatter(settings)
    return tuple(setting.mean - sign * _standard_error(setting, scatter) for setting in settings)


def _standard_error(setting: Retrained, scatter: Scatter | None) -> float:
    """Of its mean; 0 where nothing is known of the scatter, which is then the same unknown for all."""
    std = setting.std if setting.std is not None else scatter.std if scatter is not None else 0.0
    return std / math.sqrt(setting.n)


def _on_images(setting: Retrained) -> NDArray[np.float64] | None:
    """Its mean on each resample of the images, (1 + resamples,)."""
    return None if setting.resampled is None else np.asarray(setting.resampled.mean(axis=0), np.float64)


def _advantage(
    sign: float,
    estimate: float,
    a: NDArray[np.float64] | None,
    b: NDArray[np.float64] | None,
    *,
    scatter: Scatter | None,
    counts: Sequence[int],
) -> Advantage:
    known = {"images": are_paired(a, b), "seeds": scatter is not None}
    drawn = draws(estimate, a=a, b=b, scatter=scatter, counts=counts)
    better = None if drawn is None else sign * drawn
    return Advantage(
        interval_of(sign * estimate, better),
        None if better is None else float(np.mean(better > 0) + np.mean(better == 0) / 2),
        tuple(name for name, there in known.items() if there),
    )
