"""What an evaluation leaves for the stages after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from src.core.interval import Interval
from src.documents.codec import named
from src.documents.document import Document
from src.documents.metrics import Metrics
from src.documents.splits import BySplit, DataSet, SplitCounts


@dataclass(frozen=True)
class EvaluatedData(DataSet):
    """The data set of an evaluation.

    Attributes:
        counts: How much each of its splits holds.
    """

    counts: Mapping[str, SplitCounts]


@dataclass(frozen=True)
class ModelSize:
    """How large a model is.

    Attributes:
        parameters: Their number.
        gflops: Thousand million floating point operations an image.
        weights_mb: Megabytes of the file of weights.
        onnx_mb: Megabytes of the export; None where there is none.
        imgsz: Image size in pixels.
    """

    parameters: int
    gflops: float
    weights_mb: float
    onnx_mb: float | None
    imgsz: int


@dataclass(frozen=True)
class AveragePrecisions:
    """The average precision of a part of the boxes, of one class or of one size.

    Attributes:
        ap50: At IoU 0.50; None where the part has no boxes.
        ap50_95: The mean of it over IoU 0.50 to 0.95; likewise.
        boxes: How many boxes the part has.
    """

    ap50: float | None = field(metadata=named("AP50"))
    ap50_95: float | None = field(metadata=named("AP50-95"))
    boxes: int


@dataclass(frozen=True)
class ErrorCounts:
    """How often a detector errs in which way.

    Attributes:
        missed: Ground truth boxes that no detection takes.
        background: Detections whose IoU with every box is below 0.1.
        duplicate: Detections of a box (own class, IoU of 0.5 or more) that another one has taken.
        localisation: Detections whose best IoU with any box is from 0.1 to 0.5.
        wrong_class: Detections that overlap by 0.5 or more only with boxes of another class.
    """

    missed: int
    background: int
    duplicate: int
    localisation: int
    wrong_class: int


@dataclass(frozen=True)
class EvaluatedSplit:
    """What a model does on one split.

    Attributes:
        images: How many there are.
        boxes: How many there are on them.
        metrics: With intervals.
        per_class: By class, in the order of their ids.
        per_size: By the size of the boxes.
        rare_classes: Those on too few images to be part of mAP; where all are, mAP is over all and has no interval.
        errors: At the default confidence.
        confusion: Rows are true and columns predicted classes, the background last, at the default confidence.
    """

    images: int
    boxes: int
    metrics: Metrics
    per_class: Mapping[str, AveragePrecisions]
    per_size: Mapping[str, AveragePrecisions]
    rare_classes: tuple[str, ...]
    errors: ErrorCounts
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Corrupted:
    """What a model does under a corruption of the images.

    Attributes:
        severity: What is done and how much of it.
        map50: With its interval.
        recall: At the default confidence.
    """

    severity: str
    map50: Interval = field(metadata=named("mAP50"))
    recall: Interval


@dataclass(frozen=True)
class UltralyticsMetrics:
    """What Ultralytics' own validation reports.

    Attributes:
        precision: At the confidence where its smoothed F1 curve is highest.
        recall: Likewise.
        map50: Over all confidence thresholds.
        map50_95: Likewise.
    """

    precision: float
    recall: float
    map50: float = field(metadata=named("mAP50"))
    map50_95: float = field(metadata=named("mAP50-95"))


@dataclass(frozen=True)
class Fold:
    """One training of a cross-validation, and what it is worth on the images that were held out of it.

    Attributes:
        images: Number of images held out.
        boxes: Number of boxes on them.
        map50: None where there are no boxes.
        map50_95: Likewise.
    """

    images: int
    boxes: int
    map50: float | None = field(metadata=named("mAP50"))
    map50_95: float | None = field(metadata=named("mAP50-95"))


@dataclass(frozen=True)
class OverFolds:
    """A metric over the folds that have it.

    Attributes:
        mean: None where no fold has it.
        std: The standard deviation of a sample; None where fewer than two folds have it.
        n: How many folds have it.
    """

    mean: float | None
    std: float | None
    n: int


@dataclass(frozen=True)
class CrossValidation:
    """The folds of a cross-validation.

    Attributes:
        folds: In order.
        map50: Over the folds.
        map50_95: Likewise.
    """

    folds: tuple[Fold, ...]
    map50: OverFolds = field(metadata=named("mAP50"))
    map50_95: OverFolds = field(metadata=named("mAP50-95"))


@dataclass(frozen=True)
class Evaluation(Document):
    """`evaluation.json` of the stage evaluate.

    Attributes:
        run_id: The training's run in the tracker; None where there is none.
        weights: The file that was evaluated.
        weights_sha256: Of its bytes.
        data: What it was evaluated on.
        model: How large it is.
        splits: What it does on each split.
        untrained: The same of what the training started from; None where that was not evaluated.
        difference: By how much the model is better than that, on the same images.
        robustness: Under each corruption, on test (on val, where there is no test split).
        ultralytics: What Ultralytics' own validation reports.
        cross_validation: None where it was not asked for.
    """

    FILE: ClassVar[str] = "evaluation.json"
    STAGE: ClassVar[str] = "evaluate"
    VERSION: ClassVar[int] = 2

    run_id: str | None
    weights: Path
    weights_sha256: str
    data: EvaluatedData
    model: ModelSize
    splits: BySplit[EvaluatedSplit]
    untrained: BySplit[EvaluatedSplit]
    difference: BySplit[Metrics]
    robustness: Mapping[str, Corrupted]
    ultralytics: BySplit[UltralyticsMetrics]
    cross_validation: CrossValidation | None
