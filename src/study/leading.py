"""The leading settings of a study: grouped over seeds, ordered by mean minus one standard error."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from src.core.errors import ConfigError
from src.core.trial_params import by_key
from src.study.comparison import SEED, scatter_of

REPLICATES = "replicates"  # as the sweeper keeps them: values by override


@dataclass(frozen=True)
class Leading:
    """A setting of a study.

    Attributes:
        trial: The best of its trials, which stands for it.
        params: What was searched but for the seed, by override key.
        values: What it reached, one value a seed.
    """

    trial: FrozenTrial
    params: Mapping[str, Any]
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over what it reached."""
        return statistics.fmean(self.values)


def leading_settings(study: optuna.Study, top: int) -> list[Leading]:
    """The best settings, best first.

    The standard error is that of the standard deviation pooled over all settings that were repeated. In a study without
    repeats nothing is known about it, and the order is that of the values.

    Raises:
        ConfigError: the study has several objectives, or no trial to go by.
    """
    if len(study.directions) > 1:
        raise ConfigError(f"The study '{study.study_name}' has several objectives, so that no setting is the best.")
    sign = 1.0 if study.direction == StudyDirection.MAXIMIZE else -1.0
    groups: dict[str, list[FrozenTrial]] = {}
    for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        if all(value <= 0 for value in trial.constraints.values()):
            groups.setdefault(repr(sorted(_setting(trial).items())), []).append(trial)
    if not groups:
        raise ConfigError(
            f"No trial of the study '{study.study_name}' is complete, or none of them keeps its constraints."
        )
    settings = [_of(group, sign) for group in groups.values()]
    scatter = scatter_of(setting.values for setting in settings)
    std = 0.0 if scatter is None else scatter.std
    settings.sort(key=lambda setting: std / math.sqrt(len(setting.values)) - sign * setting.mean)
    return settings[:top]


def seeds_of(study: optuna.Study) -> set[int]:
    """The seeds that the study's trials have in their parameters or replicates."""
    trials = study.get_trials(deepcopy=False)
    searched = {by_key(trial.params)[SEED] for trial in trials if SEED in by_key(trial.params)}
    repeated = {
        override.partition("=")[2]
        for trial in trials
        for override in trial.user_attrs.get(REPLICATES, {})
        if override.startswith(f"{SEED}=")
    }
    return {int(seed) for seed in searched | repeated}


def _setting(trial: FrozenTrial) -> dict[str, Any]:
    return {key: value for key, value in by_key(trial.params).items() if key != SEED}


def _of(trials: Sequence[FrozenTrial], sign: float) -> Leading:
    best = max(trials, key=lambda trial: sign * trial.values[0])
    return Leading(best, _setting(best), tuple(value for trial in trials for value in _values(trial)))


def _values(trial: FrozenTrial) -> list[float]:
    replicates: Mapping[str, Sequence[float]] = trial.user_attrs.get(REPLICATES, {})
    return [values[0] for values in replicates.values()] or [float(trial.values[0])]
