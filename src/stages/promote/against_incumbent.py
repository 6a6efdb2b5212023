"""The candidate for an alias against the version that has it, on the same images.

Each is judged as it would be deployed, at its own tuned threshold and NMS IoU, by F1. Parts of the images are left
out for both alike, so that what makes an image hard for both cancels out. The incumbent stays unless the whole interval
of the difference is above zero: a tie is no reason to change what runs in production. The more candidates have
challenged it before, the surer that interval has to be (src/mlflow/registry/challenges.py).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from src.core.detection_records import DetectionRecords
from src.core.detections import DEFAULT_CONFIDENCE
from src.core.errors import DataError
from src.core.interval import Interval
from src.detector.suppression import suppress
from src.documents.predictions import Predictions
from src.evaluation.matching import records_of
from src.evaluation.paired import headline_differences
from src.mlflow.registry.challenges import confidence_of
from src.passes.matched import match_at
from src.thresholds.operating_point import OperatingPoint, differences

_IN_THE_TAIL, _MOST_EXCHANGES = 20, 50_000  # the latter are two hundred megabytes on two hundred images


@dataclass(frozen=True, eq=False)
class DeployedModel:
    """A model as it is deployed, and what its head says about the images.

    Attributes:
        predictions: On the images that both are judged by.
        confidence: Detections have to score higher; by class where classes have thresholds of their own.
        iou: NMS IoU.
    """

    predictions: Predictions
    confidence: float | Mapping[str, float]
    iou: float

    @property
    def point(self) -> OperatingPoint:
        """Where it is operated."""
        return OperatingPoint.of(self.confidence, self.iou, self.predictions.truth.class_names)


@dataclass(frozen=True)
class AgainstIncumbent:
    """How a candidate compares with the incumbent.

    Attributes:
        incumbent: The incumbent's version.
        images: How many images both were judged by.
        f1: The candidate's F1 minus the incumbent's, each at its own operating point.
        map50_95: The same for mAP50-95, over all thresholds.
        evaluated_here: Whether the incumbent was evaluated for this, because it had not been on these data.
        challenge: Of how many challenges of this incumbent it is the last, itself included.
    """

    incumbent: int
    images: int
    f1: Interval
    map50_95: Interval
    evaluated_here: bool
    challenge: int = 1

    @property
    def is_won(self) -> bool:
        """Whether the candidate is better, beyond what other images of the same kind could turn round."""
        return self.f1.low > 0

    @property
    def said(self) -> str:
        """The outcome in words."""
        if self.is_won:
            return "better"
        return "worse" if self.f1.high < 0 else "not better beyond chance"

    def __str__(self) -> str:
        """The difference and its interval in one sentence."""
        return (
            f"F1 {self.f1:+.3f}, mAP50-95 {self.map50_95:+.3f} against version {self.incumbent} on the same"
            f" {self.images} images (challenge {self.challenge} of it: F1 with a"
            f" {100 * confidence_of(self.challenge):.4g} % interval, mAP50-95 with 95 %)"
        )


def compare_with_incumbent(
    candidate: DeployedModel,
    incumbent: DeployedModel,
    *,
    version: int,
    evaluated_here: bool,
    exchanges: int,
    seed: int,
    challenge: int = 1,
) -> AgainstIncumbent:
    """Compare two models on the same images.

    Args:
        candidate: The one that wants the alias.
        incumbent: The one that has it.
        version: The incumbent's.
        evaluated_here: See `AgainstIncumbent`.
        exchanges: How often the two are exchanged on random images.
        seed: Of the drawing of these.
        challenge: See `AgainstIncumbent`.

    Raises:
        DataError: the two were not evaluated on the same images.
    """
    if candidate.predictions.truth.files != incumbent.predictions.truth.files:
        raise DataError("The candidate and the incumbent were not evaluated on the same images.")
    counts = [match_at(each.predictions, each.iou).counts(each.point) for each in (candidate, incumbent)]
    confidence = confidence_of(challenge)
    # a share that is far out in the tail needs many exchanges to be known
    enough = min(max(exchanges, math.ceil(_IN_THE_TAIL / (1 - confidence))), _MOST_EXCHANGES)
    first, second = (_records(each) for each in (candidate, incumbent))
    overall = headline_differences(first, second, DEFAULT_CONFIDENCE, exchanges=exchanges, seed=seed)
    return AgainstIncumbent(
        incumbent=version,
        images=candidate.predictions.truth.image_count,
        f1=differences(counts[0], counts[1], exchanges=enough, seed=seed, confidence=confidence).f1,
        map50_95=overall["mAP50-95"],
        evaluated_here=evaluated_here,
        challenge=challenge,
    )


def _records(model: DeployedModel) -> DetectionRecords:
    """Over all thresholds and at the default NMS IoU, as `python -m src.evaluate` states it."""
    return records_of(suppress(model.predictions.raw), model.predictions.truth)
