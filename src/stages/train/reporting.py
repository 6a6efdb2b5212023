"""Who hears of a training while it runs: the tracker, and the search that it may be a trial of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from src.detector.arguments import defaults
from src.documents.training import Flag
from src.mlflow.runs import ParamValue, Run


class Reporter(Protocol):
    """The part of a search that a training reports to; outside a search the reports go nowhere.

    Attributes:
        number: The trial's number; None outside a search.
        params: The searched parameters by override key, e.g. `{"train.lr0": 0.01}`.
        study_name: None outside a search.
        study_user_attrs: What the search keeps about itself; its tracking run is `mlflow_run_id`.
        replicate: What tells this training from the trial's others, e.g. `train.seed=1`; None if it has none.
    """

    number: int | None
    params: Mapping[str, Any]
    study_name: str | None
    study_user_attrs: Mapping[str, Any]
    replicate: str | None

    def report(self, value: float, step: int) -> None:
        """Tell the objective at a step."""

    def should_prune(self) -> bool:
        """Whether the search gives this training up."""

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep a JSON-able value about this training."""


class Pruned(Exception):  # noqa: N818 - an outcome, not an error
    """The search gave this training up."""


@dataclass
class Observer:
    """Passes on what a training tells.

    Attributes:
        run: The tracking run.
        reporter: The search.
        objective: The epoch metric that a pruner compares; None where the objective is none.
        facts: Parameters to record beside the training arguments.
    """

    run: Run
    reporter: Reporter
    objective: str | None
    facts: Mapping[str, ParamValue]
    epoch: int = field(default=0, init=False)

    def on_start(self, resolved: Mapping[str, Any], flags: tuple[Flag, ...]) -> None:
        """Record what is used and what is remarkable about it."""
        self.run.log_params(parameters(resolved, self.reporter.params, self.facts))
        if flags:
            self.run.set_tags({"flags": ", ".join(flag.name for flag in flags)})

    def on_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Record metrics, report the objective.

        Raises:
            Pruned: the search gives this training up.
        """
        self.epoch = epoch
        self.run.log_metrics(metrics, step=epoch)
        if self.objective is not None and self.objective in metrics:
            self.reporter.report(metrics[self.objective], epoch)
            if self.reporter.should_prune():
                raise Pruned(f"Pruned after epoch {epoch} at {self.objective} {metrics[self.objective]:.4f}.")


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
