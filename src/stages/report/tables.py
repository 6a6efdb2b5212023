"""The tables on a study's page."""

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution

from src.render.decision import Row, Table
from src.render.study import strip_on
from src.stages.report.files import epochs
from src.stages.report.words import BETTER, SAME, UNSURE, WORSE, against_untrained, flags, mean_of, numbers, said
from src.study.analysis import Analysis
from src.study.clock import duration
from src.study.effects import Effect, Verdict
from src.study.importance import Importance
from src.study.leaderboard import Entry, Leaderboard, Standing, is_known
from src.study.trials import ReportedStudy
from src.study.unified_space import short_names

MOST_COLUMNS = 5  # for parameters
SHOWN = 20  # settings on the page; the others are in settings.csv
_TONES = {Standing.BEST: "best", Standing.TIED: "good", Standing.WORSE: "bad", Standing.UNKNOWN: ""}
_SIGNS = {BETTER: "▲", WORSE: "▼", SAME: "≈", UNSURE: "?"}
_EFFECT_TONES = {Verdict.DEAD: "bad", Verdict.NO_EFFECT: "unsure", Verdict.MATTERS: "good", Verdict.UNKNOWN: ""}


def board_table(analysis: Analysis) -> Table:
    """The leader board."""
    board, study = analysis.board, analysis.study
    assert board is not None, "several objectives have a front, no board"
    heads, cells = _settings(board.entries[:SHOWN], study)
    counted = len({len(entry.setting.trials) for entry in board.entries}) > 1
    scale = _scale(board)
    rows = []
    for entry, setting in zip(board.entries[:SHOWN], cells, strict=True):
        gain, to_best = entry.to_untrained, entry.to_best
        known = to_best is not None and is_known(to_best)
        texts = (
            *(numbers(entry.numbers), mean_of(entry.setting)),
            *([str(len(entry.setting.trials))] if counted else []),
            *(*setting, duration(entry.setting.seconds)),
            "" if gain is None else f"{said(gain)} {_SIGNS[against_untrained(gain, maximize=study.maximize[0])]}",
            "" if to_best is None else said(to_best),
            f"{entry.standing}{', cheapest' if entry.cheapest else ''}",
        )
        strip = strip_on(scale, to_best.low, to_best.estimate, to_best.high) if known and to_best else None
        rows.append(Row(texts, _TONES[entry.standing], strip))
    more = len(board.entries) - SHOWN
    return Table(
        (
            *("#trial", f"#{study.objectives[0]}", *(["#runs"] if counted else []), *heads),
            *("#time", "#against untrained", "#against the best", "standing"),
        ),
        tuple(rows),
        (f"{more} more settings are in settings.csv.",) if more > 0 else (),
    )


def _settings(entries: Sequence[Entry], study: ReportedStudy) -> tuple[list[str], list[list[str]]]:
    """The parameters that differ: a column for each, or one for all where a page is not wide enough."""
    varied = [name for name in study.space if any(name in entry.setting.varied for entry in entries)]
    short = short_names(study.space)
    by_number = {trial.number: trial.params for trial in study.trials}
    params = [by_number[entry.numbers[0]] for entry in entries]
    if len(varied) <= MOST_COLUMNS:
        heads = [f"#{short[name]}" for name in varied]
        return heads, [[number(one[name]) if name in one else "" for name in varied] for one in params]
    texts = [" ".join(f"{short[name]}={number(one[name])}" for name in varied if name in one) for one in params]
    return ["setting"], [[text] for text in texts]


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
                    f"{effect.beyond_noise} of {effect.pairs}" if effect.pairs else "no pairs",
                    "" if effect.largest is None else f"{effect.largest:.3f}",
                    *(["; ".join(numbers(group) for group in effect.identical[:3])] if identical else []),
                    str(effect.verdict),
                ),
                _EFFECT_TONES[effect.verdict],
            )
        )
    columns = ("parameter", "searched", "#importance", "#by chance", "#pairs beyond noise", "#largest difference")
    return Table((*columns, *(["identical results in trials"] if identical else []), "verdict"), tuple(rows))


def flags_table(study: ReportedStudy) -> Table:
    """The flags with their counts and meaning."""
    rows = (Row((name, str(count), message)) for name, count, message in flags(study.complete))
    return Table(("flag", "#trials", "for instance"), tuple(rows))


def failed_table(study: ReportedStudy) -> Table:
    """The failed trials with their reasons."""
    repeated = {trial.retry_of: trial.number for trial in study.trials if trial.retry_of is not None}
    rows = (
        Row((str(trial.number), trial.reason, str(repeated.get(trial.number, "")), duration(trial.seconds)))
        for trial in study.trials
        if trial.state == "FAIL"
    )
    return Table(("#trial", "reason", "#run again as", "#after"), tuple(rows))


def trials_table(study: ReportedStudy) -> Table:
    """All trials."""
    short = short_names(study.space)
    rows = (
        Row(
            (
                str(trial.number),
                trial.state.lower(),
                *(number(value) for value in trial.values or ("",) * len(study.objectives)),
                *(number(trial.params.get(name, "")) for name in study.space),
                epochs(trial),
                duration(trial.seconds),
                ", ".join(trial.flags) or trial.reason,
            )
        )
        for trial in study.trials
    )
    objectives = (f"#{name}" for name in study.objectives)
    return Table(
        ("#trial", "state", *objectives, *(f"#{short[name]}" for name in study.space), "#epochs", "#time", "remarks"),
        tuple(rows),
    )


def searched(distribution: BaseDistribution) -> str:
    """What a parameter was searched over."""
    if isinstance(distribution, CategoricalDistribution):
        return ", ".join(number(choice) for choice in distribution.choices)
    low, high = (number(getattr(distribution, end)) for end in ("low", "high"))
    return f"{low} … {high}{' (log)' if getattr(distribution, 'log', False) else ''}"


def number(value: Any) -> str:
    """A value as short as a table wants it."""
    return f"{value:.4g}" if isinstance(value, float) else "null" if value is None else str(value)


def _scale(board: Leaderboard) -> tuple[float, float]:
    """What the drawings show: the intervals of those that compete; one that is far off ends at the edge."""
    known = [e for e in board.entries if e.to_best is not None and is_known(e.to_best)]
    competing = [e for e in known if e.standing == Standing.TIED] or known
    ends = [2 * end for e in competing if e.to_best is not None for end in (e.to_best.low, e.to_best.high)]
    return (min(ends, default=0.0), max(ends, default=0.0))
