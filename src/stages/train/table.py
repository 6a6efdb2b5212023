"""What a single training prints at its end."""

from rich.console import Console
from rich.table import Table

from src.stages.train.outcome import TrainOutcome

_SHOWN = ("val/mAP50-95", "val/mAP50", "val/precision", "val/recall", "val/F1")


def show(outcome: TrainOutcome, objectives: tuple[str, ...], console: Console) -> None:
    """Print the metrics beside those of the untrained weights, the flags, and what to do next."""
    names = [*objectives, *(name for name in _SHOWN if name not in objectives)]
    table = Table(title="Result on the val split", title_justify="left")
    table.add_column("metric")
    for column in ("trained", *(("untrained", "difference") if outcome.baseline else ())):
        table.add_column(column, justify="right")
    for name in names:
        cells = [f"{outcome.metrics[name]:.4g}"]
        if outcome.baseline is not None:
            before = outcome.baseline.metrics.get(name)
            cells += ["", ""] if before is None else [f"{before:.4g}", f"{outcome.metrics[name] - before:+.4f}"]
        table.add_row(f"{name} (objective)" if name in objectives else name, *cells)
    console.print(table)
    for line in remarks(outcome):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def remarks(outcome: TrainOutcome) -> list[str]:
    """The sentences below the table."""
    lines = []
    if outcome.baseline is not None:
        metric = "val/mAP50-95"
        if outcome.metrics[metric] < outcome.baseline.metrics[metric]:
            lines.append(f"WORSE than not training at all: {metric} is lower than that of the weights it started from.")
    lines.append(
        f"{outcome.metrics['train/optimizer_steps']:.0f} optimizer steps in {outcome.metrics['train/seconds']:.1f} s. "
        "Precision, recall and F1 are those at the score threshold of best F1."
    )
    lines += [f"Flag {flag.name}: {flag.message}" for flag in outcome.flags]
    lines.append(f"Folder: {outcome.folder}")
    lines.append(f"Train on from it: python -m src.train model.weights={outcome.weights}")
    return lines
