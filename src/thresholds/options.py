"""What a user can set about the choice of a threshold: the section `threshold` of the configuration."""

from dataclasses import dataclass, field

from src.core.errors import ConfigError, did_you_mean
from src.thresholds.criteria import (
    Criterion,
    best_f,
    few_false_alarms,
    least_cost,
    most_precision,
    most_recall,
)

CRITERIA = ("f_beta", "max_recall", "max_precision", "min_cost", "false_alarms")


@dataclass
class ThresholdOptions:
    """By which criterion the threshold is chosen, and from what.

    Attributes:
        evaluation: Folder of the stage evaluate.
        criterion: `f_beta`, `max_recall` (with a precision floor), `max_precision` (with a recall floor), `min_cost`,
            or `false_alarms` (the most recall with a limit on them).
        beta: Of F-beta: how much more recall counts than precision.
        precision_floor: For `max_recall`.
        recall_floor: For `max_precision`.
        false_alarm_cost: For `min_cost`.
        miss_cost: For `min_cost`.
        max_false_alarms: For `false_alarms`: how many an image, on average.
        per_class: Whether each class with enough boxes has a threshold of its own.
        min_positives: How many ground truth boxes in val are enough for that.
        iou_grid: The NMS IoUs to choose from.
        resamples: How many data sets the bootstrap draws for the intervals.
        seed: Of that drawing.

    Raises:
        ConfigError: naming the key, when constructed with a value that cannot work.
    """

    evaluation: str = "outputs/pipeline/evaluate"
    criterion: str = "f_beta"
    beta: float = 1.0
    precision_floor: float = 0.9
    recall_floor: float = 0.9
    false_alarm_cost: float = 1.0
    miss_cost: float = 1.0
    max_false_alarms: float = 0.1
    per_class: bool = False
    min_positives: int = 30
    iou_grid: list[float] = field(default_factory=lambda: [0.4, 0.5, 0.6, 0.7, 0.8])
    resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.criterion not in CRITERIA:
            raise ConfigError(
                f"threshold.criterion={self.criterion} is no criterion.{did_you_mean(self.criterion, CRITERIA)} "
                f"There are: {', '.join(CRITERIA)}."
            )
        if not 0 < self.beta < float("inf"):
            raise ConfigError(f"threshold.beta={self.beta}: expected a number greater than 0.")
        for key in ("precision_floor", "recall_floor"):
            if not 0 <= getattr(self, key) <= 1:
                raise ConfigError(f"threshold.{key}={getattr(self, key)}: expected a share from 0 to 1.")
        for key in ("false_alarm_cost", "miss_cost", "max_false_alarms"):
            if not 0 <= getattr(self, key) < float("inf"):
                raise ConfigError(f"threshold.{key}={getattr(self, key)}: expected 0 or more.")
        if not self.false_alarm_cost + self.miss_cost:
            raise ConfigError("threshold.false_alarm_cost and threshold.miss_cost are both 0: nothing would be better.")
        for key, least in (("min_positives", 1), ("resamples", 1), ("seed", 0)):
            if getattr(self, key) < least:
                raise ConfigError(f"threshold.{key}={getattr(self, key)}: expected {least} or more.")
        self._check_grid()

    @property
    def has_constraint(self) -> bool:
        """Whether the user asks for something that may be out of reach, beyond finding anything at all."""
        return self.criterion in ("max_recall", "max_precision", "false_alarms")

    @property
    def rule(self) -> Criterion:
        """The criterion with its numbers."""
        rules = {
            "f_beta": lambda: best_f(self.beta),
            "max_recall": lambda: most_recall(self.precision_floor),
            "max_precision": lambda: most_precision(self.recall_floor),
            "min_cost": lambda: least_cost(self.false_alarm_cost, self.miss_cost),
            "false_alarms": lambda: few_false_alarms(self.max_false_alarms),
        }
        return rules[self.criterion]()

    def _check_grid(self) -> None:
        if not self.iou_grid:
            raise ConfigError("threshold.iou_grid is empty: expected at least one NMS IoU, such as [0.7].")
        for iou in self.iou_grid:
            if not 0 < iou < 1:
                raise ConfigError(f"threshold.iou_grid: {iou} is no IoU; expected numbers between 0 and 1.")
        if len(set(self.iou_grid)) < len(self.iou_grid):
            raise ConfigError(f"threshold.iou_grid={self.iou_grid} names an IoU twice.")
