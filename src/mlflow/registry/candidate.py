"""A model that asks to be registered: what its run says about it, and whether that fits together."""

from collections.abc import Mapping
from dataclasses import dataclass

from src.core.detections import DEFAULT_CONFIDENCE, DEFAULT_IOU
from src.core.errors import RegistryError
from src.documents.decision import Acceptance, Decision
from src.documents.evaluation import EvaluatedSplit, Evaluation
from src.documents.metrics import PointMetrics
from src.documents.splits import TEST, VAL
from src.documents.threshold import Threshold
from src.mlflow.spool.folder import KEY_TAG

DATA_TAG = "data.digest"
_SHOWN = 12  # characters of a digest


@dataclass(frozen=True)
class Candidate:
    """A training's run with what the stages after it added.

    Attributes:
        run_id: The store's id.
        tags: The run's tags.
        weights_sha256: Of the weights in the run.
        decision: Of the stage decide.
        evaluation: Of the stage evaluate.
        threshold: Of the stage tune_threshold.

    Raises:
        RegistryError: the decision is about other data, weights or thresholds than the run's.
    """

    run_id: str
    tags: Mapping[str, str]
    weights_sha256: str
    decision: Decision
    evaluation: Evaluation
    threshold: Threshold

    def __post_init__(self) -> None:
        judged, seen, chosen = self.decision.candidate, self.evaluation, self.threshold.chosen
        score, iou = (None, None) if chosen is None else (chosen.score, chosen.iou)
        if judged.run_id != self.tags.get(KEY_TAG):
            self._check("run", self.run_id, judged.run_id, "decision")
        self._check("data", self.tags.get(DATA_TAG), judged.data.digest, "decision")
        self._check("data", self.tags.get(DATA_TAG), seen.data.digest, "evaluation")
        self._check("weights", self.weights_sha256, seen.weights_sha256, "evaluation")
        self._check("weights", self.weights_sha256, judged.weights_sha256, "decision")
        self._check("threshold", score, judged.threshold, "decision")
        self._check("NMS IoU", iou, judged.iou, "decision")

    def _check(self, what: str, own: str | float | None, found: str | float | None, where: str) -> None:
        if own != found:
            raise RegistryError(
                f"The {where} in run {self.run_id} is about another {what} ({_short(found)}) than the run's"
                f" ({_short(own)}). Run the stages after the training again, in order (`dvc repro`, or `python -m"
                " src.evaluate`, `src.tune_threshold`, `src.decide`)."
            )

    @property
    def is_accepted(self) -> bool:
        """Whether the stage decide accepted it."""
        return self.decision.verdict.outcome is Acceptance.ACCEPTED

    @property
    def data_digest(self) -> str:
        """SHA-256 of the data that it was trained on and judged by."""
        return self.evaluation.data.digest

    @property
    def split(self) -> str:
        """The split that it was judged on: test, or val where there is no test split."""
        return VAL if self.evaluation.splits.test is None else TEST

    @property
    def evaluated(self) -> EvaluatedSplit:
        """What it does on that split."""
        split = self.evaluation.splits.last
        if split is None:
            raise RegistryError(f"Run {self.run_id} was evaluated neither on val nor on test.")
        return split

    @property
    def tuned(self) -> PointMetrics | None:
        """What it does there at its threshold; None without one."""
        found = self.threshold.val if self.evaluation.splits.test is None else self.threshold.test
        return None if found is None else found.tuned

    @property
    def class_names(self) -> tuple[str, ...]:
        """Its classes in the order of their ids."""
        return tuple(self.evaluated.per_class)

    @property
    def imgsz(self) -> int:
        """Image size in pixels."""
        return self.evaluation.model.imgsz

    @property
    def confidence(self) -> float | dict[str, float]:
        """Detections have to score higher; by class where the classes have thresholds of their own."""
        chosen = self.threshold.chosen
        if chosen is None:
            return DEFAULT_CONFIDENCE
        if chosen.per_class:
            return {name: each.score for name, each in chosen.per_class.items()}
        return chosen.score

    @property
    def iou(self) -> float:
        """NMS IoU."""
        return DEFAULT_IOU if self.threshold.chosen is None else self.threshold.chosen.iou


def _short(value: str | float | None) -> str:
    if value is None:
        return "not known"
    return f"{value[:_SHOWN]}…" if isinstance(value, str) and len(value) > _SHOWN else str(value)
