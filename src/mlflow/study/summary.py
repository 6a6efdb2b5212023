"""What is worth knowing about a study, as metrics, tags and a view."""

from collections import Counter

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna_search import StudyView, TrialView

from src.core.study_attributes import RUN_ID
from src.mlflow.comparison_view import ComparisonView
from src.mlflow.runs.values import name_text

UNTRAINED = "untrained/"  # begins the names of metrics of the weights that a training started from


def progress(study: StudyView, trial: TrialView) -> dict[str, float]:
    """The values of a completed trial, and for a single objective the best among the trials up to it."""
    if not study.is_single:
        return {f"value {index}": value for index, value in enumerate(trial.values)}
    values = [other.values[0] for other in study.complete if other.number <= trial.number]
    best = max if study.maximize[0] else min
    return {"value": float(trial.values[0]), "best so far": float(best([*values, trial.values[0]]))}


def summary(study: StudyView) -> dict[str, str]:
    """Tags that say how a study went: counts of trials by state, and the best one."""
    counts = Counter(trial.state for trial in study.trials)
    tags = {f"trials.{state.name.lower()}": str(count) for state, count in counts.items()}
    if not study.is_single:
        return {**tags, "best.trials": ", ".join(str(trial.number) for trial in study.best_trials)}
    for trial in study.best_trials:
        tags |= {"best.trial": str(trial.number), "best.value": str(trial.values[0])}
        tags |= {"best.run_id": str(trial.user_attrs.get(RUN_ID, ""))}
        tags |= {f"best.{name}": str(value) for name, value in trial.params.items()}
    return tags


def comparison_view(study: optuna.Study) -> ComparisonView | None:
    """The view that compares the trials by what was searched; None when trials or the objective's name are missing.

    Numbers come before choices of words, because contour plots need numbers.
    """
    found = StudyView.of(study)
    distributions = {name: kind for trial in found.trials for name, kind in trial.distributions.items()}
    if not distributions or not study.metric_names:
        return None
    params = sorted(distributions, key=lambda name: not _is_numeric(distributions[name]))
    objective = name_text(study.metric_names[0])
    return ComparisonView(
        name=found.name,
        params=[name_text(name) for name in params],
        metric=objective,
        maximize=found.maximize[0],
        beside=[UNTRAINED + objective],
    )


def _is_numeric(distribution: BaseDistribution) -> bool:
    if not isinstance(distribution, CategoricalDistribution):
        return True
    return all(isinstance(choice, int | float) and not isinstance(choice, bool) for choice in distribution.choices)
