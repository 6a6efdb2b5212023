"""Metrics of a detector with their intervals; an interval is NaN where its metric is not defined."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from src.core.interval import Interval
from src.documents.codec import by_name, json_name, named


class _Named:
    """Intervals by the names that metrics have in files and in the tracker, and back."""

    @classmethod
    def of(cls, values: Mapping[str, Interval]) -> Self:
        """From intervals by name."""
        kind: Any = cls
        return cls(**{own.name: values[json_name(own)] for own in fields(kind)})

    def by_name(self) -> dict[str, Interval]:
        """The intervals by name."""
        return by_name(self)


@dataclass(frozen=True)
class PointMetrics(_Named):
    """Metrics at one operating point, or their differences between two; intervals over images.

    Attributes:
        precision: The share of the detections that are right; not defined without detections.
        recall: The share of the boxes that are found; not defined without boxes.
        f1: Their harmonic mean.
    """

    precision: Interval
    recall: Interval
    f1: Interval = field(metadata=named("F1"))


@dataclass(frozen=True)
class Metrics(_Named):
    """The headline metrics of a model, or the differences between two models; intervals over images.

    Attributes:
        map50: Mean average precision at IoU 0.50, over all confidence thresholds.
        map50_95: The mean of it over IoU 0.50 to 0.95.
        precision: At the default confidence.
        recall: Likewise.
        f1: Likewise.
    """

    map50: Interval = field(metadata=named("mAP50"))
    map50_95: Interval = field(metadata=named("mAP50-95"))
    precision: Interval
    recall: Interval
    f1: Interval = field(metadata=named("F1"))

    @property
    def at_default(self) -> PointMetrics:
        """Those at the default confidence."""
        return PointMetrics(self.precision, self.recall, self.f1)
