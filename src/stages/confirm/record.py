"""What a confirmation leaves behind: its figures as JSON, for people a table, and both in the study's run."""

import json
from typing import Any

from src.core.files import write_json
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import attach
from src.stages.confirm.stage import ConfirmOutcome
from src.study.confirmation import Advantage

SUMMARY = "confirmation.json"


def save(outcome: ConfirmOutcome) -> None:
    """Write `confirmation.json`."""
    write_json(outcome.folder / SUMMARY, summary(outcome))


def record(outcome: ConfirmOutcome, tracking: TrackingOptions) -> None:
    """Add the outcome to the study's run."""
    if outcome.run_id is None:
        return
    run = attach(tracking, outcome.run_id)
    run.set_tags(
        {
            "confirmed.trial": str(outcome.winner),
            "confirmed.mean": f"{outcome.confirmation.settings[outcome.confirmation.winner].mean:.6g}",
            "confirmed.search_winner_survived": str(outcome.confirmation.survived).lower(),
        }
    )
    run.log_text(json.dumps(summary(outcome), indent=2), f"confirm/{SUMMARY}")
    run.close()


def summary(outcome: ConfirmOutcome) -> dict[str, Any]:
    """The content of `confirmation.json`."""
    confirmation = outcome.confirmation
    columns = zip(outcome.params, confirmation.settings, confirmation.scores, confirmation.advantages, strict=True)
    return {
        "study": outcome.study,
        "metric": outcome.metric,
        "seeds": list(outcome.seeds),
        "replaced_seeds": list(outcome.replaced),
        "winner": outcome.winner,
        "survived": confirmation.survived,
        "settings": [
            {
                "trial": setting.trial,
                "params": dict(params),
                "searched": setting.searched,
                "values": {str(seed): value for seed, value in setting.values.items()},
                "mean": setting.mean,
                "std": setting.std,
                "n": setting.n,
                "score": score,
                "winner_is_better_by": _json(advantage),
            }
            for params, setting, score, advantage in columns
        ],
        "over_untrained": _json(confirmation.over_untrained),
    }


def _json(advantage: Advantage | None) -> dict[str, Any] | None:
    if advantage is None:
        return None
    return {
        **advantage.difference.as_json(),
        "probability": advantage.probability,
        "covers": list(advantage.sources),
    }
