"""What a comparison of runs prints."""

from rich.console import Console

from src.render import terminal
from src.stages.report.beside import RunComparison
from src.stages.report.compare import PAGE
from src.stages.report.compare_page import metrics_table, params_table
from src.stages.report.compare_words import remarks, verdict


def show(comparison: RunComparison, console: Console) -> None:
    """Print the differing parameters, the metrics, the verdict and where the page is."""
    if (params := params_table(comparison)).rows:
        terminal.show(params, console, "Parameters that differ")
    terminal.show(metrics_table(comparison, quality=True), console, "Metrics")
    report = f"Report:             {comparison.folder / PAGE}"
    terminal.say((verdict(comparison)[0], *remarks(comparison), report), console)
