"""What an evaluation leaves behind: files for the later stages, DVC and people, and figures in the tracker."""

from pathlib import Path
from typing import Any

from src.core.files import sha256_of, write_json
from src.documents.detections import write_detections
from src.documents.predictions import CORRUPTED, VAL, folder_of
from src.evaluation.average_precision import METRICS as AP
from src.evaluation.corruptions import CORRUPTIONS
from src.evaluation.measures import Measures, differences
from src.mlflow.runs import Run
from src.stages.evaluate.stage import EvaluateOutcome

SUMMARY, METRICS, LATENCY, DETECTIONS = "evaluation.json", "metrics.json", "latency.json", "detections.parquet"


def save(outcome: EvaluateOutcome) -> None:
    """Write the tables of detections, `metrics.json`, `latency.json` and, last, `evaluation.json`."""
    for split, measures in outcome.measures.items():
        _write_detections(measures, folder_of(outcome.folder, split))
    for corruption, measures in outcome.corrupted.items():
        _write_detections(measures, folder_of(outcome.folder, CORRUPTED, corruption))
    write_json(
        outcome.folder / METRICS, {name: value for name, value in figures(outcome).items() if _is_headline(name)}
    )
    write_json(outcome.folder / LATENCY, outcome.speed.as_json())
    write_json(outcome.folder / SUMMARY, summary(outcome))


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
    """Add the figures and files to the training's run."""
    step = int(outcome.training.get("epochs_run", 0))
    speed = {
        f"latency/{name}_{key}": value
        for name, latency in outcome.speed.latencies.items()
        for key, value in (("p95_ms", latency.p95_ms.estimate), ("throughput_fps", latency.throughput_fps.estimate))
    }
    run.log_metrics({**figures(outcome), **speed}, step=step)
    for name in (SUMMARY, LATENCY):
        run.log_artifact(outcome.folder / name, "evaluate")
    for picture in sorted((outcome.folder / "plots").glob("*.png")):
        run.log_artifact(picture, "evaluate")
    # with these two, `python -m src.promote` needs neither this machine nor the data
    split = outcome.last_split
    run.log_artifact(folder_of(outcome.folder, split), f"evaluate/predictions/{split}")
    run.log_artifact(outcome.data.root / outcome.example, "evaluate/example")


def figures(outcome: EvaluateOutcome) -> dict[str, float]:
    """The headline figures by their names in the tracker; those that there are not are left out.

    A name has one meaning: `val/mAP50` is what Ultralytics' validation says in a training or trial, so that what the
    deployed model reaches on val is `val/deployed_mAP50`. Precision, recall and F1 at the default confidence are
    `default_…`, because elsewhere they are read at the best one.
    """
    found: dict[str, float | None] = {}
    for split, measures in outcome.measures.items():
        found |= {f"{split}/{_name(split, metric)}": value for metric, value in measures.figures.items()}
    for split, measures in outcome.untrained.items():
        found |= {f"untrained/{split}/{_name(split, metric)}": measures.figures[metric] for metric in AP}
    for corruption, measures in outcome.corrupted.items():
        found |= {f"robustness/{corruption}/mAP50": measures.figures["mAP50"]}
        found |= {f"robustness/{corruption}/default_recall": measures.figures["recall"]}
    return {name: value for name, value in found.items() if value is not None}


def _is_headline(name: str) -> bool:
    """Whether a figure belongs in the table that `dvc metrics` and `dvc exp show` make, a column each.

    Those at the default confidence stand beside the tuned ones in the stage tune_threshold's.
    """
    return not name.startswith("robustness/") and "/default_" not in name


def _name(split: str, metric: str) -> str:
    if metric not in AP:
        return f"default_{metric}"
    return f"deployed_{metric}" if split == VAL else metric


def summary(outcome: EvaluateOutcome) -> dict[str, Any]:
    """The content of `evaluation.json`."""
    return {
        "run_id": outcome.training.get("run_id"),
        "weights": outcome.weights.as_posix(),
        "weights_sha256": sha256_of(outcome.weights),
        "data": {
            "name": outcome.data.name,
            "digest": outcome.data.digest,
            "counts": {
                split: {"images": count.images, "boxes": count.boxes, "backgrounds": count.backgrounds}
                for split, count in outcome.data.counts.items()
            },
        },
        "model": {**outcome.model, **outcome.speed.megabytes, "imgsz": outcome.imgsz},
        "splits": {split: measures.as_json() for split, measures in outcome.measures.items()},
        "untrained": {split: measures.as_json() for split, measures in outcome.untrained.items()} or None,
        "difference": {
            split: {name: interval.as_json() for name, interval in differences(outcome.measures[split], before).items()}
            for split, before in outcome.untrained.items()
        },
        "robustness": {
            name: {
                "severity": CORRUPTIONS[name].severity,
                **{metric: measures.metrics[metric].as_json() for metric in ("mAP50", "recall")},
            }
            for name, measures in outcome.corrupted.items()
        },
        "ultralytics": {
            split: {
                "precision": validation.precision,
                "recall": validation.recall,
                **{name: validation.metrics[f"{split}/{name}"] for name in ("mAP50", "mAP50-95")},
            }
            for split, validation in outcome.ultralytics.items()
        },
        "cross_validation": outcome.cross_validation.as_json() if outcome.cross_validation else None,
    }
