"""What a decision yields."""

from dataclasses import dataclass
from pathlib import Path

from src.documents.decision import Decision


@dataclass(frozen=True)
class DecideOutcome:
    """The decision.

    Attributes:
        decision: What was decided.
        folder: Where `decision.json`, `decision.md`, `decision.html` and `metrics.json` are.
    """

    decision: Decision
    folder: Path

    @property
    def metrics(self) -> dict[str, int]:
        """How many gates were judged how."""
        return {f"decide/{judgement}": count for judgement, count in self.decision.counts.items()}
