"""What a sweep leaves behind: `optimization_results.yaml` and `trials.csv`."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from omegaconf import OmegaConf

from optuna_search.attributes import LOG_TAIL, SECONDS
from optuna_search.study.queue import TrialBudget
from optuna_search.study.views import StudyView, TrialView


@dataclass(frozen=True)
class SweepSummary:
    """What `sweep()` returns.

    Attributes:
        study_name: The study's name in its storage.
        folder: The sweep's folder.
        best_trials: The best trial, or the Pareto front of several objectives, among those that keep all constraints;
            empty if there is none.
        counts: Number of trials by state, in lower case; `retried` are failures that a later trial made good.
    """

    study_name: str
    folder: Path
    best_trials: tuple[TrialView, ...]
    counts: dict[str, int]


def summarise(study: optuna.Study, folder: Path) -> SweepSummary:
    """Count the trials and find the best."""
    view = StudyView.of(study)
    budget = TrialBudget.of([trial.frozen for trial in view.trials])
    counts = Counter(trial.state.name.lower() for trial in (*budget.taken, *budget.waiting))
    counts.update({"retried": len(budget.repeated)} if budget.repeated else {})
    return SweepSummary(view.name, folder, view.best_trials, dict(counts))


def write(study: optuna.Study, summary: SweepSummary) -> None:
    """Write `optimization_results.yaml` and `trials.csv` into the sweep's folder.

    The first holds what the official plugin writes (`name`, `best_params`, `best_value` or `solutions`), and more.
    """
    results: dict[str, Any] = {"name": "optuna"}
    view = StudyView.of(study)
    if view.is_single:
        for trial in summary.best_trials:
            results |= {"best_params": trial.params, "best_value": trial.values[0], **_where(trial)}
    else:
        results["solutions"] = [
            {"params": trial.params, "values": list(trial.values), **_where(trial)} for trial in summary.best_trials
        ]
    results |= {"study_name": view.name, "counts": summary.counts}
    summary.folder.mkdir(parents=True, exist_ok=True)
    try:
        OmegaConf.save(OmegaConf.create(_escaped(results)), summary.folder / "optimization_results.yaml")
    finally:  # the one need not wait for the other
        _write_csv(view, summary.folder / "trials.csv")


def _escaped(value: Any) -> Any:
    """Texts that OmegaConf would take for interpolations, so that it gives them back as they are."""
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value.replace("${", "\\${") if isinstance(value, str) else value


def _where(trial: TrialView) -> dict[str, Any]:
    return {"trial": trial.number, "folder": None if trial.folder is None else str(trial.folder)}


def _write_csv(study: StudyView, path: Path) -> None:
    trials = study.trials
    params = sorted({key for trial in trials for key in trial.params})
    taken = {*study.objectives, *params, LOG_TAIL, SECONDS}  # an attribute of the same name says the same
    attributes = sorted(
        {key for trial in trials for key, value in trial.user_attrs.items() if _is_flat(value) and key not in taken}
    )
    constraints = sorted({key for trial in trials for key in trial.constraints})
    # what a text holds that is none in UTF-8 (a file's name, say) is written as an escape
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.writer(file)
        named = (f"constraint {key}" for key in constraints)
        writer.writerow(["number", "state", *study.objectives, *params, "seconds", *named, *attributes])
        for trial in trials:
            values = trial.values or [None] * len(study.objectives)
            seconds = trial.duration.total_seconds() if trial.duration else None
            writer.writerow(
                [trial.number, trial.state.name, *values]
                + [trial.params.get(key) for key in params]
                + [seconds]
                + [trial.constraints.get(key) for key in constraints]
                + [_cell(trial.user_attrs.get(key)) for key in attributes]
            )


def _is_flat(value: Any) -> bool:
    """Whether a value fits into one cell: a single one, or a list of such."""
    return not isinstance(value, dict | list) or (
        isinstance(value, list) and not any(isinstance(item, dict | list) for item in value)
    )


def _cell(value: Any) -> Any:
    return "; ".join(map(str, value)) if isinstance(value, list) else value
