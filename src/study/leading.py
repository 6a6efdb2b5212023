"""The leading settings of a study: grouped over seeds, ordered by mean minus one standard error."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna_search import StudyView, TrialView

from src.core.errors import ConfigError
from src.study.comparison import SEED, scatter_of


@dataclass(frozen=True)
class Leading:
    """A setting of a study.

    Attributes:
        trial: The best of its trials, which stands for it.
        params: What was searched but for the seed, by override key.
        values: What it reached, one value a seed.
    """

    trial: TrialView
    params: Mapping[str, Any]
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over what it reached."""
        return statistics.fmean(self.values)


def leading_settings(study: StudyView, top: int) -> list[Leading]:
    """The best settings, best first.

    The standard error is that of the standard deviation pooled over all settings that were repeated. In a study without
    repeats nothing is known about it, and the order is that of the values.

    Raises:
        ConfigError: the study has several objectives, or no trial to go by.
    """
    if not study.is_single:
        raise ConfigError(f"The study '{study.name}' has several objectives, so that no setting is the best.")
    sign = 1.0 if study.maximize[0] else -1.0
    groups: dict[str, list[TrialView]] = {}
    for trial in study.complete:
        if trial.is_feasible:
            groups.setdefault(repr(sorted(_setting(trial).items())), []).append(trial)
    if not groups:
        raise ConfigError(f"No trial of the study '{study.name}' is complete, or none of them keeps its constraints.")
    settings = [_of(group, sign) for group in groups.values()]
    scatter = scatter_of(setting.values for setting in settings)
    std = 0.0 if scatter is None else scatter.std
    settings.sort(key=lambda setting: std / math.sqrt(len(setting.values)) - sign * setting.mean)
    return settings[:top]


def seeds_of(study: StudyView) -> set[int]:
    """The seeds that the study's trials have in their parameters or replicates."""
    searched = {trial.params[SEED] for trial in study.trials if SEED in trial.params}
    repeated = {
        override.partition("=")[2]
        for trial in study.trials
        for override in trial.replicates
        if override.startswith(f"{SEED}=")
    }
    return {int(seed) for seed in searched | repeated}


def _setting(trial: TrialView) -> dict[str, Any]:
    return {key: value for key, value in trial.params.items() if key != SEED}


def _of(trials: Sequence[TrialView], sign: float) -> Leading:
    best = max(trials, key=lambda trial: sign * trial.values[0])
    return Leading(best, _setting(best), tuple(value for trial in trials for value in _values(trial)))


def _values(trial: TrialView) -> list[float]:
    return [values[0] for values in trial.replicates.values()] or [trial.values[0]]
