"""What the report prints: the leader board, and what follows from it."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from src.stages.report.tables import number
from src.stages.report.words import flags, headline, mean_of, numbers, said, sentences
from src.study.analysis import Analysis
from src.study.clock import duration
from src.study.leaderboard import Standing
from src.study.unified_space import short_names

SHOWN = 10
_STYLES = {Standing.BEST: "bold", Standing.TIED: "green", Standing.WORSE: "dim", Standing.UNKNOWN: ""}


def show(analysis: Analysis, folder: Path, console: Console) -> None:
    """Print the leader board, the sentences, and where the page is."""
    if analysis.board is not None:
        console.print(_board(analysis))
    say(analysis, folder, console)


def say(analysis: Analysis, folder: Path, console: Console) -> None:
    """Print the sentences and where the page is."""
    for line in lines(analysis, folder):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def lines(analysis: Analysis, folder: Path) -> list[str]:
    """The sentences below the table."""
    study = analysis.study
    found = [headline(analysis)[0], *sentences(analysis)]
    if study.untrained:
        levels = ", ".join(f"{value:.4f} {at}".strip() for at, value in study.untrained.items())
        found.append(f"Untrained weights, {study.objectives[0]}: {levels}.")
    found += [f"Flag {name} ({count}×), e.g.: {message}" for name, count, message in flags(study.complete)]
    return [*found, f"Report:             {folder / 'report.html'}"]


def _board(analysis: Analysis) -> Table:
    board, study = analysis.board, analysis.study
    assert board is not None, "checked by the caller"
    varied: Sequence[str] = [n for n in study.space if any(n in entry.setting.varied for entry in board.entries)]
    short = short_names(study.space)
    table = Table(title=f"Leader board of {escape(study.name)}, differences with 95 % intervals", title_justify="left")
    table.add_column("trial", justify="right")
    table.add_column(escape(study.objectives[0]), justify="right", no_wrap=True)
    table.add_column("setting")
    for name in ("time", "against untrained", "against the best"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("standing", min_width=9)
    by_number = {trial.number: trial for trial in study.trials}
    for entry in board.entries[:SHOWN]:
        params = by_number[entry.numbers[0]].params
        cells = [
            numbers(entry.numbers),
            mean_of(entry.setting),
            " ".join(f"{short[name]}={number(params[name])}" for name in varied if name in params),
            duration(entry.setting.seconds),
            "" if entry.to_untrained is None else said(entry.to_untrained),
            "" if entry.to_best is None else said(entry.to_best),
            f"{entry.standing}{', cheapest' if entry.cheapest else ''}",
        ]
        table.add_row(*(escape(cell) for cell in cells), style=_STYLES[entry.standing])
    if len(board.entries) > SHOWN:
        table.caption = f"… and {len(board.entries) - SHOWN} more in settings.csv"
    return table
