"""A candidate for the registry, made up."""

from dataclasses import replace
from typing import Any

from src.documents.splits import BySplit
from src.mlflow.registry.candidate import Candidate
from tests.support import documents

CLASSES = ("person", "dog")


def candidate(**changed: Any) -> Candidate:
    """A candidate of two classes; `changed` gives other arguments."""
    splits = BySplit(val=documents.split(400, 0.84, 0.62, CLASSES), test=documents.split(500, 0.82, 0.61, CLASSES))
    arguments: dict[str, Any] = {
        "run_id": documents.RUN_ID,
        "tags": {"data.digest": documents.DATA.digest, "mlflow.source.git.commit": "c" * 40, "git.dirty": "false"},
        "weights_sha256": documents.WEIGHTS_SHA256,
        "decision": documents.decision(),
        "evaluation": replace(documents.evaluation(), splits=splits),
        "threshold": documents.threshold(),
    }
    return Candidate(**{**arguments, **changed})
