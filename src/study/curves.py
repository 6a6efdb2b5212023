"""The learning curves of trials: the objective after each epoch."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

RESULTS = "results.csv"  # Ultralytics' table of a training, one row an epoch


@dataclass(frozen=True)
class Curve:
    """What a trial reported while it ran.

    Attributes:
        steps: Epochs, from 1; of a trial with replicates whose tables are gone, replicates.
        values: The objective after each.
        of: What a step is.
    """

    steps: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    of: str = "epoch"


def curve_of(
    reported: Mapping[int, float], folder: Path | None, replicates: Mapping[str, object], objective: str
) -> Curve:
    """The curve of a trial.

    A trial with replicates reports to Optuna once a replicate, not once an epoch. Its epochs are in the tables that
    Ultralytics leaves in the replicates' folders; the curve is their mean.

    Args:
        reported: What Optuna was told, by step.
        folder: Where the trial wrote; of replicates, the last one's.
        replicates: The trial's replicates.
        objective: The metric's name.
    """
    if replicates and folder is not None:
        tables = [_column(path, objective) for path in sorted(folder.parent.glob(f"*/{RESULTS}"))]
        if tables and len({len(table) for table in tables}) == 1 and tables[0]:
            means = tuple(sum(row) / len(row) for row in zip(*tables, strict=True))
            return Curve(tuple(range(1, len(means) + 1)), means)
    steps = tuple(sorted(reported))
    return Curve(steps, tuple(reported[step] for step in steps), "replicate" if replicates else "epoch")


def _column(path: Path, objective: str) -> Sequence[float]:
    """A metric's values in Ultralytics' table, whose `metrics/mAP50(B)` is our `val/mAP50`; empty without it."""
    column = f"metrics/{objective.removeprefix('val/')}(B)"
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [float(row[column]) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError):
        return ()
