"""A study in which a parameter has one name and one distribution, as Optuna's plots and importances want it."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial
from optuna_search import StudyView, TrialView

from src.core.quiet import quiet_optuna


def unified_study(study: StudyView) -> optuna.Study:
    """A copy in memory in which a parameter has one name and one distribution, for Optuna's plots.

    In the study itself a parameter under conditions has a name and a distribution for each case, and one whose range
    was changed has several distributions; Optuna's plots and importances leave such parameters out.
    """
    with quiet_optuna():
        copy = optuna.create_study(study_name=study.name, directions=study.directions)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        copy.set_metric_names(list(study.objectives))
    space = common_space(study.trials)
    short = short_names(space)
    copy.add_trials([_unified(trial, space, short) for trial in study.trials if trial.is_finished])
    return copy


def short_names(keys: Sequence[str] | Mapping[str, Any]) -> dict[str, str]:
    """Keys by their last part, `lr0` for `train.lr0`, where that is unique."""
    last = [key.rpartition(".")[2] for key in keys]
    return {key: name if last.count(name) == 1 else key for key, name in zip(keys, last, strict=True)}


def common_space(trials: Sequence[TrialView]) -> dict[str, BaseDistribution]:
    """The searched parameters by override key, each with the least distribution that holds all its values."""
    by_name: dict[str, list[BaseDistribution]] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            by_name.setdefault(name, []).append(distribution)
    return {name: _union(found) for name, found in by_name.items()}


def _union(distributions: Sequence[BaseDistribution]) -> BaseDistribution:
    """The least distribution that holds the values of all; of numbers and words together, a choice of words."""
    first = distributions[0]
    if all(distribution == first for distribution in distributions):
        return first
    if all(isinstance(distribution, CategoricalDistribution) for distribution in distributions):
        choices = [choice for one in distributions for choice in one.choices]  # type: ignore[attr-defined]
        return CategoricalDistribution(list(dict.fromkeys(choices)))
    numbers = [one for one in distributions if isinstance(one, FloatDistribution | IntDistribution)]
    if len(numbers) < len(distributions):
        return CategoricalDistribution(sorted({text for one in distributions for text in _texts(one)}))
    low, high = min(one.low for one in numbers), max(one.high for one in numbers)
    log = all(one.log for one in numbers)
    if all(isinstance(one, IntDistribution) for one in numbers):
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(float(low), float(high), log=log)


def _texts(distribution: BaseDistribution) -> list[str]:
    return [str(choice) for choice in getattr(distribution, "choices", ())]


def _unified(trial: TrialView, space: Mapping[str, BaseDistribution], short: Mapping[str, str]) -> FrozenTrial:
    used = {name: _admitted(value, space[name]) for name, value in trial.params.items()}
    return FrozenTrial(
        number=trial.number,
        state=trial.state,
        value=None,
        values=trial.values or None,
        datetime_start=trial.began,
        datetime_complete=trial.ended,
        params={short[name]: value for name, value in used.items() if value is not _OUTSIDE},
        distributions={short[name]: space[name] for name, value in used.items() if value is not _OUTSIDE},
        user_attrs={},
        system_attrs={},
        intermediate_values=dict(trial.intermediate_values),
        trial_id=trial.number,
    )


_OUTSIDE = object()


def _admitted(value: Any, distribution: BaseDistribution) -> Any:
    """A value as the common distribution holds it."""
    if not isinstance(distribution, CategoricalDistribution) or value in distribution.choices:
        return value
    return str(value) if str(value) in distribution.choices else _OUTSIDE
