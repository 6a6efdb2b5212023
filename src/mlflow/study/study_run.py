"""The run of a whole study: an Optuna callback that keeps a summary of its trials in the tracking store."""

import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState
from optuna_search import Ending, StudyView, TrialView
from rich.console import Console

from src.core.errors import ConfigError
from src.core.secrets import without_credentials
from src.core.study_attributes import COMPARISON_URL, RUN_ID, TRACKING_URI, WEIGHTS
from src.core.terminal import standard_output
from src.mlflow.comparison_view import ComparisonView
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import Run, RunStatus, attach, open_run
from src.mlflow.spool.folder import known_id
from src.mlflow.study.summary import comparison_view, progress, summary

MLFLOW_UI = "http://127.0.0.1:5000"  # where the command `mlflow ui` serves a local store

_logger = logging.getLogger(__name__)


class StudyRun:
    """Makes the run that a study's trials are shown under, and keeps it up to date.

    Configured under `hydra.sweeper.callbacks`, it exists in the controller and in every worker: the controller calls
    `on_sweep_start` and `on_sweep_end`, the workers call the object itself after each trial. What they share is
    the study: its user attribute `mlflow_run_id` names the run. It is set before the first trial, to a provisional key
    that `open_run` takes as a parent (the store may need seconds to answer), and to the store's own id later.

    No method raises because of tracking; a failure is a warning in the log.
    """

    def __init__(self, options: TrackingOptions, console: Console | None = None) -> None:
        """Make the callback.

        Args:
            options: Where to record.
            console: Where to say, at the end, how to compare the runs.

        Raises:
            ConfigError: `options` is something else than TrackingOptions.
        """
        if not isinstance(options, TrackingOptions):
            raise ConfigError(
                f"StudyRun's options are {type(options).__name__}, not TrackingOptions; in a Hydra configuration write"
                " `options: ${tracking}` and `_convert_: object`."
            )
        self._options = options
        self._console = console or standard_output()
        self._run: Run | None = None

    def on_sweep_start(self, study: optuna.Study) -> None:
        """Begin the study's run, or resume the one that it has."""
        if self._options.kind == "none":
            return
        with _never_raises("begin the study's run"):
            tags = {
                "study": study.study_name,
                "study.directions": ", ".join(direction.name.lower() for direction in study.directions),
                "study.sampler": type(study.sampler).__name__,
                "study.pruner": type(study.pruner).__name__,
            }
            known = study.user_attrs.get(RUN_ID)
            self._run = open_run(self._options, name=study.study_name, tags=tags, run_id=known)
            self._run.set_tags(tags)  # also those of a resumed run: the sampler may be another one now
            study.set_user_attr(RUN_ID, self._run.id)
            if without_credentials(self._options.uri) == self._options.uri:
                study.set_user_attr(TRACKING_URI, self._options.uri)

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Record a trial's value and the best so far; doing so again changes nothing."""
        run_id = study.user_attrs.get(RUN_ID)
        if self._options.kind == "none" or run_id is None or trial.state != TrialState.COMPLETE:
            return
        with _never_raises(f"record trial {trial.number}"):
            run = attach(self._options, run_id)
            metrics = progress(StudyView.of(study), TrialView(trial))
            # The trial's own time makes a repeated call the same point, which the store keeps once.
            ended = trial.datetime_complete
            run.log_metrics(metrics, trial.number, time_ms=None if ended is None else int(ended.timestamp() * 1000))
            run.close()
            self._settle_id(study, run_id)

    def on_sweep_end(self, study: optuna.Study) -> None:
        """Write the summary and end the run: FINISHED, KILLED after Ctrl-C, FAILED after another exception.

        Which of them, the exception in flight tells: call this from a `finally` block.

        Side effects: sets the study's user attributes `mlflow_run_id`, to the store's id, and
        `mlflow_comparison_url`, where the study's trials can be compared.
        """
        status = _status_of(sys.exc_info()[0])
        if self._run is None:
            return
        run, self._run = self._run, None
        view = comparison_view(study)
        with _never_raises("say which trials failed"):
            self._say_what_failed(study, run)
        with _never_raises("write the study's summary"):
            self._write_summary(study, run, view)
        run.end(status)
        with _never_raises("record the run in the study"):
            study.set_user_attr(RUN_ID, run.id)
            if view is not None and run.experiment_id is not None:
                url = view.url(without_credentials(self._server()), run.experiment_id)
                study.set_user_attr(COMPARISON_URL, url)
                self._say_where(url)

    def _say_what_failed(self, study: optuna.Study, run: Run) -> None:
        """Let trials' runs end as the study's trials did.

        A training does not know how its trial ends: it may be killed, or finish after its worker was taken for dead.
        """
        trials = StudyView.of(study).trials
        repeated_by = {trial.retry_of: trial.number for trial in trials}
        for trial in trials:
            run_id = trial.user_attrs.get(RUN_ID)
            if trial.state != TrialState.FAIL or run_id is None:  # without a run, it did not come that far
                continue
            tags = {"reason": trial.reason, "trial.state": trial.state.name}
            if trial.number in repeated_by:
                tags["repeated by trial"] = str(repeated_by[trial.number])
            trial_run = attach(self._options, run_id, parent_run_id=run.id)
            trial_run.set_tags(tags)
            status = RunStatus.KILLED if trial.ending is Ending.INTERRUPTED else RunStatus.FAILED
            trial_run.end(status, None if trial.ended is None else int(trial.ended.timestamp() * 1000))

    def _say_where(self, url: str) -> None:
        """Print how to compare the trials; on lines of their own, to be copied."""
        local = not self._options.uri.startswith("http")
        start = f"Compare the runs:   mlflow ui --backend-store-uri {self._options.uri}"
        for line in (start, f"  and open:         {url}") if local else (f"Compare the runs:   {url}",):
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _write_summary(self, study: optuna.Study, run: Run, view: ComparisonView | None) -> None:
        run.set_tags(summary(StudyView.of(study)))
        if view is not None:
            run.save_view(view)
        self._upload_best_weights(study, run)

    def _server(self) -> str:
        return self._options.uri if self._options.uri.startswith("http") else MLFLOW_UI

    def _settle_id(self, study: optuna.Study, run_id: str) -> None:
        settled = known_id(Path(self._options.spool).absolute(), run_id)
        if settled != run_id:
            study.set_user_attr(RUN_ID, settled)

    def _upload_best_weights(self, study: optuna.Study, run: Run) -> None:
        if self._options.log_weights != "best":
            return
        for trial in StudyView.of(study).best_trials:
            weights = trial.user_attrs.get(WEIGHTS)
            trial_run_id = trial.user_attrs.get(RUN_ID)
            if weights is None or trial_run_id is None:
                continue
            trial_run = attach(self._options, trial_run_id, parent_run_id=run.id)
            trial_run.log_artifact(Path(weights), "weights")
            trial_run.close()


def _status_of(exception: type[BaseException] | None) -> RunStatus:
    if exception is None:
        return RunStatus.FINISHED
    return RunStatus.FAILED if issubclass(exception, Exception) else RunStatus.KILLED


@contextlib.contextmanager
def _never_raises(what: str) -> Iterator[None]:
    try:
        yield
    except Exception:  # a callback that raises would end the sweep, and with it the trials that are still to come
        _logger.warning("Tracking could not %s; the sweep continues.", what, exc_info=True)
