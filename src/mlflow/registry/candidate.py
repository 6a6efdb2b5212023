"""A model that asks to be registered: what its run says about it, and whether it hangs together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from src.core.errors import RegistryError

ACCEPTED = "accepted"
DATA_TAG = "data.digest"
_KEY_TAG = "tracking.key"  # what the run was called until the store answered
# What Ultralytics' predict uses unless it is told otherwise; for a model without a threshold to deploy it with.
_DEFAULT_CONFIDENCE, _DEFAULT_IOU = 0.25, 0.7
_SHOWN = 12  # characters of a digest

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Candidate:
    """A training's run with what the stages after it added.

    Attributes:
        run_id: The store's id.
        tags: The run's tags.
        weights_sha256: Of the weights in the run.
        decision: `decision.json` of the stage decide.
        evaluation: `evaluation.json` of the stage evaluate.
        threshold: `threshold.json` of the stage tune_threshold.

    Raises:
        RegistryError: the decision is about other data, weights or thresholds than the run's.
    """

    run_id: str
    tags: Mapping[str, str]
    weights_sha256: str
    decision: Facts
    evaluation: Facts
    threshold: Facts

    def __post_init__(self) -> None:
        judged, seen = self.decision["candidate"], self.evaluation
        data = (judged.get("data") or {}).get("digest")
        if judged.get("run_id") != self.tags.get(_KEY_TAG):
            self._check("run", self.run_id, judged.get("run_id"), "decision")
        self._check("data", self.tags.get(DATA_TAG), data, "decision")
        self._check("data", self.tags.get(DATA_TAG), seen["data"]["digest"], "evaluation")
        self._check("weights", self.weights_sha256, seen.get("weights_sha256"), "evaluation")
        self._check("weights", self.weights_sha256, judged.get("weights_sha256"), "decision")
        self._check("threshold", self.threshold["score"], judged.get("threshold"), "decision")
        self._check("NMS IoU", self.threshold["iou"], judged.get("iou"), "decision")

    def _check(self, what: str, own: Any, found: Any, where: str) -> None:
        if own != found:
            raise RegistryError(
                f"The {where} in run {self.run_id} is about another {what} ({_short(found)}) than the run's"
                f" ({_short(own)}). Run the stages after the training again, in order (`dvc repro`, or `python -m"
                " src.evaluate`, `src.tune_threshold`, `src.decide`)."
            )

    @property
    def is_accepted(self) -> bool:
        """Whether the stage decide accepted it."""
        return self.outcome == ACCEPTED

    @property
    def outcome(self) -> str:
        """`accepted`, `rejected` or `undecided`."""
        return str(self.decision["verdict"]["outcome"])

    @property
    def reasons(self) -> tuple[str, ...]:
        """The decision's reasons, sentences."""
        return tuple(self.decision["verdict"]["reasons"])

    @property
    def data_digest(self) -> str:
        """SHA-256 of the data that it was trained on and judged by."""
        return str(self.evaluation["data"]["digest"])

    @property
    def split(self) -> str:
        """The split that it was judged on: test, or val where there is no test split."""
        return str(list(self.evaluation["splits"])[-1])

    @property
    def class_names(self) -> tuple[str, ...]:
        """Its classes in the order of their ids."""
        return tuple(self.evaluation["splits"][self.split]["per_class"])

    @property
    def imgsz(self) -> int:
        """Image size in pixels."""
        return int(self.evaluation["model"]["imgsz"])

    @property
    def confidence(self) -> float | dict[str, float]:
        """Detections have to score higher; by class where the classes have thresholds of their own."""
        if self.threshold["score"] is None:
            return _DEFAULT_CONFIDENCE
        per_class = self.threshold.get("per_class")
        if per_class:
            return {name: float(each["score"]) for name, each in per_class.items()}
        return float(self.threshold["score"])

    @property
    def iou(self) -> float:
        """NMS IoU."""
        return _DEFAULT_IOU if self.threshold["iou"] is None else float(self.threshold["iou"])


def _short(value: Any) -> str:
    if value is None:
        return "not known"
    return f"{value[:_SHOWN]}…" if isinstance(value, str) and len(value) > _SHOWN else str(value)
