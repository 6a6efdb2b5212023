"""Runs side by side: what differs in them, which is better by how much, and whether that can be said at all."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from src.core.detection_records import DetectionRecords
from src.core.errors import DataError
from src.core.files import write_text
from src.evaluation.average_precision import METRICS
from src.evaluation.bootstrap import paired_difference
from src.mlflow.options import TrackingOptions
from src.mlflow.runs.any_runs import DetailedRun, any_runs
from src.render.study import as_html
from src.stages.report.beside import Beside, RunComparison
from src.study.comparability import RunFacts, obstacles

RECORDS = "val_records.npz"  # as trainings upload it
FOLDER = Path("outputs/compare")
PAGE = "report.html"
_LONGEST = 80  # characters of a folder's name


def compare_runs(options: TrackingOptions, names: Sequence[str], folder: str | None = None) -> RunComparison:
    """Compare runs of the store and write the page about it.

    Args:
        options: Where the runs are recorded.
        names: Ids, beginnings of ids, or names; at least two.
        folder: Where to write; None for a folder of `outputs/compare` that is named after the runs.

    Side effects: reads the store in a process of its own; writes `report.html`.

    Raises:
        TrackingError: the store cannot be read, or does not know exactly one run of a name.
    """
    from src.stages.report.compare_page import page

    with tempfile.TemporaryDirectory() as scratch:
        found = any_runs(options, names, artifact=RECORDS, folder=Path(scratch))
        comparison = beside_each_other(found, Path(folder) if folder else FOLDER / _folder_name(found))
    write_text(comparison.folder / PAGE, as_html(page(comparison)))
    return comparison


def beside_each_other(found: Sequence[DetailedRun], folder: Path) -> RunComparison:
    """Compare runs with the first of them."""
    doubts: list[str] = []
    names = _names(found)
    records = [_records(run, name, doubts) for run, name in zip(found, names, strict=True)]
    facts = [
        RunFacts(
            name=name,
            digest=_digest(run),
            objective=run.run.tags.get("objective", ""),
            metrics=run.run.metrics,
            positives=None if one is None else one.positives,
        )
        for run, name, one in zip(found, names, records, strict=True)
    ]
    runs = [Beside(names[0], found[0])]
    for run, fact, one in zip(found[1:], facts[1:], records[1:], strict=True):
        if reasons := obstacles(facts[0], fact):
            runs.append(Beside(fact.name, run, reasons))
            continue
        common = [name for name in run.run.metrics if name in facts[0].metrics]
        differences = {name: run.run.metrics[name] - facts[0].metrics[name] for name in common}
        intervals = {}
        if one is not None and records[0] is not None:
            intervals = {f"val/{metric}": paired_difference(one, records[0], metric) for metric in METRICS}
        runs.append(Beside(fact.name, run, (), differences, intervals))
    return RunComparison(tuple(runs), tuple(doubts), folder)


def _records(run: DetailedRun, name: str, doubts: list[str]) -> DetectionRecords | None:
    if run.artifact is None:
        doubts.append(f"{name} has no {RECORDS} among its artifacts: it cannot be compared image by image.")
        return None
    try:
        return DetectionRecords.load(run.artifact)
    except DataError as error:
        doubts.append(f"{name} cannot be compared image by image: {error}")
        return None


def _digest(run: DetailedRun) -> str:
    return run.run.tags.get("data.digest") or next((digest for _, digest in run.datasets), "")


def _names(found: Sequence[DetailedRun]) -> list[str]:
    """The runs' names; with the beginning of the id where a name occurs twice."""
    names = [run.run.name for run in found]
    return [
        run.run.name if names.count(run.run.name) == 1 else f"{run.run.name} ({run.run.run_id[:6]})" for run in found
    ]


def _folder_name(found: Sequence[DetailedRun]) -> str:
    # with their ids, because every study has a trial 0
    named = (f"{run.run.name}-{run.run.run_id[:8]}" for run in found)
    return re.sub(r"[^\w.-]+", "-", "_vs_".join(named))[:_LONGEST].strip("-")
