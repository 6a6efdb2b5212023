"""Breadth first, then another run where it pays: which run a study of settings that are to be repeated needs next.

What a single run says of a setting is partly its seed's luck, but to repeat a bad one says nothing of the good ones.
So each setting is run once, all with the same first value of what is repeated over, until a quarter of the total is
left. Then the leaders are run a second time, which tells how far runs of one setting scatter. Each place that is left
goes to a new setting or to another run of a leader, whichever is expected to raise the true mean of the best setting
by more.

It is a rule over the list of trials, as the rest of `study.queue`: exact, resumable, and the same for any number of
workers, none of which waits for another's trial.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from optuna_search.attributes import FIXED_PARAMS, REPLICATE, REPLICATE_OF

LAST = 4  # no run is repeated before a quarter of the total is left
LEAST = 8  # trials of a study that repeats: with fewer, each is worth more as a setting
FEWEST = 3  # settings from which it can be learnt how far settings are apart
NORMAL = statistics.NormalDist()


@dataclass(frozen=True)
class NextRun:
    """The next run of a race.

    Attributes:
        attributes: The user attributes of its trial.
        params: The parameters that it repeats; empty for a setting that is to be drawn.
    """

    attributes: Mapping[str, Any]
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Runs:
    """The runs of a setting.

    Attributes:
        first: Its first trial.
        values: What those that have ended gave, so that greater is better.
        begun: What tells all of them from each other, those that still run or failed included.
    """

    first: FrozenTrial
    values: tuple[float, ...]
    begun: frozenset[str]

    @property
    def mean(self) -> float:
        """Of its values."""
        return statistics.fmean(self.values)


@dataclass(frozen=True)
class Race:
    """How settings are repeated.

    Attributes:
        overrides: What tells the runs of a setting from each other; the first is every setting's first.
        leaders: How many settings are repeated at a time.
        maximize: Whether a greater value is better.
    """

    overrides: tuple[str, ...]
    leaders: int
    maximize: bool

    def next(self, trials: Sequence[FrozenTrial], places: int) -> NextRun:
        """What to run in one of the places that are left; a new setting where no leader is known yet: nobody waits.

        Args:
            trials: Those that count towards the total, the waiting ones included.
            places: How many trials may still be made.
        """
        total, new = len(trials) + places, NextRun({REPLICATE: self.overrides[0]}, {})
        if total < LEAST or places > total // LAST:
            return new
        settings = sorted(self._settings(trials), key=lambda setting: -setting.mean)
        leading = [setting for setting in settings[: self.leaders] if len(setting.begun) < len(self.overrides)]
        if not leading:
            return new
        if sum(REPLICATE_OF in trial.user_attrs for trial in trials) < self.leaders:
            return self._again(min(leading, key=lambda setting: len(setting.begun)))  # of as many, the better one
        gains = Gains.of(settings)
        best = max(leading, key=gains.of_another_run)
        return self._again(best) if gains.of_another_run(best) > gains.of_new else new

    def _settings(self, trials: Sequence[FrozenTrial]) -> list[Runs]:
        """Those whose first run has ended with a result."""
        found: dict[int, list[FrozenTrial]] = {}
        for trial in trials:
            found.setdefault(trial.user_attrs.get(REPLICATE_OF, trial.number), []).append(trial)
        sign = 1 if self.maximize else -1
        return [
            Runs(
                own[0],
                tuple(sign * trial.values[0] for trial in own if _has_result(trial)),
                frozenset(trial.user_attrs.get(REPLICATE, self.overrides[0]) for trial in own),
            )
            for number, own in found.items()
            if own[0].number == number and _has_result(own[0])
        ]

    def _again(self, setting: Runs) -> NextRun:
        first = setting.first
        params = {**first.system_attrs.get(FIXED_PARAMS, {}), **first.params}
        missing = next(each for each in self.overrides if each not in setting.begun)
        return NextRun({REPLICATE: missing, REPLICATE_OF: first.number}, params)


@dataclass(frozen=True)
class Gains:
    """By how much the next run is expected to raise the true mean of the setting that is best then.

    True means are taken as normal around the median, as far apart as the better half of the settings (one that fails
    says nothing of how far the good ones are apart). A run scatters around its setting's as far as repeats do. The gain
    of a run is the expected improvement of the best posterior mean (Gupta and Miescke, Journal of Statistical Planning
    and Inference 54, 1996; "knowledge gradient", Frazier, Powell and Dayanik 2008).

    Attributes:
        settings: Best first.
        centre: The median of their means.
        between: The variance of true means.
        within: The variance of runs of one setting.
    """

    settings: Sequence[Runs]
    centre: float
    between: float
    within: float

    @classmethod
    def of(cls, settings: Sequence[Runs]) -> "Gains":
        """What the runs that have ended say of settings, best first."""
        means = [setting.mean for setting in settings]
        centre = statistics.median(means)
        spread = statistics.fmean((mean - centre) ** 2 for mean in means[: math.ceil(len(means) / 2)])
        freedom = sum(len(setting.values) - 1 for setting in settings)
        squares = sum((value - setting.mean) ** 2 for setting in settings for value in setting.values)
        within = squares / freedom if freedom else 0.0
        return cls(settings, centre, max(spread - within, spread / 10), within)

    @property
    def of_new(self) -> float:
        """Of a new setting's first run; infinite as long as too few settings are known."""
        if len(self.settings) < FEWEST:
            return math.inf
        return _expected(self._moves(self.between), max(map(self._posterior, self.settings)) - self.centre)

    def of_another_run(self, setting: Runs) -> float:
        """Of one more run of a setting, after those that have begun."""
        others = max((self._posterior(other) for other in self.settings if other is not setting), default=self.centre)
        left = self.between * self.within / (len(setting.begun) * self.between + self.within) if self.within else 0.0
        return _expected(self._moves(left), abs(self._posterior(setting) - others))

    def _posterior(self, setting: Runs) -> float:
        """The mean, drawn towards the centre by as much as is luck."""
        luck = self.within / len(setting.values)
        return self.centre + (setting.mean - self.centre) * (
            self.between / (self.between + luck) if self.between else 1
        )

    def _moves(self, variance: float) -> float:
        """How far a run is expected to move the posterior mean of a setting whose true mean is known so badly."""
        return variance / math.sqrt(variance + self.within) if variance else 0.0


def _expected(spread: float, behind: float) -> float:
    """How far a normal value of that standard deviation is above a mark, on average, and 0 where it is below."""
    if not spread:
        return 0.0
    mark = behind / spread
    return spread * (NORMAL.pdf(mark) - mark * NORMAL.cdf(-mark))


def _has_result(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.COMPLETE and all(value <= 0 for value in trial.constraints.values())
