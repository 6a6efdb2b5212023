"""What the choice of a threshold leaves for the stages after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from src.core.interval import Interval
from src.documents.codec import named
from src.documents.document import Document
from src.documents.evaluation import ErrorCounts
from src.documents.metrics import PointMetrics
from src.documents.splits import BySplit


@dataclass(frozen=True)
class ClassThreshold:
    """The threshold of one class.

    Attributes:
        score: Detections with a higher score are kept.
        own: Whether it was chosen on this class, or is the one for all classes.
        reason: What it was chosen from, or why it is not the class's own.
    """

    score: float
    own: bool
    reason: str


@dataclass(frozen=True)
class ChosenPoint:
    """The operating point that was chosen on val.

    Attributes:
        score: Detections with a higher score are kept.
        score_interval: How sure that is: the choice repeated on resampled images.
        iou: NMS IoU.
        iou_shares: The share of the resamples that chose each NMS IoU.
        feasible_share: The share of the resamples in which the criterion could be satisfied.
        per_class: The threshold of each class; None where one is for all.
    """

    score: float
    score_interval: Interval
    iou: float
    iou_shares: Mapping[str, float]
    feasible_share: float
    per_class: Mapping[str, ClassThreshold] | None


@dataclass(frozen=True)
class NearestPoint:
    """The point on val that comes closest to a constraint that none satisfies.

    Attributes:
        score: The threshold.
        iou: NMS IoU.
        precision: The share of the detections that are right.
        recall: The share of the boxes that are found.
        f1: Their harmonic mean.
        false_alarms_per_image: Wrong detections an image.
    """

    score: float
    iou: float
    precision: float
    recall: float
    f1: float = field(metadata=named("F1"))
    false_alarms_per_image: float


@dataclass(frozen=True)
class OnVal:
    """What the chosen point does on val.

    Attributes:
        tuned: At the point, each image being judged at the point that is chosen without it.
        images: How many there are.
        boxes: How many there are on them.
    """

    tuned: PointMetrics
    images: int
    boxes: int


@dataclass(frozen=True)
class OnTest:
    """What the operating points do on test.

    Attributes:
        tuned: At the chosen point; None where none was chosen.
        default: At confidence 0.25 and NMS IoU 0.7.
        difference: By how much the chosen point is better than the default, on the same resamples.
        all_classes: With one threshold for all classes, where classes have their own.
        per_class_difference: By how much thresholds per class are better than that.
        images: How many there are.
        boxes: How many there are on them.
    """

    tuned: PointMetrics | None
    default: PointMetrics
    difference: PointMetrics | None
    all_classes: PointMetrics | None
    per_class_difference: PointMetrics | None
    images: int
    boxes: int


@dataclass(frozen=True)
class UltralyticsPoint:
    """What Ultralytics' own validation reports, at the confidence where its smoothed F1 curve is highest.

    Attributes:
        precision: Of the last split.
        recall: Likewise.
    """

    precision: float
    recall: float


@dataclass(frozen=True)
class Calibration:
    """How far scores are from the share of right detections.

    Attributes:
        ece: The expected calibration error of all detections; None where there is none.
        ece_kept: That of the detections that are kept; likewise.
    """

    ece: float | None
    ece_kept: float | None


@dataclass(frozen=True)
class PointErrors:
    """The errors on the last split, counted by type.

    Attributes:
        tuned: At the chosen point; None where none was chosen.
        default: At the default one.
    """

    tuned: ErrorCounts | None
    default: ErrorCounts


@dataclass(frozen=True)
class Threshold(Document):
    """`threshold.json` of the stage tune_threshold.

    Attributes:
        criterion: By what the point was chosen, in words.
        chosen: The operating point; None where no point satisfies the criterion.
        reason: Why there is none; None where there is one.
        nearest: Without a point, the nearest one; None where none finds anything.
        val: What the chosen point does on val; None without one.
        test: What operating points do on test; None where there is no test split.
        ultralytics: What Ultralytics reports.
        robustness: At the chosen point under each corruption.
        calibration: Of the scores on each split.
        errors: By type.
    """

    FILE: ClassVar[str] = "threshold.json"
    STAGE: ClassVar[str] = "tune_threshold"
    VERSION: ClassVar[int] = 1

    criterion: str
    chosen: ChosenPoint | None
    reason: str | None
    nearest: NearestPoint | None
    val: OnVal | None
    test: OnTest | None
    ultralytics: UltralyticsPoint | None
    robustness: Mapping[str, PointMetrics]
    calibration: BySplit[Calibration]
    errors: PointErrors
