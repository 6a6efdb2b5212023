"""What the report prints: the leader board, and what follows from it."""

from pathlib import Path

from rich.console import Console

from src.render import terminal
from src.stages.report.tables import PRINTED, board_table
from src.stages.report.words import flags, headline, sentences
from src.study.analysis import Analysis


def show(analysis: Analysis, folder: Path, console: Console) -> None:
    """Print the leader board, the sentences, and where the page is."""
    if analysis.board is not None:
        title = f"Leader board of {analysis.study.name}, differences with 95 % intervals"
        terminal.show(board_table(analysis, PRINTED, most_columns=0), console, title)
    terminal.say(lines(analysis, folder), console)


def lines(analysis: Analysis, folder: Path) -> list[str]:
    """The sentences below the table."""
    study = analysis.study
    found = [headline(analysis)[0], *sentences(analysis)]
    if study.untrained:
        levels = ", ".join(f"{value:.4f} {at}".strip() for at, value in study.untrained.items())
        found.append(f"Untrained weights, {study.objectives[0]}: {levels}.")
    found += [f"Flag {name} ({count}×), e.g.: {message}" for name, count, message in flags(study.complete)]
    return [*found, f"Report:             {folder / 'report.html'}"]
