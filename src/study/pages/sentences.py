"""What follows from a study, in sentences: the same ones in the terminal and on the page."""

from collections import Counter
from collections.abc import Collection, Sequence

from optuna.trial import TrialState

from src.core.interval import Interval
from src.render.table import Tone
from src.study.analysis import Analysis
from src.study.clock import duration
from src.study.comparison import Setting
from src.study.effects import Verdict
from src.study.leaderboard import Entry, Leaderboard, Standing
from src.study.noise import is_known
from src.study.trials import ReportedTrial

BETTER, WORSE, SAME, UNSURE = "better", "WORSE", "no significant difference from them", "which may be noise or not"
_LISTED = 8


def headline(analysis: Analysis) -> tuple[str, Tone]:
    """The most important sentence, and its tone."""
    study = analysis.study
    if not study.complete:
        return "No trial ended with a result.", Tone.BAD
    if not analysis.front:
        return "No trial keeps all constraints.", Tone.BAD
    if (nothing := nothing_learned(analysis)) is not None:
        return nothing, Tone.BAD
    if analysis.board is None:
        on_front, trials = len(analysis.front), plural(len(study.complete), "trial")
        return f"{on_front} of {trials} on the Pareto front: no other trial beats them in everything.", Tone.UNSURE
    return _gained(analysis, analysis.board)


def remarks(analysis: Analysis) -> list[str]:
    """What else follows, most important first."""
    if nothing_learned(analysis) is not None:
        return [*_worse_than_untrained(analysis), *failures(analysis.study.trials)]
    lines = _all_equal(analysis)
    if analysis.board is not None:
        lines += [*_luck(analysis.board), *_ties(analysis.board), *_worse_than_untrained(analysis)]
        lines += _front(analysis.board, analysis.study.objectives[0])
    lines += _parameters(analysis)
    if analysis.board is not None and analysis.scatter is None:
        lines.append(one_seed(analysis))
    lines += broken_constraints(analysis.study.complete)
    lines += [f"Not known: {doubt}" for doubt in analysis.doubts]
    lines += failures(analysis.study.trials)
    return lines


def nothing_learned(analysis: Analysis) -> str | None:
    """What to say where no training has reached more than nothing; None where one has."""
    study = analysis.study
    first = [trial.results[0] for trial in study.complete]
    if not study.maximize[0] or any(first):
        return None
    who = "The only trial with a result" if len(first) == 1 else f"Each of the {len(first)} trials with a result"
    start = f", the starting weights have {_levels(study.untrained.values())}" if study.untrained else ""
    return (
        f"{who} has {study.objectives[0]} 0{start}: nothing was learned, and no setting is better than another. Train"
        " for more epochs, start from pretrained weights, or look at the labels."
    )


def _levels(values: Collection[float]) -> str:
    low, high = min(values), max(values)
    return f"{high:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


def _all_equal(analysis: Analysis) -> list[str]:
    complete = analysis.study.complete
    if len(complete) < 2 or len({trial.results for trial in complete}) > 1:
        return []
    return [f"All {len(complete)} trials with a result have the same one: no setting is better than another."]


def flags(trials: Sequence[ReportedTrial]) -> list[tuple[str, int, str]]:
    """The flags of trials with a result: each with its count and what it means, the most frequent first."""
    counts = Counter(name for trial in trials for name in trial.flags)
    meaning = {name: message for trial in trials for name, message in trial.flags.items() if message}
    return [(name, count, meaning.get(name, "")) for name, count in counts.most_common()]


def broken_constraints(trials: Sequence[ReportedTrial]) -> list[str]:
    """How many trials with a result break constraints, and which."""
    broken = [trial for trial in trials if not trial.is_feasible]
    if not broken:
        return []
    counts = Counter(name for trial in broken for name, excess in trial.constraints.items() if excess > 0)
    which = ", ".join(f"{name} ({plural(count, 'trial')})" for name, count in counts.most_common())
    them = "is left out" if len(broken) == 1 else "are left out"
    return [f"{len(broken)} of {plural(len(trials), 'trial')} with a result break constraints and {them}: {which}."]


def failures(trials: Sequence[ReportedTrial]) -> list[str]:
    """How many trials failed, by reason, and how many of them were made good by a repetition."""
    failed = [trial for trial in trials if trial.state is TrialState.FAIL]
    repeated = {trial.retry_of for trial in trials}
    lines = []
    for reason, count in Counter(trial.reason for trial in failed).most_common():
        good = sum(trial.reason == reason and trial.number in repeated for trial in failed)
        again = "" if not good else " and was run again" if count == good == 1 else f", {good} of them run again"
        lines.append(f"{plural(count, 'trial')} failed{again}: {reason}")
    return lines


def against_untrained(gain: Interval, *, maximize: bool) -> str:
    """Whether a setting is better than the weights it started from, in a word or three."""
    if not is_known(gain):
        return UNSURE
    if not gain.excludes_zero:
        return SAME
    return BETTER if (gain.estimate > 0) == maximize else WORSE


def said(value: Interval, spec: str = "+.3f") -> str:
    """An interval as text; without its ends where they are not known, with a digit more where one would read as 0."""
    if not is_known(value):
        return format(value.estimate, spec)
    ends = {format(end, spec).lstrip("+-") for end in (value.low, value.high)}
    return format(value, "+.4f" if value.excludes_zero and "0.000" in ends else spec)


def mean_of(setting: Setting) -> str:
    """A setting's mean, with the standard deviation over seeds where it was repeated."""
    return f"{setting.mean:.4f}" if setting.std is None else f"{setting.mean:.4f} ± {setting.std:.4f}"


def trials_of(entry: Entry) -> str:
    """`trial 3`, or `trials 3, 7` for a setting that was drawn more than once."""
    return _trials(entry.numbers)


def numbers(values: Sequence[int]) -> str:
    """Numbers in a row, the first eight of them."""
    shown = ", ".join(map(str, values[:_LISTED]))
    return f"{shown}, … ({len(values)} in all)" if len(values) > _LISTED else shown


def plural(count: int, noun: str) -> str:
    """`1 trial`, `2 trials`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def one_seed(analysis: Analysis) -> str:
    """What a study cannot say in which no setting has a second seed, and what would change that."""
    board, name = analysis.board, analysis.study.name
    assert board is not None, "asked for studies with a leader board only"
    top = min(3, len(board.entries))
    known = [entry.setting.seconds for entry in board.entries[:top] if entry.setting.seconds is not None]
    time = f", about {duration(sum(known) * 3)} at this study's speed" if len(known) == top else ""
    return (
        "Not known: which setting is better, and what a parameter does, because no setting has a second seed and a seed"
        f" alone moves a result. python -m src.confirm study={name} top={top} 'seeds=[1,2,3]' trains the best {top}"
        f" again ({plural(3 * top, 'training')}{time}); or say how far seeds scatter, if you know it:"
        f" python -m src.report study={name} scatter=STD, or scatter=STUDY for that of another study."
    )


def _gained(analysis: Analysis, board: Leaderboard) -> tuple[str, Tone]:
    """Whether the best setting is better than the weights it started from, by how much, how sure that is."""
    objective, best = analysis.study.objectives[0], board.best
    gain = best.to_untrained
    if gain is None:
        return (
            f"{trials_of(best).capitalize()} is the best with {objective} {mean_of(best.setting)}; nothing says whether"
            " training helped, because the starting weights were not evaluated (train.baseline=false).",
            Tone.UNSURE,
        )
    word = against_untrained(gain, maximize=analysis.study.maximize[0])
    who = f"setting of {trials_of(best)}" if analysis.scatter is not None else f"model of {trials_of(best)}"
    reached = f"{objective} {mean_of(best.setting)}"
    if word in (BETTER, WORSE):
        tone = Tone.GOOD if word == BETTER else Tone.BAD
        return f"The {who} is {word} than the starting weights by {said(gain)}: {reached}.", tone
    doubt = "no significant difference from the starting weights" if word == SAME else "which may be noise or not"
    return f"The {who} is the best, {reached}: {said(gain)} against the starting weights, {doubt}.", Tone.UNSURE


def _luck(board: Leaderboard) -> list[str]:
    if board.luck is None or board.chosen is None or len(board.entries) < 2:
        return []
    taken = f"{abs(board.chosen):.3f} is taken off its gain for that" if board.best.to_untrained else "that is luck"
    return [
        f"The best of {len(board.entries)} equal settings would show {board.luck:+.3f} by luck; {taken}."
        f" {_sources(board.sources)}"
    ]


def _ties(board: Leaderboard) -> list[str]:
    others = len(board.entries) - 1
    if not others:
        return ["It is the only setting with a result."]
    if any(entry.standing == Standing.UNKNOWN for entry in board.entries):
        return []
    tied = [number for entry in board.tied for number in entry.numbers]
    if not tied:
        return [f"All {others} other settings are worse." if others > 1 else "The other setting is worse."]
    what = plural(len(board.tied), "setting")
    lines = [f"No significant difference from the best: {what} of {others} ({_trials(tied)})."]
    cheapest, best = board.cheapest, board.best
    if cheapest is best:
        lines.append("The best is also the cheapest of them.")
    elif cheapest.setting.latency_ms is not None and best.setting.latency_ms is not None:
        lines.append(
            f"The cheapest model that is not significantly worse is that of {trials_of(cheapest)}:"
            f" {cheapest.setting.latency_ms:.1f} ms an image instead of {best.setting.latency_ms:.1f} ms."
        )
    elif cheapest.setting.seconds is not None:
        which = f"{'that of ' if len(cheapest.numbers) > 1 else ''}{trials_of(cheapest)}"
        lines.append(
            f"The cheapest of them is {which}: {duration(cheapest.setting.seconds)} a training instead of"
            f" {duration(best.setting.seconds)}."
        )
    return lines


def _front(board: Leaderboard, objective: str) -> list[str]:
    """The models of which none is both better and quicker."""
    shown = ", ".join(
        f"{trials_of(entry)} ({entry.setting.mean:.4f}, {entry.setting.latency_ms:.1f} ms)" for entry in board.front
    )
    return [f"Pareto front of {objective} and latency: {shown}."] if len(board.front) > 1 else []


def _sources(sources: Sequence[str]) -> str:
    if len(sources) == 2:
        return "95 % intervals over other images and other seeds, for all settings together."
    if tuple(sources) == ("images",):
        return "95 % intervals over other images, of these models."
    return "95 % intervals over other seeds; what other images would say comes on top."


def _worse_than_untrained(analysis: Analysis) -> list[str]:
    objective, maximize = analysis.study.objectives[0], analysis.study.maximize[0]
    judged = [trial for trial in analysis.study.complete if objective in trial.untrained]
    if not judged:
        return []
    worse = sum((trial.values[0] < trial.untrained[objective]) == maximize for trial in judged)
    sure = sum(
        entry.to_untrained is not None and against_untrained(entry.to_untrained, maximize=maximize) == WORSE
        for entry in (analysis.board.entries if analysis.board else ())
    )
    clearly = f"; {plural(sure, 'setting') if sure else 'none'} beyond chance" if worse else ""
    return [f"{worse} of {len(judged)} trials are worse in {objective} than the weights they started from{clearly}."]


def _parameters(analysis: Analysis) -> list[str]:
    lines = []
    for effect in analysis.effects:
        if effect.verdict == Verdict.DEAD:
            groups = "; ".join(numbers(group) for group in effect.identical[:2])
            lines.append(
                f"{effect.param} is dead: it differs in trials {groups}, whose results are equal to the last digit."
            )
        elif effect.verdict == Verdict.NO_EFFECT and effect.change is not None:
            lines.append(
                f"{effect.param} has no effect that matters: it changes the result by {said(effect.change)}, less than"
                f" {analysis.smallest_effect:g} ({plural(effect.pairs, 'pair')} of settings)."
            )
    return lines


def _trials(found: Sequence[int]) -> str:
    return f"trial{'s' if len(found) > 1 else ''} {numbers(found)}"
