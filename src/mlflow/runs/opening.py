"""Opening runs to record in: a new one, or one to resume or to add to."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from src.mlflow.courier import process as courier_process
from src.mlflow.location import base_of
from src.mlflow.options import TrackingOptions
from src.mlflow.runs.run import NullRun, Run
from src.mlflow.runs.spooled_run import SpooledRun, now_ms
from src.mlflow.runs.values import tag_texts
from src.mlflow.spool.environment import describe_process
from src.mlflow.spool.writer import RunWriter

_logger = logging.getLogger(__name__)


def open_run(
    options: TrackingOptions,
    *,
    name: str,
    parent_run_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    run_id: str | None = None,
) -> Run:
    """Begin a run, or resume one.

    Args:
        options: Where to record.
        name: What the run is called in the store.
        parent_run_id: The run that this one is shown under; such a run does not wait for delivery at its end, because
            its parent does.
        tags: Tags of the new run.
        run_id: Resume this run, which counts as running again; if the store does not know it, a new run begins.

    Side effects: starts the courier process (src/mlflow/courier) when none is at work.
    """
    header: dict[str, Any] = {
        "name": name,
        "parent_run_id": parent_run_id,
        "tags": tag_texts(tags or {}),
        "run_id": run_id,
        "resume": run_id is not None,
        "process": describe_process(),
    }
    return _open(options, header, wait_s=0.0 if parent_run_id else options.wait_s)


def attach(options: TrackingOptions, run_id: str, *, parent_run_id: str | None = None) -> Run:
    """Add to a run that has ended or belongs to another process, whose status stays as it is; `close()` it then.

    Args:
        options: Where the run is recorded.
        run_id: The run, by its id or provisional key.
        parent_run_id: The run that waits, at its own end, for what is added here.

    Side effects: those of `open_run`.
    """
    header: dict[str, Any] = {
        "name": run_id,
        "parent_run_id": parent_run_id,
        "tags": {},
        "run_id": run_id,
        "resume": False,
        "process": {},
    }
    return _open(options, header, wait_s=0.0)


def _open(options: TrackingOptions, header: dict[str, Any], *, wait_s: float) -> Run:
    if options.kind == "none":
        return NullRun()
    spool = Path(options.spool).absolute()
    destination = {
        "uri": options.uri,
        "artifacts": options.artifacts,
        "base": base_of(spool),
        "experiment": options.experiment,
        "time_ms": now_ms(),
    }
    try:
        writer = RunWriter(spool, {**header, **destination})
        courier_process.ensure_running(spool)
    except OSError as error:
        _logger.warning("Tracking is off for '%s', the training continues: %s", header["name"], error)
        return NullRun()
    return SpooledRun(writer, wait_s=wait_s, run_id=header["run_id"])
