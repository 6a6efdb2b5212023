"""The one run in the tracker that all stages of a pipeline add to."""

from collections.abc import Iterator
from contextlib import contextmanager

from src.mlflow.options import TrackingOptions
from src.mlflow.runs import NullRun, Run, attach


@contextmanager
def pipeline_run(options: TrackingOptions, run_id: str | None) -> Iterator[Run]:
    """The run of the training, to add to; where the training was not recorded, nothing is.

    Args:
        options: Where the training was recorded.
        run_id: The training's run.
    """
    run = attach(options, run_id) if run_id is not None else NullRun()
    try:
        yield run
    finally:
        run.close()
