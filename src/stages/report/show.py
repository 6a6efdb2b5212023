"""What the command prints: the leader board of a study or the metrics of runs, and what follows from them."""

from pathlib import Path

from rich.console import Console

from src.render import terminal
from src.study.analysis import Analysis
from src.study.pages import runs_sentences
from src.study.pages.runs_page import metrics_table, params_table
from src.study.pages.sentences import flags, headline, remarks
from src.study.pages.tables import PRINTED, board_table
from src.study.run_comparison import RunComparison


def show(analysis: Analysis, folder: Path, console: Console) -> None:
    """Print the leader board, the sentences, and where the page is."""
    if analysis.board is not None:
        title = f"Leader board of {analysis.study.name}, differences with 95 % intervals"
        terminal.show(board_table(analysis, PRINTED, most_columns=0), console, title)
    terminal.say(lines(analysis, folder), console)


def lines(analysis: Analysis, folder: Path) -> list[str]:
    """The sentences below the table."""
    study = analysis.study
    found = [headline(analysis)[0], *remarks(analysis)]
    if study.untrained:
        levels = ", ".join(f"{value:.4f} {at}".strip() for at, value in study.untrained.items())
        found.append(f"Starting weights, {study.objectives[0]}: {levels}.")
    found += [f"Flag {name} ({count}×), e.g.: {message}" for name, count, message in flags(study.complete)]
    return [*found, f"Report:             {folder / 'report.html'}"]


def show_runs(comparison: RunComparison, path: Path, console: Console) -> None:
    """Print the differing parameters, the metrics, the verdict and where the page is."""
    if (params := params_table(comparison)).rows:
        terminal.show(params, console, "Parameters that differ")
    terminal.show(metrics_table(comparison, quality=True), console, "Metrics")
    verdict, _ = runs_sentences.verdict(comparison)
    terminal.say((verdict, *runs_sentences.remarks(comparison), f"Report:             {path}"), console)
