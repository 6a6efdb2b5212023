"""What monitoring leaves behind: files for people and Prometheus, a run in MLflow, tags on the version."""

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np

from src.core.files import write_text
from src.detector.predict import read_image
from src.documents.monitor import Monitor, Outcome
from src.mlflow.options import TrackingOptions
from src.mlflow.registry.store import open_registry
from src.mlflow.runs import RunStatus, open_run
from src.render import prometheus
from src.render.boxes import draw_boxes, small_jpeg
from src.render.printed.monitor import as_html
from src.stages.monitor.stage import RUN, VERDICT, MonitorOutcome
from src.stages.monitor.window import Window

PAGE, FIGURES = "monitor.html", "monitor.prom"


def save(outcome: MonitorOutcome, folder: Path, time_s: float) -> None:
    """Write `monitor.html`, `monitor.prom` and, last, `monitor.json`.

    Args:
        outcome: What was found.
        folder: Where to.
        time_s: Now, in seconds since the epoch.
    """
    document = outcome.document
    pictures = [
        (f"{each.file}: {each.statistic} {each.value:.3g}", _jpeg(outcome.window, each.file))
        for each in document.strangest
    ]
    write_text(folder / PAGE, as_html(document, pictures))
    write_text(folder / FIGURES, prometheus.as_text(document, time_s))
    document.write(folder)


def record(outcome: MonitorOutcome, folder: Path, tracking: TrackingOptions) -> None:
    """Add the window to the version's run of windows, and say on the version what was found.

    The run's steps are the times of the windows' last pictures, so that its charts show how the figures went.

    Raises:
        RegistryError: the store does not answer.
    """
    document, version = outcome.document, outcome.version
    last_s = datetime.fromisoformat(document.window.last).timestamp()
    run = open_run(
        tracking,
        name=f"monitor {version.name} {version.number}",
        tags={"monitor.name": version.name, "monitor.version": str(version.number)},
        run_id=version.tags.get(RUN),
    )
    run.log_metrics(tracked(document), step=int(last_s), time_ms=int(last_s * 1000))
    for name in (document.FILE, PAGE):
        run.log_artifact(folder / name, f"monitor/{document.window.last.replace(':', '')}")
    run.end(RunStatus.FINISHED)
    said = f"{document.outcome}, {document.window.last}, {document.window.scenes} scenes"
    with open_registry(tracking.uri) as registry:
        registry.tag_version(version, VERDICT, "; ".join([said, *document.reasons])[:5000])
        if run.id is not None:
            registry.tag_version(version, RUN, run.id)


def tracked(document: Monitor) -> Mapping[str, float]:
    """The figures by their names in the tracker; those that are not known are left out."""
    found = {
        "monitor/alarm": float(document.outcome is Outcome.ALARM),
        "monitor/scenes": float(document.window.scenes),
        **{f"monitor/distance_{each.name}": each.distance for each in document.changes if each.distance is not None},
        **{f"monitor/{each.name}": each.window for each in document.changes if each.window is not None},
    }
    if document.precision is not None:
        found["monitor/estimated_precision"] = document.precision.estimate
    if document.labelled is not None:
        found |= {f"monitor/{name}": value.estimate for name, value in document.labelled.metrics.by_name().items()}
    return {name: value for name, value in found.items() if not math.isnan(value)}


def _jpeg(window: Window, file: str) -> bytes:
    """A picture of the window with what the model finds on it."""
    number = [each.as_posix() for each in window.files].index(file)
    found = window.seen.found
    here = found.where(found.image_index == number)
    image_rgb = np.ascontiguousarray(read_image(window.root / file)[..., ::-1])
    return small_jpeg(draw_boxes(image_rgb, hit_xyxy=here.boxes_xyxy, hit_scores=here.scores))
