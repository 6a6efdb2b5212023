"""What `python -m src.confirm` prints at its end."""

from collections.abc import Sequence

from rich.console import Console

from src.render import terminal
from src.render.table import Row, Table, Tone, numbers, texts
from src.stages.confirm.stage import ConfirmOutcome
from src.stages.confirm.sweep import name_of
from src.study.confirmation import Advantage, Retrained

_SURE = 0.95
_FEWEST_SEEDS = 3  # of two, the standard deviation has one degree of freedom


def show(outcome: ConfirmOutcome, console: Console) -> None:
    """Print the settings beside each other, and what that means."""
    confirmation = outcome.confirmation
    varied = _varied(outcome)
    rows = zip(outcome.params, confirmation.settings, confirmation.scores, confirmation.advantages, strict=True)
    table = Table(
        (
            *numbers("trial"),
            *texts(*(key.rpartition(".")[2] for key in varied)),
            *numbers("in the search", "mean", "std", spec=".4f"),
            *numbers("seeds", "mean − SE", spec=".4f"),
            *texts("winner better by"),
        ),
        tuple(
            Row(
                (
                    setting.trial,
                    *(_cell(params.get(key)) for key in varied),
                    *(setting.searched, setting.mean, setting.std, setting.n, score),
                    "" if advantage is None else _said(advantage, short=True),
                ),
                Tone.BEST if place == confirmation.winner else Tone.NONE,
            )
            for place, (params, setting, score, advantage) in enumerate(rows)
        ),
    )
    terminal.show(table, console)
    terminal.say(remarks(outcome), console)


def remarks(outcome: ConfirmOutcome) -> list[str]:
    """The sentences below the table."""
    confirmation = outcome.confirmation
    first, winner = confirmation.settings[0], confirmation.settings[confirmation.winner]
    lines = [_survival(outcome)]
    lines.append(_luck(first))
    for setting in confirmation.settings:
        if missing := [str(seed) for seed in outcome.seeds if seed not in setting.values]:
            lines.append(
                f"Trial {setting.trial} is judged without the seeds {', '.join(missing)}, whose trainings failed; the "
                f"study {name_of(outcome.study, setting.trial)} says why."
            )
    if (over := confirmation.over_untrained) is not None:
        lines.append(f"Against the untrained weights: {_said(over)}.")
    if outcome.replaced:
        used = ", ".join(map(str, outcome.replaced))
        lines.append(
            f"The search had used the seeds {used}, with whose luck its settings were chosen; trained with instead: "
            f"{', '.join(str(seed) for seed in outcome.seeds)}."
        )
    fewest = min(setting.n for setting in confirmation.settings)
    lines.append(_covered([*confirmation.advantages, confirmation.over_untrained], fewest))
    lines.append(f"More seeds:      python -m src.confirm study={outcome.study} … seeds=[…]; none is trained twice")
    lines.append(f"Go on with it:   python -m src.freeze +study={outcome.study} +trial={winner.trial}")
    return lines


def _survival(outcome: ConfirmOutcome) -> str:
    confirmation = outcome.confirmation
    first, winner = confirmation.settings[0], confirmation.settings[confirmation.winner]
    rivals = [
        (setting, advantage)
        for setting, advantage in zip(confirmation.settings, confirmation.advantages, strict=True)
        if advantage is not None
    ]
    open_ = [setting for setting, advantage in rivals if (advantage.probability or 0) < _SURE]
    if not confirmation.survived:
        beaten = confirmation.advantages[0]
        assert beaten is not None, "only the winner has no advantage over itself"
        return (
            f"The search's winner, trial {first.trial}, does not survive: with fresh seeds trial {winner.trial} is "
            f"the best; {_said(beaten)}.{_undecided(open_)}"
        )
    if not rivals:
        return f"Trial {winner.trial} was trained alone: top=2 or more would say whether another setting beats it."
    survives = f"The search's winner, trial {winner.trial}, survives: it has the best mean − SE with fresh seeds, too."
    return survives + _undecided(open_)


def _luck(first: Retrained) -> str:
    change = first.mean - first.searched
    return (
        f"Trial {first.trial} had {first.searched:.4f} in the search and has {first.mean:.4f} with fresh seeds "
        f"({change:+.4f}): the difference is what the search's luck with it was worth."
    )


def _undecided(rivals: list[Retrained]) -> str:
    if not rivals:
        return f" It is better than each of the others with a probability of {_SURE:.0%} or more."
    named = f"trial{'s' if len(rivals) > 1 else ''} {', '.join(str(setting.trial) for setting in rivals)}"
    return f" Not to be told apart from it: {named}; more seeds would narrow that."


def _said(advantage: Advantage, *, short: bool = False) -> str:
    if advantage.probability is None:
        return f"{advantage.difference.estimate:+.4f}" + ("" if short else "; how sure that is, is not known")
    likely = "over 99%" if advantage.probability > 0.995 else f"{advantage.probability:.0%}"
    sure = f"{likely} sure" if short else f"better with a probability of {likely}"
    return f"{advantage.difference:+.4f}, {sure}"


def _covered(advantages: Sequence[Advantage | None], fewest: int) -> str:
    sources = [set(advantage.sources) for advantage in advantages if advantage is not None]
    covered = set.intersection(*sources) if sources else set()
    missing = {
        "seeds": "one seed each does not say what another does",
        "images": "the metric cannot be computed anew from the detections at hand",
    }
    known = [f"other {name}" for name in missing if name in covered]
    unknown = [f"not other {name}: {why}" for name, why in missing.items() if name not in covered]
    said = f"Intervals and probabilities cover {', '.join([*(known or ['nothing']), *unknown])}."
    if "seeds" in covered and fewest < _FEWEST_SEEDS:
        said += f" With so few seeds ({fewest}) their scatter is a guess: take {_FEWEST_SEEDS} or more."
    return said


def _varied(outcome: ConfirmOutcome) -> list[str]:
    keys = sorted({key for params in outcome.params for key in params})
    return [key for key in keys if len({str(params.get(key)) for params in outcome.params}) > 1]


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
