"""The run of a whole study: an Optuna callback that keeps a summary of its trials in the tracking store."""

import contextlib
import csv
import io
import json
import logging
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from src.core.errors import ConfigError
from src.tracking.environment import without_credentials
from src.tracking.options import TrackingOptions
from src.tracking.run import Run, RunStatus, attach, open_run

RUN_ID_ATTR = "mlflow_run_id"
TRACKING_URI_ATTR = "mlflow_tracking_uri"
WEIGHTS_ATTR = "weights"

_logger = logging.getLogger(__name__)


class StudyRun:
    """Makes the run that a study's trials are shown under, and keeps it up to date.

    Configured under `hydra.sweeper.callbacks`, it exists in the controller and in every worker: the controller calls
    `on_sweep_start` and `on_sweep_end`, the workers call the object itself after each trial. What they share is
    the study: its user attribute `mlflow_run_id` names the run. It is set before the first trial, to a provisional key
    that `open_run` takes as a parent (the store may need seconds to answer), and to the store's own id later.

    No method raises because of tracking; a failure is a warning in the log.
    """

    def __init__(self, options: TrackingOptions) -> None:
        """Make the callback.

        Raises:
            ConfigError: `options` is something else than TrackingOptions.
        """
        if not isinstance(options, TrackingOptions):
            raise ConfigError(
                f"StudyRun's options are {type(options).__name__}, not TrackingOptions; in a Hydra configuration write"
                " `options: ${tracking}` and `_convert_: object`."
            )
        self._options = options
        self._run: Run | None = None

    def on_sweep_start(self, study: optuna.Study) -> None:
        """Begin the study's run, or go on with the one that it has."""
        if self._options.kind == "none":
            return
        with _seam("begin the study's run"):
            tags = {
                "study": study.study_name,
                "study.directions": ", ".join(direction.name.lower() for direction in study.directions),
                "study.sampler": type(study.sampler).__name__,
                "study.pruner": type(study.pruner).__name__,
            }
            known = study.user_attrs.get(RUN_ID_ATTR)
            self._run = open_run(self._options, name=study.study_name, tags=tags, run_id=known)
            self._run.set_tags(tags)  # those of a run gone on with: the sampler may be another one now
            study.set_user_attr(RUN_ID_ATTR, self._run.id)
            if without_credentials(self._options.uri) == self._options.uri:
                study.set_user_attr(TRACKING_URI_ATTR, self._options.uri)

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Record a trial's value and the best so far; doing so again changes nothing."""
        run_id = study.user_attrs.get(RUN_ID_ATTR)
        if self._options.kind == "none" or run_id is None or trial.state != TrialState.COMPLETE:
            return
        with _seam(f"record trial {trial.number}"):
            run = attach(self._options, run_id)
            metrics = progress(study, trial)
            # The trial's own time makes a repeated call the same point, which the store keeps once.
            ended = trial.datetime_complete
            run.log_metrics(metrics, trial.number, time_ms=None if ended is None else int(ended.timestamp() * 1000))
            run.close()
            self._settle_id(study, run_id)

    def on_sweep_end(self, study: optuna.Study) -> None:
        """Write the summary and end the run: FINISHED, KILLED after Ctrl-C, FAILED after another exception.

        Which of them, the exception in flight tells: call this from a `finally` block.
        """
        status = _status_of(sys.exc_info()[0])
        if self._run is None:
            return
        run, self._run = self._run, None
        with _seam("write the study's summary"):
            run.set_tags(summary(study))
            run.log_text(trials_csv(study), "trials.csv")
            self._upload_best_weights(study, run)
            from src.tracking.study_page import study_page  # plotly takes a second to import

            run.log_text(study_page(study), "study.html")
        run.end(status)
        with _seam("record the run's id in the study"):
            if run.id is not None:
                study.set_user_attr(RUN_ID_ATTR, run.id)

    def _settle_id(self, study: optuna.Study, run_id: str) -> None:
        from src.tracking.spooled_run import known_id

        settled = known_id(self._options, run_id)
        if settled != run_id:
            study.set_user_attr(RUN_ID_ATTR, settled)

    def _upload_best_weights(self, study: optuna.Study, run: Run) -> None:
        if self._options.log_weights != "best":
            return
        for trial in best_trials(study):
            weights = trial.user_attrs.get(WEIGHTS_ATTR)
            trial_run_id = trial.user_attrs.get(RUN_ID_ATTR)
            if weights is None or trial_run_id is None:
                continue
            trial_run = attach(self._options, trial_run_id, parent_run_id=run.id)
            trial_run.log_artifact(Path(weights), "weights")
            trial_run.close()


def best_trials(study: optuna.Study) -> list[FrozenTrial]:
    """The best trial, or the Pareto front of several objectives; empty when no trial has completed."""
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not completed:
        return []
    return list(study.best_trials) if len(study.directions) > 1 else [study.best_trial]


def progress(study: optuna.Study, trial: FrozenTrial) -> dict[str, float]:
    """The values of a completed trial, and for a single objective the best among the trials up to it."""
    if len(study.directions) > 1:
        return {f"value {index}": value for index, value in enumerate(trial.values)}
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    values = [other.value for other in completed if other.number <= trial.number and other.value is not None]
    best = max if study.direction == StudyDirection.MAXIMIZE else min
    return {"value": float(trial.values[0]), "best so far": float(best([*values, trial.values[0]]))}


def summary(study: optuna.Study) -> dict[str, str]:
    """Tags that say how a study went: counts of trials by state, and the best one."""
    counts = Counter(trial.state for trial in study.get_trials(deepcopy=False))
    tags = {f"trials.{state.name.lower()}": str(count) for state, count in counts.items()}
    best = best_trials(study)
    if len(study.directions) > 1:
        return {**tags, "best.trials": ", ".join(str(trial.number) for trial in best)}
    for trial in best:
        tags |= {"best.trial": str(trial.number), "best.value": str(trial.values[0])}
        tags |= {"best.run_id": str(trial.user_attrs.get(RUN_ID_ATTR, ""))}
        tags |= {f"best.{name}": str(value) for name, value in trial.params.items()}
    return tags


def trials_csv(study: optuna.Study) -> str:
    """A table of all trials: number, state, values, seconds, parameters and user attributes."""
    trials = study.get_trials(deepcopy=False)
    values = ["value"] if len(study.directions) == 1 else [f"value_{index}" for index in range(len(study.directions))]
    params = sorted({name for trial in trials for name in trial.params})
    attrs = sorted({name for trial in trials for name in trial.user_attrs})
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["number", "state", *values, "duration_s", *params, *(f"user_attrs_{name}" for name in attrs)])
    for trial in trials:
        writer.writerow(
            [
                trial.number,
                trial.state.name,
                *(trial.values or [""] * len(values)),
                "" if trial.duration is None else round(trial.duration.total_seconds(), 3),
                *(trial.params.get(name, "") for name in params),
                *(_cell(trial.user_attrs.get(name, "")) for name in attrs),
            ]
        )
    return table.getvalue()


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def _status_of(exception: type[BaseException] | None) -> RunStatus:
    if exception is None:
        return RunStatus.FINISHED
    return RunStatus.FAILED if issubclass(exception, Exception) else RunStatus.KILLED


@contextlib.contextmanager
def _seam(what: str) -> Iterator[None]:
    try:
        yield
    except Exception:  # a callback that raises would end the sweep, and with it the trials that are still to come
        _logger.warning("Tracking could not %s; the sweep goes on.", what, exc_info=True)
