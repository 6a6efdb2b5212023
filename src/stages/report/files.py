"""The report's tables as files: `runs_analysis.csv`, one row a trial, and `settings.csv`, one row a setting."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from src.core.interval import Interval
from src.study.analysis import Analysis
from src.study.comparison import SEED
from src.study.leaderboard import is_known
from src.study.trials import ReportedStudy, ReportedTrial


def runs_csv(study: ReportedStudy) -> str:
    """One row a trial: what it was, what came out, how long it took, what to know about it."""
    metrics = sorted({name for trial in study.trials for name in trial.metrics})
    untrained = sorted({name for trial in study.trials for name in trial.untrained})
    header = [
        *(
            "number",
            "state",
            *study.objectives,
            *study.space,
            *(name for name in metrics if name not in study.objectives),
        ),
        *(f"untrained {name}" for name in untrained),
        *(f"{name} {what}" for name in study.objectives for what in ("mean", "std", "n")),
        *("seconds", "epochs", "flags", "fail_reason", "retry_of", "feasible", "folder", "mlflow_run_id"),
    ]
    rows = []
    for trial in study.trials:
        values = trial.values or ("",) * len(study.objectives)
        rows.append(
            [
                *(trial.number, trial.state, *values, *(trial.params.get(name, "") for name in study.space)),
                *(trial.metrics.get(name, "") for name in metrics if name not in study.objectives),
                *(trial.untrained.get(name, "") for name in untrained),
                *(cell for index in range(len(study.objectives)) for cell in _replicated(trial, index)),
                *("" if trial.seconds is None else round(trial.seconds, 3), epochs(trial), " ".join(trial.flags)),
                *(trial.reason, "" if trial.retry_of is None else trial.retry_of, trial.feasible),
                *(trial.folder or "", trial.run_id or ""),
            ]
        )
    return _csv(header, rows)


def settings_csv(analysis: Analysis) -> str:
    """One row a setting and objective: its mean, standard deviation and number of runs, and where it stands."""
    board = {entry.numbers: entry for entry in (analysis.board.entries if analysis.board else ())}
    params = [name for name in analysis.study.space if name != SEED]
    ends = ("", " low", " high")
    header = [
        *("objective", "place", "trials", *params, "mean", "std", "n", "seconds a training"),
        *(f"{what}{end}" for what in ("to best", "to untrained") for end in ends),
        *("standing", "cheapest within noise"),
    ]
    rows = []
    for name, comparison in analysis.comparisons.items():
        for place, setting in enumerate(comparison.settings, start=1):
            found = tuple(sorted({trial.number for trial in setting.trials if trial.number is not None}))
            entry = board.get(found)
            rows.append(
                [
                    *(name, place, " ".join(map(str, found))),
                    *(setting.trials[0].params.get(param, "") for param in params),
                    *(setting.mean, "" if setting.std is None else setting.std, len(setting.trials)),
                    "" if setting.seconds is None else round(setting.seconds, 3),
                    *_ends(entry.to_best if entry else None),
                    *_ends(entry.to_untrained if entry else None),
                    *(str(entry.standing) if entry else "", entry.cheapest if entry else ""),
                ]
            )
    return _csv(header, rows)


def epochs(trial: ReportedTrial) -> str:
    """How many epochs a trial ran; empty where that is not known."""
    return str(trial.curve.steps[-1]) if trial.curve.steps and trial.curve.of == "epoch" else ""


def _replicated(trial: ReportedTrial, index: int) -> tuple[Any, Any, Any]:
    values = [replicate[index] for replicate in trial.replicates.values()]
    if not values:
        return ("", "", "")
    mean = sum(values) / len(values)
    std = (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5 if len(values) > 1 else ""
    return (mean, std, len(values))


def _ends(value: Interval | None) -> tuple[Any, Any, Any]:
    if value is None:
        return ("", "", "")
    return (value.estimate, value.low, value.high) if is_known(value) else (value.estimate, "", "")


def _csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
