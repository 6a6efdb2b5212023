"""What the choice of a threshold leaves behind: files for the later stages, DVC and people, metrics in the tracker."""

import math
from pathlib import Path

from src.core.files import write_json
from src.documents.metrics import PointMetrics
from src.documents.threshold import Threshold
from src.mlflow.runs import Run
from src.render.threshold import write_table
from src.stages.tune_threshold.stage import TuneOutcome
from src.thresholds.outline import outline

METRICS = "metrics.json"
# What is worth a column in `dvc metrics` and `dvc exp show`.
HEADLINE = (
    *("threshold", "nms_iou", "val/tuned_F1", "test/tuned_F1", "test/default_F1"),
    *("test/tuned_precision", "test/tuned_recall", "test/ece_kept"),
)


def save(outcome: TuneOutcome) -> None:
    """Write `curves/*.csv`, `metrics.json` and, last, `threshold.json`."""
    for split in outcome.views:
        _write_curves(outcome, split)
    found = tracked(outcome.threshold)
    write_json(outcome.folder / METRICS, {name: found[name] for name in HEADLINE if name in found})
    outcome.threshold.write(outcome.folder)


def record(outcome: TuneOutcome, run: Run) -> None:
    """Add the metrics and files to the training's run."""
    run.set_tags({"threshold.criterion": outcome.threshold.criterion})
    run.log_metrics(tracked(outcome.threshold), step=0)
    for path in files(outcome.folder):
        run.log_artifact(path, "tune_threshold")


def files(folder: Path) -> list[Path]:
    """What there is to look at: the result and the pictures."""
    return [folder / Threshold.FILE, *sorted((folder / "plots").glob("*.png"))]


def tracked(threshold: Threshold) -> dict[str, float]:
    """The metrics by their names in the tracker; those that there are not are left out."""
    found: dict[str, float | None] = {}
    if threshold.chosen is not None:
        found |= {"threshold": threshold.chosen.score, "nms_iou": threshold.chosen.iou}
    if threshold.val is not None:
        found |= _named("val/tuned_", threshold.val.tuned)
    if (test := threshold.test) is not None:
        found |= _named("test/tuned_", test.tuned)
        found |= _named("test/default_", test.default)
        found |= _named("test/tuned_minus_default_", test.difference)
        found |= _named("test/per_class_minus_all_classes_", test.per_class_difference)
    for split, calibration in threshold.calibration.items():
        found |= {f"{split}/ece": calibration.ece, f"{split}/ece_kept": calibration.ece_kept}
    for corruption, metrics in threshold.robustness.items():
        found |= _named(f"robustness/{corruption}/tuned_", metrics)
    return {name: value for name, value in found.items() if value is not None and not math.isnan(value)}


def _named(prefix: str, metrics: PointMetrics | None) -> dict[str, float]:
    found = {} if metrics is None else metrics.by_name()
    return {f"{prefix}{name}": interval.estimate for name, interval in found.items()}


def _write_curves(outcome: TuneOutcome, split: str) -> None:
    curves, curve, table = outcome.folder / "curves", outcome.curves[split], outcome.calibration[split]
    drawn = outline(curve)
    counts = curve.counts
    score, precision = curve.thresholds[drawn], counts.precision[drawn]
    recall, f1 = counts.recall[drawn], counts.f()[drawn]
    write_table(curves / f"{split}_f1.csv", {"threshold": score, "F1": f1, "precision": precision, "recall": recall})
    write_table(curves / f"{split}_pr.csv", {"recall": recall, "precision": precision, "threshold": score})
    write_table(
        curves / f"{split}_reliability.csv",
        {"score": table.mean_score, "hit_rate": table.hit_rate, "detections": table.detections, "kept": table.kept},
    )
