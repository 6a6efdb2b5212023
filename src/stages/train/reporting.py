"""What is told of a training while it runs: to the tracker, and to the search that it may be a trial of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optuna_search import CurrentTrial
from optuna_search.attributes import STEP, STEPS

from src.detector.arguments import defaults
from src.documents.training import Flag
from src.mlflow.runs import ParamValue, Run


class Pruned(Exception):  # noqa: N818 - an outcome, not an error
    """The search gave this training up."""


@dataclass
class Observer:
    """Passes on what a training tells.

    Attributes:
        run: The tracking run.
        trial: Of the search; outside a search nothing listens.
        objective: The epoch metric that a pruner compares; None where the objective is none.
        facts: Parameters to record beside the training arguments.
    """

    run: Run
    trial: CurrentTrial
    objective: str | None
    facts: Mapping[str, ParamValue]
    epoch: int = field(default=0, init=False)

    def on_start(self, resolved: Mapping[str, Any], flags: tuple[Flag, ...]) -> None:
        """Record what is used and what is remarkable about it."""
        self.trial.set_user_attr(STEPS, resolved["epochs"])
        self.run.log_params(parameters(resolved, self.trial.params, self.facts))
        if flags:
            self.run.set_tags({"flags": ", ".join(flag.name for flag in flags)})

    def on_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Record metrics, report the objective.

        Raises:
            Pruned: the search prunes this training.
        """
        self.epoch = epoch
        self.run.log_metrics(metrics, step=epoch)
        if self.objective is not None and self.objective in metrics:
            self.trial.report(metrics[self.objective], epoch)
            if self.trial.should_prune():
                raise Pruned(f"Pruned after epoch {epoch} at {self.objective} {metrics[self.objective]:.4f}.")
        else:  # what the model is worth as deployed is known at the end only
            self.trial.set_user_attr(STEP, epoch)


def parameters(
    resolved: Mapping[str, Any], searched: Mapping[str, Any], facts: Mapping[str, ParamValue]
) -> dict[str, ParamValue]:
    """What to record: facts, what differs from Ultralytics' defaults, and everything searched, as it was used."""
    standard = defaults()
    used = {f"train.{name}": value for name, value in resolved.items()}
    different = {f"train.{name}": value for name, value in resolved.items() if value != standard.get(name)}
    varied = {key: used.get(key, value) for key, value in searched.items()}
    return {**facts, **{key: _plain(value) for key, value in {**different, **varied}.items()}}


def plots_in(folder: Path) -> list[Path]:
    """Ultralytics' plots of a training."""
    return sorted(path for pattern in ("*.png", "*.jpg") for path in folder.glob(pattern))


def _plain(value: Any) -> ParamValue:
    return value if value is None or isinstance(value, bool | int | float | str) else json.dumps(value, default=str)
