"""What the stage `decide` prints at its end."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from src.documents.decision import Acceptance, Decision
from src.documents.gates import JudgedGate
from src.render import terminal
from src.render.decision_tables import GATE_TONES
from src.render.table import Row, Table, numbers, texts

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
    terminal.show(_gates(decision.gates), console, "Gates, judged on 95 % intervals")
    terminal.say(remarks(decision, folder), console)
    verdict = decision.verdict
    console.print(f"Verdict: {verdict.outcome}", style=_VERDICT_STYLES[verdict.outcome], highlight=False)


def _gates(gates: Sequence[JudgedGate]) -> Table:
    """What fits a terminal of what the page says of them."""
    rows = []
    for judged in gates:
        cells = (
            judged.gate.name,
            str(judged.judgement),
            str(judged.measurement),
            f"{judged.gate.comparison.sign} {judged.gate.limit:g}",
            None if judged.samples_needed is None else f"~{judged.samples_needed} {judged.measurement.of}",
        )
        rows.append(Row(cells, GATE_TONES[judged.judgement]))
    return Table((*texts("gate", "judgement"), *numbers("value", "limit", "needed")), tuple(rows))


def remarks(decision: Decision, folder: Path) -> list[str]:
    """The sentences below the table."""
    lines = [f"Warning: {finding.sentence}" for finding in decision.warnings]
    lines += [f"Next: {step}" for step in decision.verdict.next_steps]
    lines.append(f"Report: {folder / 'decision.html'}")
    run_id = decision.candidate.run_id
    if decision.verdict.outcome is Acceptance.ACCEPTED and run_id is not None:
        lines.append(f"Register it: python -m src.promote run={run_id} name=NAME alias=staging")
    return lines
