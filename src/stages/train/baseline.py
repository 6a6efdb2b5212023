"""The baseline: the starting weights as they come, evaluated once per data set, image size and weights."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from src.core.detection_records import DetectionRecords
from src.core.errors import DataError
from src.core.files import sha256_of
from src.detector.validation import ValidationRequest, validate
from src.documents.document import Document
from src.thresholds.best_f1 import at_best_f1

FOLDER = Path("outputs/baselines")
TEST = "test"

# The validation arguments that decide what the metrics are.
DECISIVE = ("iou", "conf", "max_det", "single_cls", "agnostic_nms", "nms", "classes")


@dataclass(frozen=True)
class Baseline:
    """What the weights can do without training.

    Attributes:
        metrics: `val/mAP50`, `val/mAP50-95`, `val/precision`, `val/recall` and `val/F1`.
        records: File of the scored detections.
    """

    metrics: Mapping[str, float]
    records: Path


@dataclass(frozen=True)
class OnTest:
    """What trained weights reach on the test split.

    Attributes:
        metrics: `test/mAP50` and `test/mAP50-95`.
        records: File of the scored detections.
        start: The same of the weights that the training started from.
    """

    metrics: Mapping[str, float]
    records: Path
    start: Baseline


@dataclass(frozen=True)
class _Kept(Document):
    """`baseline.json`, beside the scored detections.

    Attributes:
        metrics: As in `Baseline`.
        of: What was evaluated, and how.
    """

    FILE: ClassVar[str] = "baseline.json"
    STAGE: ClassVar[str] = "train"
    VERSION: ClassVar[int] = 1

    metrics: Mapping[str, float]
    of: Mapping[str, Any]


def untrained(request: ValidationRequest, data_digest: str, folder: Path = FOLDER) -> Baseline:
    """Evaluate the weights, or find it done.

    Several processes may ask at once: each writes the same files, whole.

    Args:
        request: What to evaluate.
        data_digest: Of the data set, so that changed data is evaluated anew.
        folder: Where results are kept.

    Side effects: writes `baseline.json` and `records.npz` into a folder of their own in it.

    Raises:
        TrainingError: the weights cannot be loaded or validated.
    """

    def evaluated() -> tuple[dict[str, float], DetectionRecords]:
        validation = validate(request)
        metrics = {**validation.metrics, **operating_point_metrics(validation.records)}
        return {name: x for name, x in metrics.items() if name.startswith(request.split)}, validation.records

    return kept_or_made(_facts(request, data_digest), evaluated, folder)


def kept_or_made(
    facts: Mapping[str, Any], make: Callable[[], tuple[Mapping[str, float], DetectionRecords]], folder: Path = FOLDER
) -> Baseline:
    """What was found of starting weights before, or what is found now.

    Args:
        facts: What is evaluated, and how; in terms of JSON.
        make: Evaluates it.
        folder: Where results are kept.

    Side effects: as `untrained`.
    """
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    path = folder / key / "records.npz"
    if (metrics := _kept(path)) is not None:
        return Baseline(metrics, path.resolve())
    metrics, records = make()
    records.save(path)
    _Kept(metrics, facts).write(path.parent)  # last: it says that both are there
    return Baseline(metrics, path.resolve())


def on_test(trained: ValidationRequest, start: ValidationRequest, data_digest: str, folder: Path) -> OnTest:
    """Evaluate trained weights and their start on the test split.

    Side effects: writes `test_records.npz` into the folder, and what `untrained` does.

    Raises:
        TrainingError: the weights cannot be loaded or validated.
    """
    validation = validate(trained)
    records = folder / "test_records.npz"
    validation.records.save(records)
    return OnTest(validation.metrics, records.resolve(), untrained(start, data_digest))


def operating_point_metrics(records: DetectionRecords) -> dict[str, float]:
    """Precision, recall and F1 on val where F1 is best, by their names in the tracker."""
    return {f"val/{name}": value for name, value in at_best_f1(records).items()}


def _facts(request: ValidationRequest, data_digest: str) -> dict[str, Any]:
    return {
        "data": data_digest,
        "imgsz": request.imgsz,
        "batch": request.batch,
        "model": sha256_of(request.weights) if request.weights else request.architecture,
        "settings": dict(request.settings or {}),
        "ultralytics": version("ultralytics"),
        **({} if request.split == "val" else {"split": request.split}),
    }


def _kept(records: Path) -> Mapping[str, float] | None:
    try:
        kept = _Kept.read(records.parent)
        DetectionRecords.load(records)
    except (FileNotFoundError, DataError):
        return None
    return kept.metrics
