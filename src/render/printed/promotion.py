"""What a promotion, and its rollback, print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from src.render import terminal
from src.render.table import Row, Table, texts


@dataclass(frozen=True)
class Promoted:
    """What became of a model, in words and numbers.

    Attributes:
        name: Of the registered model.
        number: Of the version.
        is_new: Whether it was registered now, and not before.
        alias: What it is to be found under now; None for a rejected one.
        before: The version that had the alias; None where none had.
        facts: What the registry says about it, pairs of a name and a text.
        reason: Why it was rejected; empty for an accepted one.
        comparison: The comparison with the incumbent, a sentence; empty where there was none.
        agreement: By backend, how the boxes of the package compare with the recorded ones.
        store: The tracking store's URI, without credentials.
        monitoring: What production is compared with, a sentence; empty for a rejected one.
    """

    name: str
    number: int
    is_new: bool
    alias: str | None
    before: int | None
    facts: Sequence[tuple[str, str]]
    reason: str
    comparison: str
    agreement: Mapping[str, str]
    store: str
    monitoring: str = ""


def show(promoted: Promoted, console: Console) -> None:
    """Print what was registered, what it rests on, and how to use it and take it back."""
    name, number = promoted.name, promoted.number
    terminal.say((_headline(promoted),), console)
    if promoted.is_new:
        terminal.show(Table(texts("", ""), tuple(map(Row, promoted.facts))), console, f"Version {number} of {name}")
    terminal.say(_remarks(promoted), console)
    place = f"{name}@{promoted.alias}" if promoted.alias else f"{name}/{number}"
    lines = [
        f'Use it:       mlflow.pyfunc.load_model("models:/{place}")',
        f"  with         MLFLOW_TRACKING_URI={promoted.store}",
    ]
    if promoted.store.startswith("http"):  # of an S3 store, it would ask the store itself, which it may not reach
        lines.append("  and          MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD=false")
    if promoted.alias and promoted.before not in (None, number):
        lines.append(f"Take it back: python -m src.promote --rollback name={name} alias={promoted.alias}")
    terminal.say(lines, console)


def show_rollback(name: str, alias: str, version: int, *, taken_from: int | None, left: int, console: Console) -> None:
    """Print who has the alias again.

    Args:
        name: Of the registered model.
        alias: Which alias.
        version: Who has it again.
        taken_from: Who had it; None where no version had.
        left: How many more times it can be taken back.
        console: Where to print.
    """
    before = f"; version {taken_from} was it until now" if taken_from is not None else ""
    times = {0: "There is nothing older to return to.", 1: "It can be taken back once more."}
    more = times.get(left, f"It can be taken back {left} more times.")
    terminal.say((f"{name}@{alias} is version {version} again{before}.", more), console)


def _headline(promoted: Promoted) -> str:
    name, number = promoted.name, promoted.number
    if promoted.alias is None:
        made = "registered" if promoted.is_new else "in the registry already"
        return f"Version {number} of {name} is {made} as rejected, without an alias."
    if promoted.before == number:
        return f"Version {number} of {name} is {promoted.alias} already; nothing was changed."
    before = f"; version {promoted.before} was it before" if promoted.before is not None else ""
    registered = "" if promoted.is_new else " It was registered before, and is the same version still."
    return f"{name}@{promoted.alias} is version {number} now{before}.{registered}"


def _remarks(promoted: Promoted) -> list[str]:
    lines = [f"It is not for use. {promoted.reason}"] if promoted.alias is None else []
    lines += [promoted.comparison] if promoted.comparison else []
    lines += [
        f"Loaded back with {backend}, against the boxes that src.evaluate recorded for the example: {found}."
        for backend, found in promoted.agreement.items()
    ]
    return [*lines, promoted.monitoring] if promoted.monitoring else lines
