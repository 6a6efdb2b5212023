"""The report at the end of a sweep: an Optuna callback that writes it, uploads it, and says what follows from it."""

import logging
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial
from optuna_search import StudyView
from rich.console import Console

from src.core.errors import ConfigError
from src.core.study_attributes import RUN_ID
from src.core.terminal import standard_output
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import attach
from src.render.terminal import say
from src.stages.report.show import lines
from src.stages.report.stage import FOLDER, report

_logger = logging.getLogger(__name__)


class StudyReport:
    """Writes the report about a study when its sweep ends; the sweeper calls `on_sweep_end`.

    Configured before `src.mlflow.study.StudyRun`, which waits at its end for what is uploaded here.
    """

    def __init__(self, options: TrackingOptions, folder: str, console: Console | None = None) -> None:
        """Make the callback.

        Args:
            options: Where the study is recorded.
            folder: The sweep's folder; the report is written to `report/` in it.
            console: Where to print.

        Raises:
            ConfigError: `options` is something else than TrackingOptions.
        """
        if not isinstance(options, TrackingOptions):
            raise ConfigError(
                f"StudyReport's options are {type(options).__name__}, not TrackingOptions; in a Hydra configuration"
                " write `options: ${tracking}` and `_convert_: object`."
            )
        self._options = options
        self._folder = Path(folder) / FOLDER
        self._console = console or standard_output()

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """After a single trial there is nothing to report yet."""

    def on_sweep_end(self, study: optuna.Study) -> None:
        """Write the report, give it to the study's run, and print what follows; a failure is a warning."""
        try:
            analysis = report(StudyView.of(study), self._folder)
            self._upload(study)
            if analysis.study.complete:  # what failed, the sweeper has said
                say(lines(analysis, self._folder), self._console)
        except Exception:  # whatever a plot or a file does: the sweep's results are there without it
            _logger.warning(
                "There is no report; try again: python -m src.report study=%s",
                study.study_name,
                exc_info=True,
            )

    def _upload(self, study: optuna.Study) -> None:
        run_id = study.user_attrs.get(RUN_ID)
        if run_id is None:
            return
        run = attach(self._options, run_id, parent_run_id=run_id)
        run.log_artifact(self._folder, FOLDER)
        run.close()
