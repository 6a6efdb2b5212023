"""Runs: what a training or a study writes its parameters, metrics and files to."""

from src.mlflow.runs.opening import attach, open_run
from src.mlflow.runs.run import NullRun, ParamValue, Run, RunStatus

__all__ = ["NullRun", "ParamValue", "Run", "RunStatus", "attach", "open_run"]
