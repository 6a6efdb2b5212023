"""The figures that a training can be judged by: what `train.objective` and `train.constraints` can name.

Here a name becomes what it stands for; `src.passes.figures` reads it off a trained model.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from src.core.errors import ConfigError, did_you_mean
from src.documents.latency import Backend

# Known for every epoch, so that pruners can compare them.
EPOCH_METRICS = ("val/mAP50", "val/mAP50-95", "train/box_loss", "train/cls_loss", "train/dfl_loss")
# What the training says itself; whether a greater value is better.
OF_TRAINING: Mapping[str, bool] = {
    **dict.fromkeys(("val/mAP50", "val/mAP50-95", "val/precision", "val/recall", "val/F1"), True),
    **dict.fromkeys(("train/box_loss", "train/cls_loss", "train/dfl_loss"), False),
    **dict.fromkeys(("train/seconds", "train/optimizer_steps"), False),
    **dict.fromkeys(("model/parameters", "model/gflops", "model/weights_mb"), False),
}
_DEPLOYED = "deployed/"
_AVERAGE_PRECISION = re.compile(rf"{_DEPLOYED}(?P<metric>mAP50|mAP50-95)(/(?P<part>.+))?")
_SIZE = re.compile(r"(small|medium|large)_boxes")
_AT_BEST_F1 = re.compile(rf"{_DEPLOYED}(?P<rate>precision|recall|F1)")
_AT_FLOOR = re.compile(rf"{_DEPLOYED}(?P<rate>recall_at_precision|precision_at_recall)_(?P<floor>0?\.\d+|1(\.0+)?)")
_LATENCIES = {"latency_ms": Backend.PYTORCH, "onnx_latency_ms": Backend.ONNX}
_FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
_CONSTRAINT = re.compile(r"\s*(?P<sign><=|>=)\s*(?P<limit>\S+)\s*")
EXAMPLES = (
    *OF_TRAINING,
    *(f"{_DEPLOYED}{name}" for name in ("mAP50", "mAP50-95", "mAP50-95/CLASS", "mAP50-95/small_boxes")),
    *(f"{_DEPLOYED}{name}" for name in ("precision", "recall", "F1", "recall_at_precision_0.9")),
    *(f"{_DEPLOYED}precision_at_recall_0.9", *_LATENCIES),
)


@dataclass(frozen=True)
class OfTraining:
    """What the training says itself: one of `OF_TRAINING`."""


@dataclass(frozen=True)
class AveragePrecisionOf:
    """Mean average precision as deployed.

    Attributes:
        metric: `mAP50` or `mAP50-95`.
        part: A class, or empty for all of them.
        size: `small`, `medium` or `large` boxes, or empty for all of them.
    """

    metric: str
    part: str = ""
    size: str = ""


@dataclass(frozen=True)
class AtBestF1:
    """`precision`, `recall` or `F1` as deployed, at the threshold and NMS IoU with the best F1."""

    rate: str


@dataclass(frozen=True)
class AtFloor:
    """The best recall (or precision) of all thresholds and NMS IoUs whose precision (or recall) is not below a floor.

    Attributes:
        rate: `recall` or `precision`, which is to be large.
        floor: What the other one has at least.
    """

    rate: str
    floor: float


@dataclass(frozen=True)
class LatencyOf:
    """The 95th percentile of the time for one image, in ms."""

    backend: Backend


@dataclass(frozen=True)
class OwnFunction:
    """What a function of the user's own makes of a trained model; its name is its path, `module.function`."""


@dataclass(frozen=True)
class Figure:
    """A figure of a trained model.

    Attributes:
        name: What users call it.
        what: What it is.
        maximize: Whether a greater value is better.
    """

    name: str
    what: OfTraining | AveragePrecisionOf | AtBestF1 | AtFloor | LatencyOf | OwnFunction
    maximize: bool = True

    @property
    def is_deployed(self) -> bool:
        """Whether it says how well the model detects as deployed, which the starting weights can be asked, too."""
        return isinstance(self.what, AveragePrecisionOf | AtBestF1 | AtFloor)


@dataclass(frozen=True)
class Constraint:
    """A limit that a trained model has to keep.

    Attributes:
        figure: Of what.
        at_most: Whether the limit is an upper one.
        limit: The limit.
    """

    figure: Figure
    at_most: bool
    limit: float

    def __str__(self) -> str:
        return f"{self.figure.name} {'<=' if self.at_most else '>='} {self.limit:g}"

    def excess(self, value: float) -> float:
        """By how much a value breaks it; 0 or less where it is kept."""
        return value - self.limit if self.at_most else self.limit - value


def figure(name: str, key: str = "train.objective") -> Figure:
    """What a name stands for.

    Args:
        name: The name.
        key: The setting that has it, for the message.

    Raises:
        ConfigError: it stands for nothing.
    """
    if name in OF_TRAINING:
        return Figure(name, OfTraining(), OF_TRAINING[name])
    if name in _LATENCIES:
        return Figure(name, LatencyOf(_LATENCIES[name]), maximize=False)
    readers: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Any]], ...] = (
        (_AVERAGE_PRECISION, _average_precision),
        (_AT_BEST_F1, lambda found: AtBestF1(found["rate"])),
        (_AT_FLOOR, lambda found: AtFloor(found["rate"].partition("_")[0], float(found["floor"]))),
        (_FUNCTION, lambda _: OwnFunction()),
    )
    for pattern, what in readers:
        if (found := pattern.fullmatch(name)) is not None:
            return Figure(name, what(found))
    hint = did_you_mean(name, EXAMPLES)
    raise ConfigError(
        f"{key}={name} is no metric.{hint} There are: {', '.join(EXAMPLES)}; or a function of your own,"
        " module.function."
    )


def constraint(name: str, text: Any) -> Constraint:
    """A constraint as it is written: the name of a figure, and `<= NUMBER` or `>= NUMBER`.

    Raises:
        ConfigError: it is none.
    """
    key = "train.constraints"
    found = _CONSTRAINT.fullmatch(str(text))
    try:
        limit = float(found["limit"]) if found else float("nan")
    except ValueError:
        limit = float("nan")
    if found is None or not abs(limit) < float("inf"):
        raise ConfigError(f"{key}.{name} is {text!r}: write a limit as '<= 30' or '>= 0.5'.")
    return Constraint(figure(name, key), found["sign"] == "<=", limit)


def _average_precision(found: re.Match[str]) -> AveragePrecisionOf:
    part = found["part"] or ""
    size = _SIZE.fullmatch(part)
    return AveragePrecisionOf(found["metric"], "" if size else part, size[1] if size else "")
