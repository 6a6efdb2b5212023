"""Runs side by side, as they were found to differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from src.core.interval import Interval
from src.mlflow.runs.any_runs import DetailedRun


@dataclass(frozen=True, eq=False)
class Beside:
    """A run beside the first one.

    Attributes:
        name: What it is called.
        run: The run.
        obstacles: Why it cannot be compared with the first one; then there are no differences.
        differences: By metric, its value minus that of the first one.
        intervals: The same with 95 % intervals over the images, where the detections of both are at hand.
    """

    name: str
    run: DetailedRun
    obstacles: tuple[str, ...] = ()
    differences: Mapping[str, float] | None = None
    intervals: Mapping[str, Interval] | None = None


@dataclass(frozen=True, eq=False)
class RunComparison:
    """Runs side by side.

    Attributes:
        runs: At least two; the others are compared with the first one.
        doubts: What could not be said, and why.
        folder: Where the page is.
    """

    runs: tuple[Beside, ...]
    doubts: tuple[str, ...]
    folder: Path

    @property
    def objective(self) -> str:
        """What the first run was made for; of several objectives, the first."""
        return self.runs[0].run.run.tags.get("objective", "").split(",")[0].strip()
