"""The Hydra sweeper: parse → open the study → launch workers → write results.

Hydra imports every plugin at the start of every app: what takes time to import is imported when a sweep begins.
"""

import signal
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import hydra_plugins
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.plugins import Plugins
from hydra.errors import CompactHydraException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from hydra_plugins.optuna_search.config import OptunaSweeperConf, register
from omegaconf import DictConfig

from optuna_search.hydra_internals import take_null

if TYPE_CHECKING:
    from optuna_search.results.files import SweepSummary

OFFICIAL = "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper"


class Names(SearchPathPlugin):
    """Registers the configuration when Hydra has found all plugins, whatever the order in which it found them."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:  # noqa: ARG002
        """Called by Hydra at the start of an app, before it composes anything."""
        register()
        take_null()
        # Hydra looks the class up by its dotted path. Where the official plugin is installed, its configuration has
        # just been replaced by one that its class cannot take.
        there: Any = sys.modules.get(OFFICIAL)
        if there is None:
            there = SimpleNamespace()  # a module of that name would collide with the real one
            hydra_plugins.hydra_optuna_sweeper = SimpleNamespace(optuna_sweeper=there)  # type: ignore[attr-defined]
        there.OptunaSweeper = type("OptunaSweeper", (StandIn,), {"__module__": OFFICIAL})
        Plugins.instance().register(there.OptunaSweeper)


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
        try:
            return self._search(arguments)
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)

    def _search(self, arguments: list[str]) -> "SweepSummary":
        from optuna_search.run.compose import described_by
        from optuna_search.run.search import Search
        from optuna_search.run.settings import refuse_unknown
        from optuna_search.trial.process import end_if_imported

        end_if_imported()
        assert self.config is not None
        assert self._context is not None
        assert self._task is not None
        refuse_unknown(self._options, OptunaSweeperConf.__dataclass_fields__)
        with described_by(self.config):
            return Search(self._options, self.config, self._context, self._task, arguments).run()


class StandIn(Sweeper):
    """What Hydra finds under the name of the official plugin's class.

    Configurations that were written for it carry the name as `_target_`.
    """

    def __init__(self, **options: Any) -> None:
        """Take anything: Hydra would wrap what is raised here into an error of its own."""

    def setup(self, *, config: DictConfig, **_: Any) -> None:
        """Say which line is one too many.

        Raises:
            CompactHydraException: Always.
        """
        raise CompactHydraException(
            f"hydra.sweeper._target_={config.hydra.sweeper._target_} belongs to hydra-optuna-sweeper; here "
            "hydra-optuna-search is installed. Delete the line `_target_` under `sweeper:`; "
            "`override /hydra/sweeper: optuna_search` in the defaults list is all that this sweeper needs. (To run the "
            "other one, uninstall hydra-optuna-search.)"
        )

    def sweep(self, arguments: list[str]) -> None:
        """Never called."""
