"""The tables on a study's page."""

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState

from src.render.table import Column, Row, Strip, Table, Tone, texts
from src.render.table import numbers as number_columns
from src.study.analysis import Analysis
from src.study.clock import duration
from src.study.comparison import SEED
from src.study.effects import Effect, Verdict
from src.study.importance import Importance
from src.study.leaderboard import Entry, Leaderboard, Standing
from src.study.noise import is_known
from src.study.pages.sentences import BETTER, SAME, UNSURE, WORSE, against_untrained, flags, mean_of, numbers, said
from src.study.trials import ReportedStudy, ReportedTrial
from src.study.unified_space import short_names

MOST_COLUMNS = 5  # for parameters
SHOWN, PRINTED = 20, 10  # settings on the page and in the terminal; the others are in settings.csv
_TONES = {Standing.BEST: Tone.BEST, Standing.TIED: Tone.GOOD, Standing.WORSE: Tone.WORSE, Standing.UNKNOWN: Tone.NONE}
_SIGNS = {BETTER: "▲", WORSE: "▼", SAME: "≈", UNSURE: "?"}
_EFFECT_TONES = {
    Verdict.DEAD: Tone.BAD,
    Verdict.NO_EFFECT: Tone.UNSURE,
    Verdict.MATTERS: Tone.GOOD,
    Verdict.UNKNOWN: Tone.NONE,
}


def board_table(analysis: Analysis, shown: int = SHOWN, most_columns: int = MOST_COLUMNS) -> Table:
    """The leader board.

    Args:
        analysis: Of a study with one objective and a result.
        shown: How many settings it has at most.
        most_columns: Up to so many parameters have a column each; more of them share one.
    """
    board, study = analysis.board, analysis.study
    assert board is not None, "several objectives have a front, no board"
    heads, parameters = _settings(board.entries[:shown], study, most_columns)
    counted = len({len(entry.setting.trials) for entry in board.entries}) > 1
    judged = any(entry.standing in (Standing.TIED, Standing.WORSE) for entry in board.entries)
    scale = _scale(board)
    rows = []
    for entry, setting in zip(board.entries[:shown], parameters, strict=True):
        gain, to_best = entry.to_untrained, entry.to_best
        known = to_best is not None and is_known(to_best)
        cells = (
            *(numbers(entry.numbers), mean_of(entry.setting)),
            *([str(len(entry.setting.trials))] if counted else []),
            *(*setting, duration(entry.setting.seconds)),
            "" if gain is None else f"{said(gain)} {_SIGNS[against_untrained(gain, maximize=study.maximize[0])]}",
            "" if to_best is None else said(to_best) if judged else f"{to_best.estimate:+.3f}",
            *([f"{entry.standing}{', cheapest' if entry.cheapest else ''}"] if judged else []),
        )
        strip = Strip.on(scale, to_best.low, to_best.estimate, to_best.high) if judged and known and to_best else None
        rows.append(Row(cells, _TONES[entry.standing], strip))
    more = len(board.entries) - shown
    return Table(
        (
            *number_columns("trial", study.objectives[0], *(["runs"] if counted else [])),
            *heads,
            *number_columns("time", "against the starting weights", "against the best"),
            *texts(*(["standing"] if judged else [])),
        ),
        tuple(rows),
        (f"{more} more settings are in settings.csv.",) if more > 0 else (),
    )


def front_table(board: Leaderboard, study: ReportedStudy) -> Table:
    """The settings of which none is both better and quicker, best first."""
    heads, parameters = _settings(board.front, study, MOST_COLUMNS)
    rows = (
        Row(
            (
                *(numbers(entry.numbers), mean_of(entry.setting)),
                "" if entry.to_best is None else said(entry.to_best),
                f"{entry.setting.latency_ms:.1f}",
                *(*setting, f"{entry.standing}{', cheapest' if entry.cheapest else ''}"),
            ),
            _TONES[entry.standing],
        )
        for entry, setting in zip(board.front, parameters, strict=True)
    )
    columns = number_columns("trial", study.objectives[0], "against the best", "latency (ms)")
    return Table((*columns, *heads, *texts("standing")), tuple(rows))


def _settings(
    entries: Sequence[Entry], study: ReportedStudy, most_columns: int
) -> tuple[tuple[Column, ...], list[list[str]]]:
    """The parameters that differ, also where no setting is left to differ from: a column for each, or one for all where
    a page is not wide enough.
    """
    short = short_names(study.space)
    by_number = {trial.number: trial.params for trial in study.trials}
    params = [by_number[entry.numbers[0]] for entry in entries]
    drawn = [trial.params for trial in study.trials if trial.params]
    shown = [name for name in study.space if name != SEED and any(name in one for one in params)]
    varied = [name for name in shown if len({one.get(name) for one in drawn}) > 1]
    if len(varied) <= most_columns:
        return number_columns(*(short[name] for name in varied)), [
            [number(one[name]) if name in one else "" for name in varied] for one in params
        ]
    said_of = [" ".join(f"{short[name]}={number(one[name])}" for name in varied if name in one) for one in params]
    return texts("setting"), [[text] for text in said_of]


def effects_table(effects: Sequence[Effect], shares: tuple[Importance, ...] | str, space: Mapping[str, Any]) -> Table:
    """What each parameter did."""
    short = short_names(space)
    by_name = {} if isinstance(shares, str) else {share.param: share for share in shares}
    identical = any(effect.identical for effect in effects)
    rows = []
    for effect in effects:
        share = by_name.get(short[effect.param])
        rows.append(
            Row(
                (
                    effect.param,
                    searched(space[effect.param]),
                    "" if share is None else f"{share.share:.0%} [{share.low:.0%}, {share.high:.0%}]",
                    "" if share is None else f"{share.by_chance:.0%}",
                    str(effect.pairs) if effect.pairs else "none",
                    "" if effect.change is None else said(effect.change),
                    *(["; ".join(numbers(group) for group in effect.identical[:3])] if identical else []),
                    str(effect.verdict),
                ),
                _EFFECT_TONES[effect.verdict],
            )
        )
    columns = (
        *texts("parameter", "searched"),
        *number_columns("importance", "by chance", "pairs of settings", "changes the result by"),
        *texts(*(["identical results in trials"] if identical else []), "verdict"),
    )
    return Table(columns, tuple(rows))


def flags_table(study: ReportedStudy) -> Table:
    """The flags with their counts and meaning."""
    rows = (Row((name, count, message)) for name, count, message in flags(study.complete))
    return Table((*texts("flag"), *number_columns("trials"), *texts("for instance")), tuple(rows))


def failed_table(study: ReportedStudy) -> Table:
    """The failed trials with their reasons."""
    repeated = {trial.retry_of: trial.number for trial in study.trials if trial.retry_of is not None}
    rows = (
        Row((trial.number, trial.reason, repeated.get(trial.number), duration(trial.seconds)))
        for trial in study.trials
        if trial.state is TrialState.FAIL
    )
    return Table((*number_columns("trial"), *texts("reason"), *number_columns("run again as", "after")), tuple(rows))


def trials_table(study: ReportedStudy) -> Table:
    """All trials."""
    short = short_names(study.space)
    rows = (
        Row(
            (
                trial.number,
                trial.state.name.lower(),
                *(trial.results or (None,) * len(study.objectives)),
                *(number(trial.params.get(name, "")) for name in study.space),
                epochs(trial),
                duration(trial.seconds),
                ", ".join(trial.flags) or trial.reason,
            )
        )
        for trial in study.trials
    )
    figures = number_columns(*study.objectives, *(short[name] for name in study.space), "epochs", "time")
    return Table((*number_columns("trial"), *texts("state"), *figures, *texts("remarks")), tuple(rows))


def searched(distribution: BaseDistribution) -> str:
    """What a parameter was searched over."""
    if isinstance(distribution, CategoricalDistribution):
        return ", ".join(number(choice) for choice in distribution.choices)
    low, high = (number(getattr(distribution, end)) for end in ("low", "high"))
    return f"{low} … {high}{' (log)' if getattr(distribution, 'log', False) else ''}"


def epochs(trial: ReportedTrial) -> int | None:
    """How many epochs a trial ran; None where that is not known."""
    return trial.curve.steps[-1] if trial.curve.steps and trial.curve.of == "epoch" else None


def number(value: Any) -> str:
    """A value as short as a table wants it."""
    return f"{value:.4g}" if isinstance(value, float) else "null" if value is None else str(value)


def _scale(board: Leaderboard) -> tuple[float, float]:
    """What the drawings show: the intervals of those that compete; one that is far off ends at the edge."""
    known = [e for e in board.entries if e.to_best is not None and is_known(e.to_best)]
    competing = [e for e in known if e.standing == Standing.TIED] or known
    ends = [2 * end for e in competing if e.to_best is not None for end in (e.to_best.low, e.to_best.high)]
    return (min(ends, default=0.0), max(ends, default=0.0))
