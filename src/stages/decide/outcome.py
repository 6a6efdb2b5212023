"""What a decision yields."""

from dataclasses import dataclass
from pathlib import Path

from src.config.provenance import Provenance
from src.decision.arguments import Arguments
from src.decision.figures import Evidence
from src.decision.gates import JudgedGate, Judgement
from src.decision.verdict import Verdict
from src.documents.findings import Finding
from src.study.comparison import Comparison


@dataclass(frozen=True)
class DecideOutcome:
    """The decision and all that it rests on.

    Attributes:
        verdict: What becomes of the candidate, with reasons and next steps.
        gates: Each gate, judged.
        findings: The sanity checks.
        arguments: What speaks for the candidate and what against it.
        comparison: The settings of its study; or why there are none.
        evidence: What the earlier stages measured.
        provenance: Which study and trial the candidate came from.
        folder: Where `decision.json`, `decision.md`, `decision.html` and `metrics.json` are.
    """

    verdict: Verdict
    gates: tuple[JudgedGate, ...]
    findings: tuple[Finding, ...]
    arguments: Arguments
    comparison: Comparison | str
    evidence: Evidence
    provenance: Provenance
    folder: Path

    @property
    def metrics(self) -> dict[str, int]:
        """How many gates were judged how."""
        return {f"decide/{kind}": sum(gate.judgement == kind for gate in self.gates) for kind in Judgement}
