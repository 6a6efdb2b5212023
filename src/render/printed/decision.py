"""What the stage `decide` prints at its end."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from src.documents.decision import Acceptance, Decision
from src.documents.gates import Judgement, round_up

_STYLES = {Judgement.PASSED: "green", Judgement.FAILED: "red", Judgement.UNDECIDED: "yellow"}
_VERDICT_STYLES = {
    Acceptance.ACCEPTED: "bold green",
    Acceptance.REJECTED: "bold red",
    Acceptance.UNDECIDED: "bold yellow",
}


def show(decision: Decision, folder: Path, console: Console) -> None:
    """Print the gates, the warnings, the verdict and where the report is.

    Args:
        decision: What was decided.
        folder: Where the report is.
        console: Where to print.
    """
    table = Table(title="Gates, judged on 95 % intervals", title_justify="left")
    for title in ("gate", "judgement"):
        table.add_column(title)
    for title in ("value", "limit", "needed"):
        table.add_column(title, justify="right")
    for judged in decision.gates:
        needed = (
            "" if judged.samples_needed is None else f"~{round_up(judged.samples_needed):,} {judged.measurement.of}"
        )
        limit = f"{judged.gate.comparison.sign} {judged.gate.limit:g}"
        cells = (judged.gate.name, str(judged.judgement), str(judged.measurement), limit, needed)
        table.add_row(*(escape(cell) for cell in cells), style=_STYLES[judged.judgement])
    console.print(table)
    for line in remarks(decision, folder):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    verdict = decision.verdict
    console.print(f"Verdict: {verdict.outcome}", style=_VERDICT_STYLES[verdict.outcome], highlight=False)


def remarks(decision: Decision, folder: Path) -> list[str]:
    """The sentences below the table."""
    lines = [f"Warning: {finding.sentence}" for finding in decision.warnings]
    lines += [f"Next: {step}" for step in decision.verdict.next_steps]
    lines.append(f"Report: {folder / 'decision.html'}")
    run_id = decision.candidate.run_id
    if decision.verdict.outcome is Acceptance.ACCEPTED and run_id is not None:
        lines.append(f"Register it: python -m src.promote run={run_id} name=NAME alias=staging")
    return lines
