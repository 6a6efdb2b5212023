"""What monitoring compares with, and what it says: the reference in a registered version, and `monitor.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from src.core.interval import Interval
from src.documents.document import Document
from src.documents.metrics import PointMetrics


class Outcome(StrEnum):
    """What a window of pictures says."""

    ALARM = "alarm"
    QUIET = "no change found"
    TOO_FEW = "too few scenes"
    REBASED = "rebased"


@dataclass(frozen=True)
class CalibratedScores:
    """The share of right detections as a function of the score, in K steps.

    Attributes:
        scores: From which each step holds, ascending.
        shares: The share of right detections there.
    """

    scores: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class MonitoringReference(Document):
    """`monitoring.json` in the folder of a registered version.

    Attributes:
        made_from: Which pictures, in words.
        statistics: By name, one value a scene; None where a picture has none.
        calibration: Of the scores at the operating point.
        counts: Of each labelled scene: detections kept, hits and boxes.
        power: By corruption, the share of its windows that are noticed; empty where that could not be tried.
        power_scenes: How many scenes those windows have.
    """

    FILE: ClassVar[str] = "monitoring.json"
    STAGE: ClassVar[str] = "promote"
    VERSION: ClassVar[int] = 1

    made_from: str
    statistics: Mapping[str, tuple[float | None, ...]]
    calibration: CalibratedScores
    counts: tuple[tuple[int, ...], ...]
    power: Mapping[str, float]
    power_scenes: int

    @property
    def scenes(self) -> int:
        """How many scenes it has."""
        return len(next(iter(self.statistics.values()), ()))


@dataclass(frozen=True)
class StatisticChange:
    """A statistic against the reference.

    Attributes:
        name: Of the statistic.
        reference: Its median there; None where no picture has a value.
        window: Its median in the window; likewise.
        distance: That of the two distributions (Kolmogorov and Smirnov), from 0 to 1; None where it was not tested.
        p: Corrected for the number of statistics; likewise.
        has_moved: Whether it is another distribution.
    """

    name: str
    reference: float | None
    window: float | None
    distance: float | None
    p: float | None
    has_moved: bool


@dataclass(frozen=True)
class StrangePicture:
    """A picture that is unlike the reference.

    Attributes:
        file: Below the folder of pictures.
        statistic: By which it is.
        value: What that is there.
        distance: From the reference's median, in interquartile ranges.
    """

    file: str
    statistic: str
    value: float
    distance: float


@dataclass(frozen=True)
class Canary:
    """Another version on the same labelled pictures.

    Attributes:
        alias: Of that version.
        version: Its number.
        metrics: What it reaches.
        difference: By how much it is better than the version that is watched.
        pictures_for: By a difference in F1, how many labelled pictures it takes to see it.
    """

    alias: str
    version: int
    metrics: PointMetrics
    difference: PointMetrics
    pictures_for: Mapping[str, int]


@dataclass(frozen=True)
class LabelledWindow:
    """What labels say.

    Attributes:
        pictures: How many have labels.
        scenes: How many scenes they show.
        metrics: What the model reaches on them.
        reference: What it reached on the reference; None of one without labels.
        change: By how much the window's are higher; likewise.
        fallen: Those that have fallen beyond chance.
        canary: Another version on them; None where none was asked for.
    """

    pictures: int
    scenes: int
    metrics: PointMetrics
    reference: PointMetrics | None
    change: PointMetrics | None
    fallen: tuple[str, ...]
    canary: Canary | None


@dataclass(frozen=True)
class WatchedWindow:
    """Which pictures were looked at.

    Attributes:
        folder: Where they lie.
        pictures: How many there are.
        scenes: How many scenes they show.
        first: When the first was taken.
        last: When the last was taken.
        unreadable: Files that are no pictures that can be read.
    """

    folder: str
    pictures: int
    scenes: int
    first: str
    last: str
    unreadable: tuple[str, ...]


@dataclass(frozen=True)
class Monitor(Document):
    """`monitor.json` of the command monitor.

    Attributes:
        name: Of the registered model.
        alias: By which the version was chosen.
        number: The version.
        outcome: What the window says.
        reasons: What raised the alarm.
        window: Which pictures.
        reference: Which pictures they were compared with.
        changes: Every statistic.
        precision: As the scores let one expect it; None without detections or calibration.
        strangest: The pictures to look at.
        labelled: What the labels say; None without.
        power: See `MonitoringReference`.
        power_scenes: Likewise.
    """

    FILE: ClassVar[str] = "monitor.json"
    STAGE: ClassVar[str] = "monitor"
    VERSION: ClassVar[int] = 1

    name: str
    alias: str
    number: int
    outcome: Outcome
    reasons: tuple[str, ...]
    window: WatchedWindow
    reference: str
    changes: tuple[StatisticChange, ...]
    precision: Interval | None
    strangest: tuple[StrangePicture, ...]
    labelled: LabelledWindow | None
    power: Mapping[str, float]
    power_scenes: int
