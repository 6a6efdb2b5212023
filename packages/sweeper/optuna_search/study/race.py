"""Breadth first, then seeds for the leaders: which run a study of settings that are to be repeated needs next.

What a single run says of a setting is partly its seed's luck. To repeat every setting spends the study's total on bad
ones; so each setting is run once, all with the same first value of what is repeated over, and the places that are left
go to further values for the leaders only. It is a rule over the list of trials, as the rest of `study.queue`: exact,
resumable, and the same for any number of workers, none of which waits for another's trial.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from optuna_search.attributes import FIXED_PARAMS, REPLICATE, REPLICATE_OF


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
class Race:
    """How settings are repeated.

    Attributes:
        overrides: What tells the runs of a setting from each other; the first is every setting's first.
        leaders: How many settings get them all.
        maximize: Whether a greater value is better.
    """

    overrides: tuple[str, ...]
    leaders: int
    maximize: bool

    def next(self, trials: Sequence[FrozenTrial], places: int) -> NextRun:
        """What to run in one of the places that are left.

        A new setting, as long as there is more room than the leaders need for their other runs, which may be half of
        the total at most; then the run that is missing of the leader that has the fewest. Where no leader is known yet,
        a new setting: nobody waits.

        Args:
            trials: Those that count towards the total, the waiting ones included.
            places: How many trials may still be made.
        """
        runs: dict[int, list[FrozenTrial]] = {}
        for trial in trials:
            runs.setdefault(trial.user_attrs.get(REPLICATE_OF, trial.number), []).append(trial)
        ended = {number: own for number, own in runs.items() if own[0].number == number and _has_result(own[0])}
        leading = sorted(ended, key=lambda number: -self._mean(ended[number]))[: self.leaders]
        missing = {
            number: [each for each in self.overrides if each not in self._begun(runs[number])] for number in leading
        }
        needed = sum(map(len, missing.values())) + (self.leaders - len(leading)) * (len(self.overrides) - 1)
        wanting = [number for number in leading if missing[number]]
        if places > min(needed, (len(trials) + places) // 2) or not wanting:
            return NextRun({REPLICATE: self.overrides[0]}, {})
        number = max(wanting, key=lambda number: len(missing[number]))  # of as many, the better one
        first = ended[number][0]
        params = {**first.system_attrs.get(FIXED_PARAMS, {}), **first.params}
        return NextRun({REPLICATE: missing[number][0], REPLICATE_OF: number}, params)

    def _mean(self, trials: Sequence[FrozenTrial]) -> float:
        mean = statistics.fmean(trial.values[0] for trial in trials if _has_result(trial))
        return mean if self.maximize else -mean

    def _begun(self, trials: Sequence[FrozenTrial]) -> set[str]:
        return {trial.user_attrs.get(REPLICATE, self.overrides[0]) for trial in trials}


def _has_result(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.COMPLETE and all(value <= 0 for value in trial.constraints.values())
