"""The settings of a study against their best one and against the starting weights, in words.

Intervals cover other images and other seeds (src/study/difference.py), as far as both are known; `sources` says so.

That the best of many is partly the luckiest is in none of the intervals: `python -m src.confirm` is for that.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from src.core.interval import Interval
from src.study.comparison import Comparison, Setting
from src.study.difference import difference

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
        to_best: Its mean minus that of the best, positive where it is greater; None for the best itself.
        to_untrained: Its mean minus the starting weights' value; None where that is not known.
        standing: What follows.
        cheapest: Whether it is the cheapest of those without a significant difference from the best.
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
    """

    entries: tuple[Entry, ...]
    sources: tuple[str, ...]

    @property
    def best(self) -> Entry:
        """The first one."""
        return self.entries[0]

    @property
    def tied(self) -> tuple[Entry, ...]:
        """Those without a significant difference from the best, without it."""
        return tuple(entry for entry in self.entries if entry.standing == Standing.TIED)

    @property
    def cheapest(self) -> Entry:
        """The cheapest of the best and of those without a significant difference from it."""
        return next(entry for entry in self.entries if entry.cheapest)


@dataclass(frozen=True, eq=False)
class Resampled:
    """What resampling the images says about a setting and about the starting weights under its conditions.

    Attributes:
        value: The setting's mean over its runs, (1 + resamples,), first on the images as they are.
        untrained: Likewise of the starting weights; None where they were not evaluated.
    """

    value: NDArray[np.float64] | None = None
    untrained: NDArray[np.float64] | None = None


def leaderboard(
    comparison: Comparison, resampled: Mapping[int, Resampled], untrained: Mapping[int, float], *, maximize: bool
) -> Leaderboard:
    """Judge each setting against the best one and against the starting weights.

    Args:
        comparison: The settings, best first.
        resampled: What resampling the images says, by the setting's place.
        untrained: The starting weights' value under each setting's conditions, by its place.
        maximize: Whether a greater value is better.
    """
    entries = []
    best, scatter = comparison.settings[0], comparison.scatter
    nothing = Resampled()
    on_best = resampled.get(0, nothing).value
    for place, setting in enumerate(comparison.settings):
        images = resampled.get(place, nothing)
        to_best = None
        if place:
            counts = (len(setting.trials), len(best.trials))
            to_best = difference(setting.mean - best.mean, a=images.value, b=on_best, scatter=scatter, counts=counts)
        to_untrained = None
        if place in untrained:
            gain = setting.mean - untrained[place]
            to_untrained = difference(
                gain, a=images.value, b=images.untrained, scatter=scatter, counts=(len(setting.trials),)
            )
        numbers = tuple(sorted({trial.number for trial in setting.trials if trial.number is not None}))
        entries.append(Entry(setting, numbers, to_best, to_untrained, _standing(to_best, maximize)))
    cheapest = _cheapest([entry for entry in entries if entry.standing in (Standing.BEST, Standing.TIED)])
    known = {"images": on_best is not None, "seeds": scatter is not None}
    return Leaderboard(
        tuple(
            entry
            if entry is not cheapest
            else Entry(entry.setting, entry.numbers, entry.to_best, entry.to_untrained, entry.standing, cheapest=True)
            for entry in entries
        ),
        tuple(name for name, there in known.items() if there),
    )


def is_known(interval: Interval) -> bool:
    """Whether an interval has ends."""
    return not math.isnan(interval.low)


def _standing(to_best: Interval | None, maximize: bool) -> Standing:
    if to_best is None:
        return Standing.BEST
    if not is_known(to_best):
        return Standing.UNKNOWN
    worse = to_best.high < 0 if maximize else to_best.low > 0
    return Standing.WORSE if worse else Standing.TIED


def _cheapest(entries: Sequence[Entry]) -> Entry:
    """The shortest; among those about as short the one with the smallest images; the better one after that."""
    known = [entry.setting.seconds for entry in entries if entry.setting.seconds is not None]
    limit = min(known) * (1 + SAME_TIME) if known else math.inf
    quick = [entry for entry in entries if (entry.setting.seconds or 0.0) <= limit] if known else list(entries)
    return min(quick, key=lambda entry: _size(entry.setting))


def _size(setting: Setting) -> float:
    text = setting.trials[0].params.get(IMGSZ, "")
    return float(text) if text.replace(".", "", 1).isdigit() else math.inf
