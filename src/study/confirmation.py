"""Whether a search's leading settings keep what they promised, judged by trainings with fresh seeds.

The best of many trials is partly the luckiest: its value in the search is too good on average. Settings are therefore
compared by new trainings only. New trainings renew the luck with the seed, but not that with the images: the settings
were chosen on val, and a setting may suit these very images. So they are judged on images that chose nothing, the test
split, where there is one; else a gain is as uncertain as that of the best of all settings of the search.

Who wins is decided by the values that the search went by; the other images are looked at for the judgement alone.

Intervals are those of a leader board (src/study/noise.py). The probability that the winner is really better takes into
account that it was picked for being the best (src/study/shrinkage.py).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from src.core.errors import DataError
from src.core.interval import Interval
from src.documents.confirmation import Advantage
from src.study.comparison import Scatter, scatter_of
from src.study.noise import Array, Measured, Noise, is_known
from src.study.shrinkage import true_values


@dataclass(frozen=True, eq=False)
class Retrained:
    """A setting, trained again.

    Attributes:
        trial: The number of the trial that it was found with.
        searched: Its value in the search.
        values: Its value with each fresh seed, on the images of the search; at least one.
        unseen: The same on images that chose nothing, by the same seeds; None where there are none.
        measured: What the images that it is judged on say, the runs in the order of `values`; None where the metric
            cannot be computed from detections.
    """

    trial: int
    searched: float
    values: Mapping[int, float]
    unseen: Mapping[int, float] | None = None
    measured: Measured | None = None

    def __post_init__(self) -> None:
        if not self.values:
            raise DataError(f"Trial {self.trial} has no training with a fresh seed to judge it by.")
        if self.unseen is not None and set(self.unseen) != set(self.values):
            raise DataError(f"The seeds {set(self.unseen)} on other images are not the seeds {set(self.values)}.")
        if self.measured is not None and len(self.measured.runs) != len(self.values):
            raise DataError(
                f"{len(self.measured.runs)} rows of images for the {len(self.values)} seeds of the setting."
            )

    @property
    def judged(self) -> Mapping[int, float]:
        """Its values on the images that it is judged by."""
        return self.values if self.unseen is None else self.unseen

    @property
    def n(self) -> int:
        """How many seeds."""
        return len(self.values)

    @property
    def mean(self) -> float:
        """Over the seeds, on the images of the search."""
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
    untrained: float | None = None,
    searched: int | None = None,
    epochs: int = 1,
) -> Confirmation:
    """Find the winner among settings that were trained again, and how sure it is.

    Args:
        settings: In the order of the search, its winner first.
        maximize: Whether a greater value is better.
        untrained: The value of the starting weights under the winner's conditions, on the images that it is judged by.
        searched: How many settings the search chose these from, on the same images; None for the settings themselves.
            Of no account on images that chose nothing.
        epochs: Likewise, of how many epochs a training's best one is taken.

    Raises:
        DataError: there is no setting.
    """
    if not settings:
        raise DataError("There is no setting to confirm.")
    sign = 1.0 if maximize else -1.0
    winner = winner_of(settings, maximize=maximize)
    noise = _noise(settings)
    means = np.array([sign * math.fsum(setting.judged.values()) / setting.n for setting in settings])
    worth = None
    if noise.scatter is not None:
        worth = true_values(means, np.asarray(noise.counts, np.float64), noise.of_setting, noise.scatter)
    advantages = tuple(
        None
        if place == winner
        else Advantage(
            noise.difference(winner, place, float(means[winner] - means[place])),
            None if worth is None else _probability(worth[:, winner] - worth[:, place]),
            noise.sources,
        )
        for place in range(len(settings))
    )
    over_untrained = None
    if untrained is not None:
        fresh = all(setting.unseen is not None for setting in settings)
        candidates = 1 if fresh else max(searched or 1, len(settings)) * epochs
        start = sign * untrained
        gained = None if worth is None else worth[:, winner] - start
        over_untrained = _gain(noise, winner, float(means[winner]) - start, gained, candidates)
    return Confirmation(tuple(settings), _scores(settings, sign), winner, advantages, over_untrained)


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


def _noise(settings: Sequence[Retrained]) -> Noise:
    measured = [setting.measured for setting in settings if setting.measured is not None]
    return Noise(
        range(len(settings)),
        [setting.n for setting in settings],
        measured if len(measured) == len(settings) else None,
        scatter_of(list(setting.judged.values()) for setting in settings),
    )


def _probability(drawn: Array) -> float:
    return float(np.mean(drawn > 0) + np.mean(drawn == 0) / 2)


def _gain(noise: Noise, winner: int, gain: float, worth: Array | None, candidates: int) -> Advantage:
    """The winner's gain over the starting weights, and how sure it is.

    Args:
        noise: What is known of chance.
        winner: The winner's place.
        gain: Its mean minus the value of the starting weights, greater is better.
        worth: Draws of what the winner is worth, minus that value.
        candidates: From how many the settings were chosen on the images that they are judged by.
    """
    interval = noise.gain(winner, gain, is_best=True)
    if worth is None or not is_known(interval):
        return Advantage(interval, None, noise.sources)
    from scipy.special import ndtri  # a third of a second

    rng = np.random.default_rng(noise.seed)
    shared = math.sqrt(max(0.0, float(noise.gain_on_images[winner]) - noise.of_setting))
    better = worth + shared * rng.standard_normal(len(worth))
    if candidates > 1:
        # fresh seeds leave a setting the luck with the images that it was chosen by: that of the best of so many
        luck = math.sqrt(noise.of_setting) * ndtri(rng.random(len(worth)) ** (1 / candidates))
        carried = float(luck.mean())
        better -= luck
        interval = Interval(gain - carried, min(interval.low, float(np.quantile(better, 0.025))), interval.high)
    return Advantage(interval, _probability(better), noise.sources)
