"""Runs to record in: a new one, or one to go on with or to add to."""

from collections.abc import Mapping

from src.mlflow.options import TrackingOptions
from src.mlflow.runs.run import NullRun, Run
from src.mlflow.runs.spooled_run import begin, join


def open_run(
    options: TrackingOptions,
    *,
    name: str,
    parent_run_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    run_id: str | None = None,
) -> Run:
    """Begin a run, or go on with one.

    Args:
        options: where to record.
        name: what the run is called in the store.
        parent_run_id: the run that this one is shown under; such a run does not wait for delivery at its end, because
            its parent does.
        tags: tags of the new run.
        run_id: go on with this run, which counts as running again; if the store does not know it, a new run begins.

    Side effects: starts the courier process (src/mlflow/courier) when none is at work.
    """
    if options.kind == "none":
        return NullRun()
    return begin(options, name=name, parent_run_id=parent_run_id, tags=dict(tags or {}), run_id=run_id)


def attach(options: TrackingOptions, run_id: str, *, parent_run_id: str | None = None) -> Run:
    """Add to a run that has ended or belongs to another process, whose status stays as it is; `close()` it then.

    Args:
        options: where the run is recorded.
        run_id: the run, by its id or provisional key.
        parent_run_id: the run that waits, at its own end, for what is added here.
    """
    if options.kind == "none":
        return NullRun()
    return join(options, run_id, parent_run_id=parent_run_id)
