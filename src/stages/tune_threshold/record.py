"""What the choice of a threshold leaves behind: files for the later stages, DVC and people, figures in the tracker."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from src.core.files import write_json
from src.core.interval import Interval
from src.mlflow.runs import Run
from src.render.threshold import write_table
from src.stages.tune_threshold.stage import DEFAULT, Figures, TuneOutcome
from src.thresholds.calibration import Reliability
from src.thresholds.outline import outline
from src.thresholds.select import Point

SUMMARY, METRICS = "threshold.json", "metrics.json"
# What is worth a column in `dvc metrics` and `dvc exp show`.
HEADLINE = (
    *("threshold", "nms_iou", "val/tuned_F1", "test/tuned_F1", "test/default_F1"),
    *("test/tuned_precision", "test/tuned_recall", "test/ece_kept"),
)


def save(outcome: TuneOutcome) -> None:
    """Write `curves/*.csv`, `metrics.json` and, last, `threshold.json`."""
    for split in outcome.views:
        _write_curves(outcome, split)
    found = figures(outcome)
    write_json(outcome.folder / METRICS, {name: found[name] for name in HEADLINE if name in found})
    write_json(outcome.folder / SUMMARY, summary(outcome))


def record(outcome: TuneOutcome, run: Run) -> None:
    """Add the figures and files to the training's run."""
    run.set_tags({"threshold.criterion": outcome.options.rule.text})
    run.log_metrics(figures(outcome), step=0)
    for path in files(outcome.folder):
        run.log_artifact(path, "tune_threshold")


def files(folder: Path) -> list[Path]:
    """What there is to look at: the result and the pictures."""
    return [folder / SUMMARY, *sorted((folder / "plots").glob("*.png"))]


def figures(outcome: TuneOutcome) -> dict[str, float]:
    """The figures by their names in the tracker; those that there are not are left out."""
    found: dict[str, float] = {}
    if outcome.point is not None and outcome.val is not None:
        found |= {"threshold": outcome.point.score, "nms_iou": outcome.point.iou}
        found |= _named("val/tuned_", outcome.val)
    if outcome.test is not None:
        found |= _named("test/tuned_", outcome.test.tuned or {})
        found |= _named("test/default_", outcome.test.default)
        found |= _named("test/tuned_minus_default_", outcome.test.difference or {})
        found |= _named("test/per_class_minus_all_classes_", outcome.test.per_class_difference or {})
    for split, table in outcome.calibration.items():
        found |= {f"{split}/ece": table.ece, f"{split}/ece_kept": table.ece_kept}
    for corruption, values in outcome.robustness.items():
        found |= _named(f"robustness/{corruption}/tuned_", values)
    return {name: value for name, value in found.items() if not math.isnan(value)}


def summary(outcome: TuneOutcome) -> dict[str, Any]:
    """The content of `threshold.json`."""
    point, reselection = outcome.point, outcome.reselection
    return {
        "feasible": point is not None,
        "reason": outcome.selection.reason or None,
        "criterion": outcome.options.rule.text,
        "score": None if point is None else point.score,
        "score_interval": None if reselection is None else reselection.score.as_json(),
        "iou": None if point is None else point.iou,
        "iou_shares": None if reselection is None else {f"{k:g}": v for k, v in reselection.iou_shares.items()},
        "feasible_share": None if reselection is None else reselection.feasible_share,
        "per_class": None if outcome.classes is None else {name: vars(each) for name, each in outcome.classes.items()},
        "val": None if outcome.val is None else {**_json(outcome.val), **_size(outcome, "val")},
        "test": _test(outcome),
        "ultralytics": _ultralytics(outcome),
        "robustness": {name: _json(values) for name, values in outcome.robustness.items()},
        "calibration": {split: _calibration(table) for split, table in outcome.calibration.items()},
        "errors": {
            "tuned": None if point is None else outcome.views[outcome.last_split].errors(point).as_json(),
            "default": outcome.default_views[outcome.last_split].errors(DEFAULT).as_json(),
        },
        "nearest": None if outcome.selection.nearest is None else nearest(outcome.selection.nearest),
    }


def nearest(point: Point) -> dict[str, float]:
    """The point that comes closest to a constraint that none satisfies, as it is on val."""
    counts = point.counts
    return {
        "score": point.score,
        "iou": point.iou,
        "precision": float(counts.precision),
        "recall": float(counts.recall),
        "F1": float(counts.f()),
        "false_alarms_per_image": float(counts.false_alarms) / counts.images,
    }


def _test(outcome: TuneOutcome) -> dict[str, Any] | None:
    test = outcome.test
    if test is None:
        return None
    return {
        "tuned": None if test.tuned is None else _json(test.tuned),
        "default": _json(test.default),
        "difference": None if test.difference is None else _json(test.difference),
        "all_classes": None if test.all_classes is None else _json(test.all_classes),
        "per_class_difference": None if test.per_class_difference is None else _json(test.per_class_difference),
        **_size(outcome, "test"),
    }


def _ultralytics(outcome: TuneOutcome) -> dict[str, float] | None:
    reported = (outcome.evaluation.get("ultralytics") or {}).get(outcome.last_split)
    return None if reported is None else {name: reported[name] for name in ("precision", "recall")}


def _size(outcome: TuneOutcome, split: str) -> dict[str, int]:
    truth = outcome.views[split].truth
    return {"images": truth.image_count, "boxes": len(truth.boxes_xyxy)}


def _calibration(table: Reliability) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in _errors(table)}


def _errors(table: Reliability) -> Iterable[tuple[str, float]]:
    return ("ece", table.ece), ("ece_kept", table.ece_kept)


def _json(values: Figures) -> dict[str, Any]:
    return {name: interval.as_json() for name, interval in values.items()}


def _named(prefix: str, values: Mapping[str, Interval]) -> dict[str, float]:
    return {f"{prefix}{name}": interval.estimate for name, interval in values.items()}


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
