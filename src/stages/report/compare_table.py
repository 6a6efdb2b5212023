"""What a comparison of runs prints."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from src.render.decision import Table as Content
from src.stages.report.beside import RunComparison
from src.stages.report.compare import PAGE
from src.stages.report.compare_page import metrics_table, params_table
from src.stages.report.compare_words import remarks, verdict


def show(comparison: RunComparison, console: Console) -> None:
    """Print the differing parameters, the metrics, the verdict and where the page is."""
    if (params := params_table(comparison)).rows:
        console.print(_table("Parameters that differ", params))
    console.print(_table("Metrics", metrics_table(comparison, quality=True)))
    for line in (verdict(comparison)[0], *remarks(comparison), f"Report:             {comparison.folder / PAGE}"):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _table(title: str, content: Content) -> Table:
    table = Table(title=title, title_justify="left")
    for name, numeric in content.heads:
        table.add_column(escape(name), justify="right" if numeric else "left")
    for row in content.rows:
        table.add_row(*(escape(cell) for cell in row.cells))
    return table
