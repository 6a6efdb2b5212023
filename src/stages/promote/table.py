"""What a promotion prints."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from src.core.secrets import without_credentials
from src.mlflow.location import located
from src.mlflow.registry.description import GATE, REASON
from src.stages.promote.rollback import RollbackOutcome
from src.stages.promote.stage import PromoteOutcome

_SHOWN = ("data.name", "study", "trial", "git.commit", "threshold", "nms_iou", "imgsz", "classes")
_CUT = {"git.commit": 12}


def show(outcome: PromoteOutcome, uri: str, console: Console) -> None:
    """Print what was registered, what it rests on, and how to use it and take it back."""
    name, number = outcome.version.name, outcome.version.number
    _line(console, _headline(outcome))
    if outcome.is_new:
        table = Table(title=f"Version {number} of {name}", title_justify="left", show_header=False)
        for key, value in _rows(outcome):
            table.add_row(key, value)
        console.print(table)
    for line in _remarks(outcome):
        _line(console, line)
    place = f"{name}@{outcome.alias}" if outcome.alias else f"{name}/{number}"
    _line(console, f'Use it:       mlflow.pyfunc.load_model("models:/{place}")')
    _line(console, f"  with         MLFLOW_TRACKING_URI={without_credentials(located(uri, Path.cwd()))}")
    if outcome.alias and outcome.before not in (None, number):
        _line(console, f"Take it back: python -m src.promote --rollback name={name} alias={outcome.alias}")


def show_rollback(outcome: RollbackOutcome, console: Console) -> None:
    """Print who has the alias again."""
    version = outcome.version
    before = f"; version {outcome.taken_from} was it until now" if outcome.taken_from is not None else ""
    _line(console, f"{version.name}@{outcome.alias} is version {version.number} again{before}.")
    times = {0: "There is nothing older to go back to.", 1: "It can be taken back once more."}
    _line(console, times.get(outcome.left, f"It can be taken back {outcome.left} more times."))


def _headline(outcome: PromoteOutcome) -> str:
    name, number = outcome.version.name, outcome.version.number
    if outcome.alias is None:
        made = "registered" if outcome.is_new else "in the registry already"
        return f"Version {number} of {name} is {made} as rejected, without an alias."
    if outcome.before == number:
        return f"Version {number} of {name} is {outcome.alias} already; nothing was changed."
    before = f"; version {outcome.before} was it before" if outcome.before is not None else ""
    registered = "" if outcome.is_new else " It was registered before, and is the same version still."
    return f"{name}@{outcome.alias} is version {number} now{before}.{registered}"


def _rows(outcome: PromoteOutcome) -> list[tuple[str, str]]:
    tags = outcome.tags
    rows = [(name, tags[name][: _CUT.get(name)]) for name in _SHOWN if name in tags]
    rows += [(name, text) for name, text in tags.items() if "/" in name]
    rows += [(name.replace(".", " ", 1), text) for name, text in tags.items() if name.startswith(GATE)]
    return rows


def _remarks(outcome: PromoteOutcome) -> list[str]:
    lines = []
    if outcome.alias is None:
        lines.append(f"It is not for use. {outcome.tags.get(REASON, '')}")
    if outcome.against_incumbent is not None:
        here = ", which was evaluated on them for this" if outcome.against_incumbent.evaluated_here else ""
        lines.append(f"It is {outcome.against_incumbent.said}: {outcome.against_incumbent}{here}.")
    lines += [
        f"Loaded back with {backend}, against the boxes that src.evaluate recorded for the example: {found}."
        for backend, found in outcome.agreement.items()
    ]
    return lines


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
