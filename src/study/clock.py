"""A study's time: that in which at least one of its trials ran, so that a night between two sweeps does not count."""

from collections.abc import Sequence
from datetime import datetime

from src.study.trials import ReportedTrial


class Clock:
    """The time of a study."""

    def __init__(self, trials: Sequence[ReportedTrial]) -> None:
        """Merge the times at which trials ran."""
        spans = sorted((t.began, t.ended) for t in trials if t.began is not None and t.ended is not None)
        self._spans: list[tuple[datetime, datetime]] = []
        for began, ended in spans:
            if self._spans and began <= self._spans[-1][1]:
                self._spans[-1] = (self._spans[-1][0], max(ended, self._spans[-1][1]))
            else:
                self._spans.append((began, ended))

    @property
    def seconds(self) -> float:
        """How long trials ran."""
        return self.at(self._spans[-1][1]) if self._spans else 0.0

    def at(self, moment: datetime) -> float:
        """The study's time at a moment, in seconds."""
        return sum((min(moment, ended) - began).total_seconds() for began, ended in self._spans if began < moment)


def duration(seconds: float | None) -> str:
    """A duration as people say it: `42 s`, `3 min 20 s`, `2 h 5 min`; empty where it is not known."""
    if seconds is None:
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
