"""When a sweep that mostly fails is stopped."""

from collections import Counter

import optuna
from optuna.trial import TrialState

from optuna_search.errors import SweepFailed
from optuna_search.study.queue import TrialBudget
from optuna_search.study.views import TrialView, reasons_of
from optuna_search.trial.job import CONSOLE

ENOUGH_TRIALS = 5  # the failure rate of fewer says little


def check_failure_rate(study: optuna.Study, limit: float, n_trials: int) -> None:
    """Stop a sweep that mostly fails; trials that are tried again do not count.

    Raises:
        SweepFailed: More than `limit` of the finished trials failed, and enough have finished to say so.
    """
    finished = [TrialView(trial) for trial in TrialBudget.of(study.get_trials(deepcopy=False)).finished]
    failed = [trial for trial in finished if trial.state == TrialState.FAIL]
    enough = limit == 0 or len(finished) >= min(ENOUGH_TRIALS, n_trials)
    if not failed or not enough or len(failed) / len(finished) <= limit:
        return
    reason, count = Counter(reasons_of(failed)).most_common(1)[0]
    folder = failed[-1].folder
    printed = f"What the latest of them printed: {folder / CONSOLE}\n" if folder else ""
    raise SweepFailed(
        f"{len(failed)} of {len(finished)} trials failed, more than hydra.sweeper.max_failure_rate={limit:g} allows. "
        f"The commonest reason ({count}×): {reason}\n"
        f"{printed}"
        "To resume this study nevertheless, raise hydra.sweeper.max_failure_rate."
    )
