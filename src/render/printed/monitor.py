"""What monitoring found, on the terminal and as a page."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from src.core.interval import Interval
from src.documents.monitor import Canary, LabelledWindow, Monitor, Outcome
from src.render import terminal
from src.render.study import Note, Pictures, ReportPage, Section, Tabulated
from src.render.study import as_html as page_html
from src.render.table import Row, Table, Tone, intervals, numbers, texts

RECALL_IS_UNKNOWN = (
    "Recall cannot be known without labels: what a model misses is in none of its outputs. Label pictures, the"
    " strangest among them, and give labels=FOLDER."
)
_TONES = {Outcome.ALARM: Tone.BAD, Outcome.QUIET: Tone.GOOD, Outcome.TOO_FEW: Tone.UNSURE, Outcome.REBASED: Tone.NONE}


def show(document: Monitor, folder: Path, console: Console) -> None:
    """Print the verdict, the statistics, what labels say, and where the page is."""
    terminal.say([verdict(document)], console)
    terminal.show(changes_table(document), console, "Statistics, one picture a scene")
    if document.labelled is not None:
        terminal.show(labelled_table(document.labelled), console, "On labelled pictures, with 95 % intervals")
    terminal.say([*remarks(document), f"Page:               {folder / 'monitor.html'}"], console)


def verdict(document: Monitor) -> str:
    """The outcome in one sentence."""
    model = f"version {document.number} of {document.name} ({document.alias})"
    scenes = f"{document.window.scenes} scene{'' if document.window.scenes == 1 else 's'}"
    match document.outcome:
        case Outcome.ALARM:
            return f"Alarm for {model}: {'; '.join(document.reasons)}."
        case Outcome.TOO_FEW:
            return (
                f"Too few: {scenes} in {document.window.pictures} pictures. No change was found for {model}, but so few"
                " scenes cannot show that there is none. group=… says what shows one scene."
            )
        case Outcome.REBASED:
            return f"The {scenes} of {document.window.folder} are the reference of {model} now."
        case Outcome.QUIET:
            return f"No change was found for {model} in {scenes}."


def changes_table(document: Monitor) -> Table:
    """The statistics against the reference."""
    rows = (
        Row(
            (change.name, change.reference, change.window, change.distance, change.p, "moved" * change.has_moved),
            Tone.BAD if change.has_moved else Tone.NONE,
        )
        for change in document.changes
    )
    columns = (*texts("statistic"), *numbers("reference", "window", "distance"), *numbers("p", spec=".2g"), *texts(""))
    return Table(columns, tuple(rows))


def labelled_table(labelled: LabelledWindow) -> Table:
    """Precision, recall and F1 on labelled pictures."""
    before, change = labelled.reference, labelled.change
    canary = labelled.canary
    rows = []
    for name, value in labelled.metrics.by_name().items():
        others = [None if each is None else each.by_name()[name] for each in (before, change)]
        trial = [] if canary is None else [canary.metrics.by_name()[name], canary.difference.by_name()[name]]
        rows.append(Row((name, value, *others, *trial), Tone.BAD if name in labelled.fallen else Tone.NONE))
    trial_titles = () if canary is None else (canary.alias, f"{canary.alias} is better by")
    columns = (*texts("metric"), *intervals("window", "reference", "change", *trial_titles))
    return Table(columns, tuple(rows))


def remarks(document: Monitor) -> list[str]:
    """What else there is to know, most important first."""
    window = document.window
    lines = [
        f"{window.pictures} pictures of {window.scenes} scenes, {window.first} to {window.last}, in {window.folder}."
    ]
    if window.unreadable:
        lines.append(f"{len(window.unreadable)} files could not be read, such as {window.unreadable[0]}.")
    lines.append(f"Reference: {document.reference}.")
    if document.precision is not None:
        lines.append(f"Precision, as the calibrated scores let one expect it: {document.precision}.")
    if document.labelled is None:
        lines.append(RECALL_IS_UNKNOWN)
    elif document.labelled.canary is not None:
        lines += _on_trial(document.labelled.canary, document.labelled.pictures)
    if document.power:
        noticed = ", ".join(f"{name} {share:.0%}" for name, share in document.power.items())
        lines.append(
            f"Share of windows of {document.power_scenes} scenes that are noticed when the reference's own pictures are"
            f" corrupted: {noticed}."
        )
    if document.outcome is Outcome.ALARM:
        lines += next_steps(document)
    return lines


def next_steps(document: Monitor) -> list[str]:
    """What to do about an alarm; nothing is trained by itself."""
    again = f"python -m src.monitor name={document.name} alias={document.alias} images={document.window.folder}"
    measure = [f"Label pictures, and measure: {again} labels=FOLDER"] if document.labelled is None else []
    return [
        *measure,
        "Train again on labelled pictures (images/ and labels/ in one folder, docs/guides/your-own-data.md):"
        " python -m src.train data=FOLDER, or search again: python -m src.train -m hydra/sweeper=optuna data=FOLDER",
        f"If such pictures are what is to be expected from now on: {again} rebase=true",
    ]


def as_html(document: Monitor, pictures: Sequence[tuple[str, bytes]]) -> str:
    """The page.

    Args:
        document: What was found.
        pictures: Captions and JPEGs of the strangest pictures.
    """
    labelled = document.labelled
    of_labels = (
        Note("Labels", (RECALL_IS_UNKNOWN,))
        if labelled is None
        else Tabulated(
            "Labels",
            f"What the model reaches on {labelled.pictures} labelled pictures of {labelled.scenes} scenes, with 95 %"
            " intervals over scenes.",
            labelled_table(labelled),
        )
    )
    statistics = Tabulated(
        "Statistics",
        "Medians over one picture a scene; the distance of the two distributions (Kolmogorov and Smirnov) from 0 to 1;"
        " its p-value, corrected for the number of statistics.",
        changes_table(document),
    )
    strangest = Pictures(
        "Strangest pictures",
        "Farthest from the reference by one statistic, with what the model finds on them. Label them.",
        tuple(pictures),
    )
    page = ReportPage(
        kind="Monitor",
        title=f"{document.name} ({document.alias}, version {document.number})",
        verdict=verdict(document),
        tone=_TONES[document.outcome],
        summary=tuple(remarks(document)),
        sections=(
            Section("Statistics", [statistics]),
            Section("Labels", [of_labels]),
            Section("Strangest pictures", [strangest] if pictures else []),
        ),
        footer="Made by: python -m src.monitor",
    )
    return page_html(page)


def _on_trial(canary: Canary, pictures: int) -> list[str]:
    f1: Interval = canary.difference.f1
    said = "better" if f1.low > 0 else "worse" if f1.high < 0 else "not better beyond chance"
    lines = [
        f"{canary.alias} (version {canary.version}) is {said} on the same {pictures} labelled pictures: F1 {f1:+.3f}."
    ]
    if canary.pictures_for:
        needed = ", ".join(f"{size} takes {count}" for size, count in canary.pictures_for.items())
        lines.append(f"Labelled pictures that a difference in F1 takes to be seen: {needed}.")
    return lines
