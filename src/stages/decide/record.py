"""The decision in the tracker."""

from src.documents.decision import Decision
from src.mlflow.runs import Run
from src.stages.decide.outcome import DecideOutcome

_FILES = ("decision.html", "decision.md", Decision.FILE)


def record(outcome: DecideOutcome, run: Run) -> None:
    """Add the verdict, how the gates were judged and the report to the training's run."""
    run.set_tags({"decision": str(outcome.decision.verdict.outcome)})
    run.log_metrics({name: float(count) for name, count in outcome.metrics.items()}, step=0)
    for name in _FILES:
        run.log_artifact(outcome.folder / name, "decide")
