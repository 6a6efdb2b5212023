"""Studies in the tracking store: Optuna callbacks that give a study its run and keep the run up to date."""

from src.mlflow.study.confirming_run import ConfirmingRun
from src.mlflow.study.study_run import StudyRun

__all__ = ["ConfirmingRun", "StudyRun"]
