"""What an evaluation leaves behind: files for the later stages, DVC and people, and metrics in the tracker."""

import math
from pathlib import Path

from src.core.files import write_json
from src.core.interval import Interval
from src.documents.detections import write_detections
from src.documents.evaluation import Evaluation
from src.documents.predictions import CORRUPTED, VAL, folder_of
from src.evaluation.average_precision import METRICS as AP
from src.evaluation.measures import Measures
from src.mlflow.runs import Run
from src.stages.evaluate.stage import EvaluateOutcome

METRICS, DETECTIONS = "metrics.json", "detections.parquet"


def save(outcome: EvaluateOutcome) -> None:
    """Write the tables of detections, `metrics.json`, `latency.json` and, last, `evaluation.json`."""
    for split, measures in outcome.measures.items():
        _write_detections(measures, folder_of(outcome.folder, split))
    for corruption, measures in outcome.corrupted.items():
        _write_detections(measures, folder_of(outcome.folder, CORRUPTED, corruption))
    headline = {name: value for name, value in tracked(outcome.evaluation).items() if _is_headline(name)}
    write_json(outcome.folder / METRICS, headline)
    outcome.latency.write(outcome.folder)
    outcome.evaluation.write(outcome.folder)


def _write_detections(measures: Measures, folder: Path) -> None:
    matches = measures.matches
    write_detections(
        folder / DETECTIONS,
        measures.detections,
        measures.truth,
        taken=matches.truth_index[:, 0],
        iou=matches.iou,
        kinds=measures.kinds,
    )


def record(outcome: EvaluateOutcome, run: Run) -> None:
    """Add the metrics and files to the training's run."""
    step = outcome.training.epochs_run if outcome.training else 0
    speed = {}
    for backend, latency in outcome.latency.items():
        speed[f"latency/{backend}_p95_ms"] = latency.p95_ms.estimate
        speed[f"latency/{backend}_throughput_fps"] = latency.throughput_fps.estimate
    run.log_metrics({**tracked(outcome.evaluation), **speed}, step=step)
    for document in (outcome.evaluation, outcome.latency):
        run.log_artifact(outcome.folder / document.FILE, document.STAGE)
    for picture in sorted((outcome.folder / "plots").glob("*.png")):
        run.log_artifact(picture, "evaluate")
    # with these two, `python -m src.promote` needs neither this machine nor the data
    split = outcome.last_split
    run.log_artifact(folder_of(outcome.folder, split), f"evaluate/predictions/{split}")
    run.log_artifact(outcome.data.root / outcome.example, "evaluate/example")


def tracked(evaluation: Evaluation) -> dict[str, float]:
    """The metrics by their names in the tracker; those that there are not are left out.

    A name has one meaning: `val/mAP50` is what Ultralytics' validation says in a training or trial, so that what the
    deployed model reaches on val is `val/deployed_mAP50`. Precision, recall and F1 at the default confidence are
    `default_…`, because elsewhere they are read at the best one.
    """
    found: dict[str, Interval] = {}
    for split, own in evaluation.splits.items():
        found |= {f"{split}/{_name(split, metric)}": value for metric, value in own.metrics.by_name().items()}
    for split, own in evaluation.untrained.items():
        named = own.metrics.by_name()
        found |= {f"untrained/{split}/{_name(split, metric)}": named[metric] for metric in AP}
    for corruption, corrupted in evaluation.robustness.items():
        found |= {f"robustness/{corruption}/mAP50": corrupted.map50}
        found |= {f"robustness/{corruption}/default_recall": corrupted.recall}
    return {name: value.estimate for name, value in found.items() if not math.isnan(value.estimate)}


def _is_headline(name: str) -> bool:
    """Whether a metric belongs in the table that `dvc metrics` and `dvc exp show` make, a column each.

    Those at the default confidence stand beside the tuned ones in the stage tune_threshold's.
    """
    return not name.startswith("robustness/") and "/default_" not in name


def _name(split: str, metric: str) -> str:
    if metric not in AP:
        return f"default_{metric}"
    return f"deployed_{metric}" if split == VAL else metric
