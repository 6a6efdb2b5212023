"""Which of a study's trials is the best."""

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState


def rank(study: optuna.Study, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Completed trials, best first; with several objectives the Pareto front first, each part by number.

    Trials that break a constraint come last.
    """
    completed = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if len(study.directions) > 1:
        front = {trial.number for trial in study.best_trials} if completed else set()
        return sorted(completed, key=lambda t: (not is_feasible(t), t.number not in front, t.number))
    sign = -1 if study.direction == optuna.study.StudyDirection.MAXIMIZE else 1
    return sorted(completed, key=lambda t: (not is_feasible(t), sign * t.values[0], t.number))


def is_feasible(trial: FrozenTrial) -> bool:
    """Whether a trial keeps all its constraints; one without constraints does."""
    return all(value <= 0 for value in trial.constraints.values())
