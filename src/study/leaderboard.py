"""The settings of a study against their best one and against the starting weights, in words.

That the best one was chosen for being the best is part of every statement (src/study/noise.py): an interval against the
best holds for all settings of the board together, and the lower end of the gain over the starting weights for the
largest of as many gains (max-t: Berk et al., Valid post-selection inference, Annals of Statistics 41, 2013); its upper
end, which choosing cannot push down, is that of one setting.

Whether one setting is better than another is a question of its trainings as well as of the images: without a scatter
between seeds that is known, no setting is called worse.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from src.core.interval import Interval
from src.study.below import differences_to_best
from src.study.comparison import Comparison, Setting
from src.study.curves import LastEpochs
from src.study.luck import luck_of_the_best, worth_of_choosing
from src.study.noise import Noise, is_known

SAME_TIME = 0.05  # durations that differ by less count as equal: nobody chooses by them
IMGSZ = "train.imgsz"


class Standing(StrEnum):
    """What can be said about a setting beside the best one."""

    BEST = "best"
    TIED = "no significant difference"
    WORSE = "worse"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Entry:
    """A row of the leader board.

    Attributes:
        setting: The setting; its `varied` parameters, trials, mean and standard deviation.
        numbers: Its trials.
        to_best: Its mean minus that of the best, positive where it is greater, with an interval that holds for all
            settings of the board together (src/study/below.py); None for the best itself.
        to_untrained: Its mean minus the starting weights' value, likewise; None where that is not known. Of the best
            the estimate is the corrected one: less what its having been chosen is worth.
        standing: What follows.
        cheapest: Whether it is the cheapest of those without a significant difference from the best: the quickest model
            where the search measured that, else the shortest training.
    """

    setting: Setting
    numbers: tuple[int, ...]
    to_best: Interval | None
    to_untrained: Interval | None
    standing: Standing
    cheapest: bool = False


@dataclass(frozen=True)
class Leaderboard:
    """A study's settings, best first.

    Attributes:
        entries: At least one.
        sources: What the intervals know of: `images`, `seeds`, both or nothing.
        maximize: Whether a greater value is better.
        luck: By how much the best of as many equal settings would gain more than they are worth by chance alone; None
            where nothing is known of chance.
        chosen: What having been chosen as the best is worth to the best one, in the metric's unit: to be taken off its
            gain. None likewise.
    """

    entries: tuple[Entry, ...]
    sources: tuple[str, ...]
    maximize: bool = True
    luck: float | None = None
    chosen: float | None = None

    @property
    def best(self) -> Entry:
        """The first one."""
        return self.entries[0]

    @property
    def tied(self) -> tuple[Entry, ...]:
        """Those without a significant difference from the best, without it."""
        return tuple(entry for entry in self.entries if entry.standing == Standing.TIED)

    @property
    def front(self) -> tuple[Entry, ...]:
        """Those whose models no better one is as quick as, best first; empty where the search did not time them."""
        found: list[Entry] = []
        quickest = math.inf
        for entry in sorted(self.entries, key=lambda entry: entry.setting.mean, reverse=self.maximize):
            if (latency := entry.setting.latency_ms) is not None and latency < quickest:
                found.append(entry)
                quickest = latency
        return tuple(found)

    @property
    def cheapest(self) -> Entry:
        """The cheapest of the best and of those without a significant difference from it."""
        return next(entry for entry in self.entries if entry.cheapest)


def leaderboard(
    comparison: Comparison,
    noise: Noise,
    untrained: Mapping[int, float],
    *,
    maximize: bool,
    last: LastEpochs | None = None,
) -> Leaderboard:
    """Judge each setting against the best one and against the starting weights.

    Args:
        comparison: The settings, best first.
        noise: What is known of chance in their study.
        untrained: The starting weights' value under each setting's conditions, by its place.
        maximize: Whether a greater value is better.
        last: What the trainings had after their last epochs, where a training's value is that of its best one on these
            images. The starting weights have no such choice, so that gains are known from the last epochs on.
    """
    places, settings = noise.places, [comparison.settings[place] for place in noise.places]
    sign = 1.0 if maximize else -1.0
    means = np.array([setting.mean for setting in settings])
    differences = differences_to_best(noise, sign * means) if noise.sources else []
    to_best = {place: _turned(found, sign) for place, found in zip(places[1:], differences, strict=False)}
    standings = {place: _standing(found, maximize, noise) for place, found in to_best.items()}
    chosen = luck = None
    if noise.sources:
        chosen, luck = worth_of_choosing(noise, sign * means), luck_of_the_best(noise)
    shown = {
        place: sign * (mean - untrained[place]) for place, mean in zip(places, means, strict=True) if place in untrained
    }
    gains = {place: _turned(gain, sign) for place, gain in _gains(noise, shown, last).items()}
    entries = []
    for place, setting in enumerate(comparison.settings):
        gain = gains.get(place)
        if place == 0 and gain is not None and chosen is not None:
            gain = _corrected(gain, sign * chosen)
        numbers = tuple(sorted({trial.number for trial in setting.trials if trial.number is not None}))
        unknown = Interval(setting.mean - comparison.settings[0].mean, math.nan, math.nan)
        entries.append(
            Entry(
                setting,
                numbers,
                to_best.get(place, unknown) if place else None,
                gain,
                standings.get(place, Standing.UNKNOWN) if place else Standing.BEST,
            )
        )
    cheapest = _cheapest([entry for entry in entries if entry.standing in (Standing.BEST, Standing.TIED)])
    marked = tuple(replace(entry, cheapest=True) if entry is cheapest else entry for entry in entries)
    return Leaderboard(marked, noise.sources, maximize, luck, chosen)


def _gains(noise: Noise, shown: Mapping[int, float], last: LastEpochs | None) -> dict[int, Interval]:
    """The gains over the starting weights with their intervals, by place; greater is better."""
    ends = None if last is None else last.scatter
    return {
        place: noise.gain(
            noise.places.index(place),
            gain,
            is_best=place == 0,
            behind=0.0 if last is None else last.behind[place],
            ends=ends,
        )
        for place, gain in shown.items()
    }


def _turned(interval: Interval, sign: float) -> Interval:
    """A gain as a difference of values: the other way round where a smaller one is better."""
    return interval if sign > 0 else Interval(-interval.estimate, -interval.high, -interval.low)


def _corrected(gain: Interval, chosen: float) -> Interval:
    """A gain less what having been chosen is worth."""
    return replace(gain, estimate=gain.estimate - chosen)


def _standing(to_best: Interval, maximize: bool, noise: Noise) -> Standing:
    """Without a scatter between seeds that is known, nothing is said of settings."""
    if noise.scatter is None or not is_known(to_best):
        return Standing.UNKNOWN
    worse = to_best.high < 0 if maximize else to_best.low > 0
    return Standing.WORSE if worse else Standing.TIED


def _cheapest(entries: Sequence[Entry]) -> Entry:
    """The quickest; among those about as quick the one with the smallest images; the better one after that."""
    latencies = [entry.setting.latency_ms for entry in entries]
    costs = [entry.setting.seconds for entry in entries] if None in latencies else latencies
    known = [cost for cost in costs if cost is not None]
    limit = min(known) * (1 + SAME_TIME) if known else math.inf
    quick = [entry for entry, cost in zip(entries, costs, strict=True) if (cost or 0.0) <= limit or not known]
    return min(quick, key=lambda entry: _size(entry.setting))


def _size(setting: Setting) -> float:
    text = setting.trials[0].params.get(IMGSZ, "")
    return float(text) if text.replace(".", "", 1).isdigit() else math.inf
