"""A confirmation as a table and as sentences."""

from collections.abc import Sequence

from src.documents.confirmation import Advantage, ConfirmationDocument, ConfirmedSetting
from src.render.table import Row, Table, Tone, numbers, texts
from src.study.confirmed import confirming_study
from src.study.pages.tables import number
from src.study.survival import advantage_text, probability_text

_SURE = 0.95
_FEWEST_SEEDS = 3  # of two, the standard deviation has one degree of freedom


def settings_table(found: ConfirmationDocument) -> Table:
    """The settings with their results in the search and on fresh seeds."""
    keys = sorted({key for setting in found.settings for key in setting.params})
    varied = [key for key in keys if len({str(setting.params.get(key)) for setting in found.settings}) > 1]
    rows = (
        Row(
            (
                setting.trial,
                *(number(setting.params[key]) if key in setting.params else "" for key in varied),
                *(setting.searched, setting.mean, setting.std, setting.n, setting.score),
                "" if (lead := setting.winner_is_better_by) is None else _short(lead),
            ),
            Tone.BEST if setting.trial == found.winner else Tone.NONE,
        )
        for setting in found.settings
    )
    columns = (
        *numbers("trial"),
        *texts(*(key.rpartition(".")[2] for key in varied)),
        *numbers("in the search", "mean", "std", "seeds", "mean − SE", spec=".4f"),
        *numbers("winner better by"),
    )
    return Table(columns, tuple(rows))


def remarks(found: ConfirmationDocument) -> list[str]:
    """The sentences below the table."""
    lines = [] if found.over_untrained is None else [_gain(found, found.over_untrained)]
    lines += [survival(found), _luck(found.settings[0])]
    for setting in found.settings:
        if missing := [str(seed) for seed in found.seeds if str(seed) not in setting.values]:
            lines.append(
                f"Trial {setting.trial} is judged without the seeds {', '.join(missing)}, whose trainings failed; the "
                f"study {confirming_study(found.study, setting.trial)} says why."
            )
    if found.replaced_seeds:
        used = ", ".join(map(str, found.replaced_seeds))
        lines.append(
            f"The search had used the seeds {used}, by which its settings were chosen; trained with instead: "
            f"{', '.join(str(seed) for seed in found.seeds)}."
        )
    fewest = min(setting.n for setting in found.settings)
    leads = [setting.winner_is_better_by for setting in found.settings]
    lines.append(_covered([*leads, found.over_untrained], fewest))
    if found.judged_by == found.metric and "images" in _sources([*leads, found.over_untrained]):
        lines.append(
            "The settings were chosen on these very images, which fresh seeds do not renew; the interval against the"
            " starting weights allows for it. A test split would be images that chose nothing: data.splits.test=…"
        )
    lines.append(f"More seeds:      python -m src.confirm study={found.study} … 'seeds=[…]'; none is trained twice")
    lines.append(f"Freeze it:       python -m src.freeze +study={found.study} +trial={found.winner}")
    return lines


def survival(found: ConfirmationDocument) -> str:
    """Whether the search's winner is the best on fresh seeds, too, and how sure that is."""
    first, best = found.settings[0], found.best
    rivals = [
        (setting, setting.winner_is_better_by) for setting in found.settings if setting.winner_is_better_by is not None
    ]
    undecided = [setting for setting, lead in rivals if (lead.probability or 0) < _SURE]
    if not found.survived:
        lead = first.winner_is_better_by
        assert lead is not None, "only the winner has no advantage over itself"
        return (
            f"The search's winner, trial {first.trial}, does not survive: with fresh seeds trial {best.trial} is "
            f"the best; {advantage_text(lead)}.{_undecided(undecided)}"
        )
    if not rivals:
        return f"Trial {best.trial} was trained alone: top=2 or more would say whether another setting beats it."
    survives = f"The search's winner, trial {best.trial}, survives: it has the best mean − SE with fresh seeds, too."
    return survives + _undecided(undecided)


def _gain(found: ConfirmationDocument, gain: Advantage) -> str:
    """Whether the winner is better than the starting weights, by how much, how sure that is."""
    where = f"{found.judged_by}, on images that chose nothing" if found.judged_by != found.metric else found.metric
    return f"Against the starting weights, trial {found.winner} gains {advantage_text(gain)} ({where})."


def _luck(first: ConfirmedSetting) -> str:
    change = first.mean - first.searched
    return (
        f"Trial {first.trial} had {first.searched:.4f} in the search and has {first.mean:.4f} with fresh seeds "
        f"({change:+.4f}): the difference is by chance, since the setting is the same."
    )


def _undecided(rivals: Sequence[ConfirmedSetting]) -> str:
    if not rivals:
        return f" It is better than each of the others with a probability of {_SURE:.0%} or more."
    named = f"trial{'s' if len(rivals) > 1 else ''} {', '.join(str(setting.trial) for setting in rivals)}"
    return f" No significant difference from it: {named}; more seeds would narrow that."


def _short(advantage: Advantage) -> str:
    if advantage.probability is None:
        return f"{advantage.difference.estimate:+.4f}"
    return f"{advantage.difference:+.4f}, {probability_text(advantage.probability)} sure"


def _sources(advantages: Sequence[Advantage | None]) -> set[str]:
    sources = [set(advantage.sources) for advantage in advantages if advantage is not None]
    return set.intersection(*sources) if sources else set()


def _covered(advantages: Sequence[Advantage | None], fewest: int) -> str:
    covered = _sources(advantages)
    missing = {
        "seeds": "one seed each does not say what another does",
        "images": "the metric cannot be computed anew from the detections available",
    }
    known = [f"other {name}" for name in missing if name in covered]
    unknown = [f"not other {name}: {why}" for name, why in missing.items() if name not in covered]
    said = f"Intervals and probabilities cover {', '.join([*(known or ['nothing']), *unknown])}."
    if "seeds" in covered and fewest < _FEWEST_SEEDS:
        said += f" With so few seeds ({fewest}) their scatter is a guess: take {_FEWEST_SEEDS} or more."
    return said
