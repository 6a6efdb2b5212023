"""The Hydra sweeper: parse → open the study → launch workers → write results.

Not to be imported in a hurry: Hydra imports every plugin at the start of every app, so that what takes time is
imported when a sweep begins.
"""

from typing import TYPE_CHECKING, Any

from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from hydra_plugins.optuna_search.config import register
from omegaconf import DictConfig

if TYPE_CHECKING:
    from optuna_search.results.files import SweepSummary

register()


class OptunaSweeper(Sweeper):
    """Searches with Optuna; `OptunaSweeperConf` describes the options."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._context: HydraContext | None = None
        self._task: TaskFunction | None = None
        self.config: DictConfig | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra hands to every sweeper."""
        self._context = hydra_context
        self._task = task_function
        self.config = config

    def sweep(self, arguments: list[str]) -> "SweepSummary":
        """Search the space of `hydra.sweeper.params` and the command line.

        Raises:
            SpaceError: Something cannot work; no trial has run.
            SweepFailed: Too many trials failed, or none ended with a result. The results are written nevertheless.
            SystemExit: After Ctrl-C; likewise.
        """
        from optuna_search.run.search import Search

        assert self.config is not None
        assert self._context is not None
        assert self._task is not None
        return Search(self._options, self.config, self._context, self._task, arguments).run()
