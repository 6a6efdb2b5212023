"""What a confirmation leaves behind: what it found in the study itself, as a file, and in the study's run."""

import json
from typing import Any

from src.mlflow.options import TrackingOptions
from src.mlflow.runs import attach
from src.stages.confirm.stage import ConfirmOutcome
from src.study.confirmed import keep_confirmation


def save(outcome: ConfirmOutcome, storage: Any) -> None:
    """Keep what it found where the study is kept, for `freeze`, and write `confirmation.json`.

    Args:
        outcome: What came out.
        storage: Where the study lies, as `hydra.sweeper.storage`.
    """
    keep_confirmation(storage, outcome.found)
    outcome.found.write(outcome.folder)


def record(outcome: ConfirmOutcome, tracking: TrackingOptions) -> None:
    """Add the outcome to the study's run."""
    if outcome.run_id is None:
        return
    found = outcome.found
    run = attach(tracking, outcome.run_id)
    run.set_tags(
        {
            "confirmed.trial": str(found.winner),
            "confirmed.mean": f"{found.best.mean:.6g}",
            "confirmed.search_winner_survived": str(found.survived).lower(),
        }
    )
    run.log_text(json.dumps(found.as_json(), indent=2), f"confirm/{found.FILE}")
    run.close()
