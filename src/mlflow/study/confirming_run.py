"""Trainings that confirm a setting of a study are shown under the study that it came from."""

import optuna
from optuna.trial import FrozenTrial

from src.core.study_attributes import CONFIRMS, RUN_ID


class ConfirmingRun:
    """An Optuna callback in place of `StudyRun`: the sweep gets no run of its own, its trials go under another's."""

    def __init__(self, study: str, trial: int, run_id: str | None) -> None:
        """Make the callback.

        Args:
            study: The study that is confirmed.
            trial: The number of the trial whose setting is trained again.
            run_id: That study's run; None where it was not recorded.
        """
        self._confirms = {"study": study, "trial": trial}
        self._run_id = run_id

    def on_sweep_start(self, study: optuna.Study) -> None:
        """Give the study whose setting is trained, for the runs of its trainings."""
        study.set_user_attr(CONFIRMS, self._confirms)
        if self._run_id is not None:
            study.set_user_attr(RUN_ID, self._run_id)

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Nothing is to be said of a single training: `python -m src.confirm` judges them together."""
