"""The tables of a report that are files: `runs_analysis.csv`, a row a trial, and `settings.csv`, a row a setting."""

import statistics
from collections.abc import Iterable, Mapping

from src.render.table import Cell, Row, Table, intervals, numbers, texts
from src.study.analysis import Analysis
from src.study.comparison import SEED
from src.study.pages.tables import epochs
from src.study.trials import ReportedStudy, ReportedTrial


def runs_table(study: ReportedStudy) -> Table:
    """One row a trial: what it was, what came out, how long it took, what to know about it."""
    others = [name for name in _all(trial.metrics for trial in study.trials) if name not in study.objectives]
    untrained = _all(trial.untrained for trial in study.trials)
    columns = numbers(
        *("number", "state", *study.objectives, *study.space, *others),
        *(f"untrained {name}" for name in untrained),
        *(f"{name} {what}" for name in study.objectives for what in ("mean", "std", "n")),
        *("seconds", "epochs", "flags", "fail_reason", "retry_of", "feasible", "folder", "mlflow_run_id"),
    )
    rows = (
        Row(
            (
                *(trial.number, trial.state.name, *(trial.results or (None,) * len(study.objectives))),
                *(trial.params.get(name) for name in study.space),
                *(trial.metrics.get(name) for name in others),
                *(trial.untrained.get(name) for name in untrained),
                *(cell for index in range(len(study.objectives)) for cell in _replicated(trial, index)),
                *(_rounded(trial.seconds), epochs(trial), " ".join(trial.flags), trial.reason, trial.retry_of),
                *(trial.is_feasible, str(trial.folder or ""), trial.run_id),
            )
        )
        for trial in study.trials
    )
    return Table(columns, tuple(rows))


def settings_table(analysis: Analysis) -> Table:
    """One row a setting and objective: its mean, standard deviation and number of runs, and where it stands."""
    board = {entry.numbers: entry for entry in (analysis.board.entries if analysis.board else ())}
    params = [name for name in analysis.study.space if name != SEED]
    rows = []
    for name, comparison in analysis.comparisons.items():
        for place, setting in enumerate(comparison.settings, start=1):
            found = tuple(sorted({trial.number for trial in setting.trials if trial.number is not None}))
            entry = board.get(found)
            cells: list[Cell] = [
                *(name, place, " ".join(map(str, found))),
                *(setting.trials[0].params.get(param) for param in params),
                *(setting.mean, setting.std, len(setting.trials), _rounded(setting.seconds)),
                *((entry.to_best, entry.to_untrained) if entry else (None, None)),
                *((str(entry.standing), entry.cheapest) if entry else (None, None)),
            ]
            rows.append(Row(tuple(cells)))
    return Table(
        (
            *texts("objective"),
            *numbers("place", "trials", *params, "mean", "std", "n", "seconds a training"),
            *intervals("to best", "to untrained"),
            *texts("standing", "cheapest within noise"),
        ),
        tuple(rows),
    )


def _all(found: Iterable[Mapping[str, float]]) -> list[str]:
    return sorted({name for values in found for name in values})


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _replicated(trial: ReportedTrial, index: int) -> tuple[Cell, Cell, Cell]:
    values = [replicate[index] for replicate in trial.replicates.values()]
    if not values:
        return (None, None, None)
    return (statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None, len(values))
