"""What a sweep leaves behind: `optimization_results.yaml`, `trials.csv`, the final table."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import optuna
from omegaconf import OmegaConf
from rich.console import Console
from rich.table import Table

from optuna_search.attributes import LOG_TAIL
from optuna_search.study.queue import TrialBudget
from optuna_search.study.views import StudyView, TrialView, reasons_of

SHOWN = 10  # trials in the final table


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
    OmegaConf.save(OmegaConf.create(results), summary.folder / "optimization_results.yaml")
    _write_csv(view, summary.folder / "trials.csv")


def print_table(study: optuna.Study, summary: SweepSummary, columns: Sequence[str], console: Console) -> None:
    """Print the best trials, the counts, and the reasons of failures.

    Args:
        study: The study.
        summary: Its summary.
        columns: User attributes of trials to show beside values and parameters.
        console: Where to print.
    """
    view = StudyView.of(study)
    ranked = view.ranked
    if ranked and not summary.best_trials:
        console.print("No trial keeps all constraints.", style="bold")
    if ranked:
        console.print(_table(view, ranked[:SHOWN], columns))
    if len(ranked) > SHOWN:
        console.print(f"… and {len(ranked) - SHOWN} more in {summary.folder / 'trials.csv'}")
    counts = ", ".join(f"{count} {state}" for state, count in summary.counts.items())
    console.print(f"[bold]{view.name}[/]: {counts or 'no trials'}.")
    finished = TrialBudget.of([trial.frozen for trial in view.trials]).finished
    for reason, count in Counter(reasons_of(map(TrialView, finished))).most_common(5):
        console.print(f"  failed {count}×: {reason}", markup=False)


def number_text(value: Any) -> str:
    """A value as short as a table wants it."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _table(study: StudyView, trials: Sequence[TrialView], columns: Sequence[str]) -> Table:
    params = sorted({key for trial in trials for key in trial.params})
    shown = [column for column in columns if column not in study.objectives]
    table = Table(title="Best trials", title_justify="left")
    table.add_column("trial", justify="right")
    for name in study.objectives:
        table.add_column(name, justify="right", style="bold")
    constrained = any(trial.constraints for trial in trials)
    extra = ["constraints"] if constrained else []
    for name in (*extra, *shown, *(_last_part(key) for key in params), "time"):
        table.add_column(name, justify="right")
    for trial in trials:
        table.add_row(
            str(trial.number),
            *_values_text(trial),
            *([_constraints_text(trial)] if constrained else []),
            *(number_text(trial.user_attrs.get(column)) for column in shown),
            *(number_text(trial.params.get(key)) for key in params),
            duration_text(trial.duration),
        )
    return table


def duration_text(duration: timedelta | None) -> str:
    """Hours, minutes and seconds, e.g. `1:02:03` or `0:42`."""
    if duration is None:
        return ""
    seconds = round(duration.total_seconds())
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def _last_part(key: str) -> str:
    return key.rsplit(".", maxsplit=1)[-1]


def _values_text(trial: TrialView) -> list[str]:
    """The values, with the standard deviation between replicates where there are any."""
    if not trial.replicates_std:
        return [number_text(value) for value in trial.values]
    return [f"{number_text(value)} ± {std:.2g}" for value, std in zip(trial.values, trial.replicates_std, strict=True)]


def _constraints_text(trial: TrialView) -> str:
    broken = [f"{name} by {number_text(value)}" for name, value in trial.constraints.items() if value > 0]
    return f"broken: {', '.join(broken)}" if broken else "kept"


def _where(trial: TrialView) -> dict[str, Any]:
    return {"trial": trial.number, "folder": None if trial.folder is None else str(trial.folder)}


def _write_csv(study: StudyView, path: Path) -> None:
    trials = study.trials
    params = sorted({key for trial in trials for key in trial.params})
    attributes = sorted(
        {
            key
            for trial in trials
            for key, value in trial.user_attrs.items()
            if not isinstance(value, dict | list) and key != LOG_TAIL
        }
    )
    constraints = sorted({key for trial in trials for key in trial.constraints})
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "number",
                "state",
                *study.objectives,
                *params,
                "seconds",
                *(f"constraint {key}" for key in constraints),
                *attributes,
            ]
        )
        for trial in trials:
            values = trial.values or [None] * len(study.objectives)
            seconds = trial.duration.total_seconds() if trial.duration else None
            writer.writerow(
                [trial.number, trial.state.name, *values]
                + [trial.params.get(key) for key in params]
                + [seconds]
                + [trial.constraints.get(key) for key in constraints]
                + [trial.user_attrs.get(key) for key in attributes]
            )
