"""What a single training prints at its end."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from src.documents.training import Flag
from src.render import terminal
from src.render.table import Column, Kind, Row, Table, numbers, texts

_SHOWN = ("val/mAP50-95", "val/mAP50", "val/precision", "val/recall", "val/F1")
_JUDGED_BY = "val/mAP50-95"


def show(
    metrics: Mapping[str, float],
    untrained: Mapping[str, float] | None,
    *,
    objectives: Sequence[str],
    flags: Sequence[Flag],
    folder: Path,
    weights: Path,
    console: Console,
) -> None:
    """Print the metrics beside those of the starting weights, the flags, and what to do next.

    Args:
        metrics: All final metrics.
        untrained: Those of the weights that the training started from; None where they were not evaluated.
        objectives: The metrics that the training returns.
        flags: What a reader of the metrics has to know.
        folder: Where everything was written.
        weights: The best weights.
        console: Where to print.
    """
    terminal.show(metrics_table(metrics, untrained, objectives), console, "Result on the val split")
    terminal.say(remarks(metrics, untrained, flags), console)
    next_step = f"Train on from it: python -m src.train model.weights={weights}"
    terminal.say((f"Folder: {folder}", next_step), console)


def metrics_table(
    metrics: Mapping[str, float], untrained: Mapping[str, float] | None, objectives: Sequence[str]
) -> Table:
    """The objectives first, and beside each metric that of the starting weights."""
    names = [*objectives, *(name for name in _SHOWN if name not in objectives)]
    titles = [f"{name} (objective)" if name in objectives else name for name in names]
    if untrained is None:
        rows = [Row((title, metrics[name])) for title, name in zip(titles, names, strict=True)]
        return Table((*texts("metric"), *numbers("trained")), tuple(rows))
    before = [untrained.get(name) for name in names]
    gains = [None if value is None else metrics[name] - value for name, value in zip(names, before, strict=True)]
    cells = zip(titles, (metrics[name] for name in names), before, gains, strict=True)
    columns = (*texts("metric"), *numbers("trained", "untrained"), Column("difference", Kind.NUMBER, "+.4f"))
    return Table(columns, tuple(map(Row, cells)))


def remarks(metrics: Mapping[str, float], untrained: Mapping[str, float] | None, flags: Sequence[Flag]) -> list[str]:
    """The sentences below the table."""
    lines = []
    if untrained is not None and metrics[_JUDGED_BY] < untrained[_JUDGED_BY]:
        lines.append(f"WORSE than not training at all: {_JUDGED_BY} is lower than that of the weights it started from.")
    lines.append(
        f"{metrics['train/optimizer_steps']:.0f} optimizer steps in {metrics['train/seconds']:.1f} s. "
        "Precision, recall and F1 are those at the score threshold of best F1 on these images, which flatters them."
    )
    return [*lines, *(f"Flag {flag.name}: {flag.message}" for flag in flags)]
