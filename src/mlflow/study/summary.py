"""What is worth knowing about a study, as metrics, tags and a view."""

from collections import Counter

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from optuna_search import TrialView

from src.core.study_attributes import RUN_ID
from src.mlflow.comparison_view import ComparisonView
from src.mlflow.runs.values import name_text

UNTRAINED = "untrained/"  # begins the names of metrics of the weights that a training started from


def best_trials(study: optuna.Study) -> list[FrozenTrial]:
    """The best trial, or the Pareto front of several objectives, of those that keep their constraints."""
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    feasible = any(all(value <= 0 for value in trial.constraints.values()) for trial in completed)
    if not feasible:
        return []
    return list(study.best_trials) if len(study.directions) > 1 else [study.best_trial]


def progress(study: optuna.Study, trial: FrozenTrial) -> dict[str, float]:
    """The values of a completed trial, and for a single objective the best among the trials up to it."""
    if len(study.directions) > 1:
        return {f"value {index}": value for index, value in enumerate(trial.values)}
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    values = [other.value for other in completed if other.number <= trial.number and other.value is not None]
    best = max if study.direction == StudyDirection.MAXIMIZE else min
    return {"value": float(trial.values[0]), "best so far": float(best([*values, trial.values[0]]))}


def summary(study: optuna.Study) -> dict[str, str]:
    """Tags that say how a study went: counts of trials by state, and the best one."""
    counts = Counter(trial.state for trial in study.get_trials(deepcopy=False))
    tags = {f"trials.{state.name.lower()}": str(count) for state, count in counts.items()}
    best = best_trials(study)
    if len(study.directions) > 1:
        return {**tags, "best.trials": ", ".join(str(trial.number) for trial in best)}
    for trial in best:
        tags |= {"best.trial": str(trial.number), "best.value": str(trial.values[0])}
        tags |= {"best.run_id": str(trial.user_attrs.get(RUN_ID, ""))}
        tags |= {f"best.{name}": str(value) for name, value in TrialView(trial).params.items()}
    return tags


def comparison_view(study: optuna.Study) -> ComparisonView | None:
    """The view that compares the trials by what was searched; None when trials or the objective's name are missing.

    Numbers come before choices of words, because contour plots need numbers.
    """
    trials = study.get_trials(deepcopy=False)
    distributions = {name: kind for trial in trials for name, kind in TrialView(trial).distributions.items()}
    if not distributions or not study.metric_names:
        return None
    params = sorted(distributions, key=lambda name: not _is_numeric(distributions[name]))
    return ComparisonView(
        name=study.study_name,
        params=[name_text(name) for name in params],
        metric=name_text(study.metric_names[0]),
        maximize=study.directions[0] == StudyDirection.MAXIMIZE,
        beside=[UNTRAINED + name_text(study.metric_names[0])],
    )


def _is_numeric(distribution: BaseDistribution) -> bool:
    if not isinstance(distribution, CategoricalDistribution):
        return True
    return all(isinstance(choice, int | float) and not isinstance(choice, bool) for choice in distribution.choices)
