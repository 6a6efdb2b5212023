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
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.table import Table

from optuna_search.attributes import FOLDER, LOG_TAIL, REASON, REPLICATES_STD
from optuna_search.space.parameter import key_of
from optuna_search.study.queue import TrialBudget
from optuna_search.study.ranking import is_feasible, rank

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
    best_trials: tuple[FrozenTrial, ...]
    counts: dict[str, int]


def summarise(study: optuna.Study, folder: Path) -> SweepSummary:
    """Count the trials and find the best."""
    trials = study.get_trials(deepcopy=False)
    standing = TrialBudget.of(trials)
    feasible = [trial for trial in rank(study, trials) if is_feasible(trial)]
    best = feasible[:1] if len(study.directions) == 1 else study.best_trials if feasible else []
    counts = Counter(trial.state.name.lower() for trial in (*standing.taken, *standing.waiting))
    counts.update({"retried": len(standing.repeated)} if standing.repeated else {})
    return SweepSummary(study.study_name, folder, tuple(best), dict(counts))


def write(study: optuna.Study, summary: SweepSummary) -> None:
    """Write `optimization_results.yaml` and `trials.csv` into the sweep's folder.

    The first holds what the official plugin writes (`name`, `best_params`, `best_value` or `solutions`), and more.
    """
    results: dict[str, Any] = {"name": "optuna"}
    if len(study.directions) == 1:
        for trial in summary.best_trials:
            results |= {"best_params": by_key(trial), "best_value": trial.value, **_where(trial)}
    else:
        results["solutions"] = [
            {"params": by_key(trial), "values": list(trial.values), **_where(trial)} for trial in summary.best_trials
        ]
    results |= {"study_name": study.study_name, "counts": summary.counts}
    summary.folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(OmegaConf.create(results), summary.folder / "optimization_results.yaml")
    _write_csv(study, summary.folder / "trials.csv")


def print_table(study: optuna.Study, summary: SweepSummary, columns: Sequence[str], console: Console) -> None:
    """Print the best trials, the counts, and the reasons of failures.

    Args:
        study: The study.
        summary: Its summary.
        columns: User attributes of trials to show beside values and parameters.
        console: Where to print.
    """
    trials = study.get_trials(deepcopy=False)
    ranked = rank(study, trials)
    if ranked and not summary.best_trials:
        console.print("No trial keeps all constraints.", style="bold")
    if ranked:
        console.print(_table(study, ranked[:SHOWN], columns))
    if len(ranked) > SHOWN:
        console.print(f"… and {len(ranked) - SHOWN} more in {summary.folder / 'trials.csv'}")
    counts = ", ".join(f"{count} {state}" for state, count in summary.counts.items())
    console.print(f"[bold]{study.study_name}[/]: {counts or 'no trials'}.")
    reasons = Counter(
        str(trial.user_attrs.get(REASON, "unknown"))
        for trial in TrialBudget.of(trials).finished
        if trial.state == TrialState.FAIL
    )
    for reason, count in reasons.most_common(5):
        console.print(f"  failed {count}×: {reason}", markup=False)


def objective_names(study: optuna.Study) -> list[str]:
    """The objectives' names; `value` where the study was given none."""
    count = len(study.directions)
    return study.metric_names or (["value"] if count == 1 else [f"value {i}" for i in range(count)])


def by_key(trial: FrozenTrial) -> dict[str, Any]:
    """A trial's parameters by override key, also those that were searched under a condition."""
    return {key_of(name): value for name, value in trial.params.items()}


def number_text(value: Any) -> str:
    """A value as short as a table wants it."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _table(study: optuna.Study, trials: Sequence[FrozenTrial], columns: Sequence[str]) -> Table:
    params = sorted({key for trial in trials for key in by_key(trial)})
    objectives = objective_names(study)
    shown = [column for column in columns if column not in objectives]
    table = Table(title="Best trials", title_justify="left")
    table.add_column("trial", justify="right")
    for name in objectives:
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
            *(number_text(by_key(trial).get(key)) for key in params),
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


def _values_text(trial: FrozenTrial) -> list[str]:
    """The values, with the standard deviation between replicates where there are any."""
    spread = trial.user_attrs.get(REPLICATES_STD)
    if spread is None:
        return [number_text(value) for value in trial.values]
    return [f"{number_text(value)} ± {std:.2g}" for value, std in zip(trial.values, spread, strict=True)]


def _constraints_text(trial: FrozenTrial) -> str:
    broken = [f"{name} by {number_text(value)}" for name, value in trial.constraints.items() if value > 0]
    return f"broken: {', '.join(broken)}" if broken else "kept"


def _where(trial: FrozenTrial) -> dict[str, Any]:
    return {"trial": trial.number, "folder": trial.user_attrs.get(FOLDER)}


def _write_csv(study: optuna.Study, path: Path) -> None:
    trials = study.get_trials(deepcopy=False)
    params = sorted({key for trial in trials for key in by_key(trial)})
    attributes = sorted(
        {
            key
            for trial in trials
            for key, value in trial.user_attrs.items()
            if not isinstance(value, dict | list) and key != LOG_TAIL
        }
    )
    constraints = sorted({key for trial in trials for key in trial.constraints})
    objectives = objective_names(study)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "number",
                "state",
                *objectives,
                *params,
                "seconds",
                *(f"constraint {key}" for key in constraints),
                *attributes,
            ]
        )
        for trial in trials:
            values = trial.values or [None] * len(objectives)
            seconds = trial.duration.total_seconds() if trial.duration else None
            writer.writerow(
                [trial.number, trial.state.name, *values]
                + [by_key(trial).get(key) for key in params]
                + [seconds]
                + [trial.constraints.get(key) for key in constraints]
                + [trial.user_attrs.get(key) for key in attributes]
            )
