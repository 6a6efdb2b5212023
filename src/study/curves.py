"""The learning curves of trials: the objective after each epoch."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from src.study.comparison import Comparison, Scatter, scatter_of

RESULTS = "results.csv"  # Ultralytics' table of a training, one row an epoch


@dataclass(frozen=True)
class LastEpochs:
    """What trainings had after their last epoch, which nothing has chosen, beside the best one that they are judged by.

    Attributes:
        behind: By a setting's place, how far its mean after the last epochs is behind its mean, in the metric's unit;
            0 where its trainings left no curves.
        scatter: How far such values of one setting lie from each other; None where that is not known.
    """

    behind: Mapping[int, float]
    scatter: Scatter | None = None


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


def last_epochs(comparison: Comparison, curves: Mapping[int, Curve], *, maximize: bool) -> LastEpochs:
    """How far the trainings of each setting were behind their best epoch when they ended.

    Args:
        comparison: The settings.
        curves: By the trials' numbers.
        maximize: Whether a greater value is better.
    """
    behind, ends = {}, []
    for place, setting in enumerate(comparison.settings):
        found = [curves.get(run.number, Curve()) if run.number is not None else Curve() for run in setting.trials]
        last = [curve.values[-1] for curve in found if curve.of == "epoch" and curve.values]
        if len(last) < len(setting.trials):
            behind[place] = 0.0
            continue
        difference = setting.mean - sum(last) / len(last)
        behind[place] = max(0.0, difference if maximize else -difference)
        ends.append(last)
    return LastEpochs(behind, scatter_of(ends))


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
