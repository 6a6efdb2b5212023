"""Runs beside each other: which is better by how much, and whether that can be said at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from src.core.detection_records import DetectionRecords
from src.core.errors import DataError
from src.core.interval import Interval
from src.evaluation.paired import map_differences
from src.mlflow.runs.recorded import RecordedRun
from src.study.comparability import RunFacts, obstacles

RECORDS = "val_records.npz"  # as trainings upload it


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """A run, compared with the first one.

    Attributes:
        name: What it is called.
        run: The run.
        obstacles: Why it cannot be compared with the first one; then there are no differences.
        differences: By metric, its value minus that of the first one.
        intervals: The same with 95 % intervals over the images, where the detections of both are available.
    """

    name: str
    run: RecordedRun
    obstacles: tuple[str, ...] = ()
    differences: Mapping[str, float] | None = None
    intervals: Mapping[str, Interval] | None = None


@dataclass(frozen=True, eq=False)
class RunComparison:
    """Runs beside each other.

    Attributes:
        runs: At least two; the others are compared with the first one.
        doubts: What could not be said, and why.
    """

    runs: tuple[ComparedRun, ...]
    doubts: tuple[str, ...]

    @property
    def objective(self) -> str:
        """What the first run was made for; of several objectives, the first."""
        return self.runs[0].run.tags.get("objective", "").split(",")[0].strip()


def compare_with_first(found: Sequence[RecordedRun]) -> RunComparison:
    """Compare runs with the first of them."""
    doubts: list[str] = []
    names = _names(found)
    records = [_records(run, name, doubts) for run, name in zip(found, names, strict=True)]
    facts = [
        RunFacts(
            name=name,
            digest=_digest(run),
            objective=run.tags.get("objective", ""),
            metrics=run.metrics,
            positives=None if one is None else one.positives,
        )
        for run, name, one in zip(found, names, records, strict=True)
    ]
    runs = [ComparedRun(names[0], found[0])]
    for run, fact, one in zip(found[1:], facts[1:], records[1:], strict=True):
        if reasons := obstacles(facts[0], fact):
            runs.append(ComparedRun(fact.name, run, reasons))
            continue
        common = [name for name in run.metrics if name in facts[0].metrics]
        differences = {name: run.metrics[name] - facts[0].metrics[name] for name in common}
        intervals = {}
        if one is not None and records[0] is not None:
            intervals = {f"val/{name}": value for name, value in map_differences(one, records[0]).items()}
        runs.append(ComparedRun(fact.name, run, (), differences, intervals))
    return RunComparison(tuple(runs), tuple(doubts))


def _records(run: RecordedRun, name: str, doubts: list[str]) -> DetectionRecords | None:
    if run.artifact is None:
        doubts.append(f"{name} has no {RECORDS} among its artifacts: it cannot be compared image by image.")
        return None
    try:
        return DetectionRecords.load(run.artifact)
    except DataError as error:
        doubts.append(f"{name} cannot be compared image by image: {error}")
        return None


def _digest(run: RecordedRun) -> str:
    return run.tags.get("data.digest") or next((digest for _, digest in run.datasets), "")


def _names(found: Sequence[RecordedRun]) -> list[str]:
    """The runs' names; with the beginning of the id where a name occurs twice."""
    names = [run.name for run in found]
    return [run.name if names.count(run.name) == 1 else f"{run.name} ({run.run_id[:6]})" for run in found]
