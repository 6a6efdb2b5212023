"""The table at the end of a sweep, and values as a table shows them.

What is shown is data, never markup, and no number is ever cut: where the terminal is too narrow for all columns there
are fewer, and the best trial's parameters stand below each other.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import optuna
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from optuna_search.results.files import SweepSummary
from optuna_search.study.queue import TrialBudget
from optuna_search.study.views import StudyView, TrialView, reasons_of
from optuna_search.wrapping import joined

SHOWN = 10  # trials in the final table
LONGEST_TEXT = 60  # characters of a text in a cell
LONGEST_REASON = 500
WIDEST_TITLE = 20  # characters of a column's name on one line
_ORDERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def print_table(study: optuna.Study, summary: SweepSummary, columns: Sequence[str], console: Console) -> None:
    """Print the best trials.

    Args:
        study: The study.
        summary: Its summary.
        columns: User attributes of trials to show beside values and parameters.
        console: Where to print.
    """
    view = StudyView.of(study)
    ranked = view.ranked
    if ranked and not summary.best_trials:
        console.print(Text("No trial keeps all constraints.", "bold"))
    for part in _tables(view, ranked[:SHOWN], columns, console) if ranked else ():
        console.print(part)
    if len(ranked) > 1 and len({trial.values for trial in ranked}) == 1:
        say(f"All {len(ranked)} trials have the same value: none is better than another.", console)
    if len(ranked) > SHOWN:
        say(f"… and {len(ranked) - SHOWN} more in {summary.folder / 'trials.csv'}", console)


def print_counts(study: optuna.Study, summary: SweepSummary, console: Console) -> None:
    """Print how many trials ended how, and the reasons of failures."""
    view = StudyView.of(study)
    counts = ", ".join(f"{count} {state}" for state, count in summary.counts.items())
    say(f"{shortened(view.name, LONGEST_TEXT)}: {counts or 'no trials'}.", console)
    finished = TrialBudget.of([trial.frozen for trial in view.trials]).finished
    for reason, count in Counter(reasons_of(map(TrialView, finished))).most_common(5):
        say(f"  failed {count}×: {shortened(reason, LONGEST_REASON)}", console)


def say(text: str, console: Console, *, whole: bool = False) -> None:
    """Print a sentence as it is, on a terminal broken between words.

    Args:
        text: The sentence.
        console: Where to print.
        whole: Leave it to the terminal to break it, as what is to be copied.
    """
    lines = [printable(text)] if whole or not console.is_terminal else joined(printable(text).split(" "), console.width)
    for line in lines:
        console.print(Text(line), soft_wrap=True, highlight=False)


def printable(text: str) -> str:
    """A text in which characters that a terminal takes for orders are written as escapes."""
    return _ORDERS.sub(lambda order: order[0].encode("unicode_escape").decode(), text)


def number_text(value: Any) -> str:
    """A value as short as a table wants it; only texts are ever cut."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return shortened(", ".join(map(str, value)), LONGEST_TEXT)
    if isinstance(value, str):
        return shortened(value, LONGEST_TEXT)
    return "" if value is None else str(value)


def shortened(text: str, longest: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def duration_text(duration: timedelta | None) -> str:
    """Hours, minutes and seconds, e.g. `1:02:03` or `0:42`."""
    if duration is None:
        return ""
    seconds = round(duration.total_seconds())
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def short_names(keys: Sequence[str]) -> list[str]:
    """The shortest ends of dotted keys that tell them apart."""
    names = []
    for key in keys:
        parts = key.split(".")
        ends = (".".join(parts[-count:]) for count in range(1, len(parts) + 1))
        names.append(next(end for end in ends if end == key or _ends_alone(end, keys)))
    return names


def _ends_alone(end: str, keys: Sequence[str]) -> bool:
    return sum(key == end or key.endswith(f".{end}") for key in keys) == 1


def _tables(
    study: StudyView, trials: Sequence[TrialView], columns: Sequence[str], console: Console
) -> Sequence[RenderableType]:
    """The table with all columns, with the first attributes only, or with few and the best trial below it."""
    params = sorted({key for trial in trials for key in trial.params})
    shown = [column for column in columns if column not in study.objectives and _is_set(column, trials)]
    wide = console.options.update(width=10_000)  # what is measured is never more than this
    for count in range(len(shown), -1, -1):
        table = _table(study, trials, params, shown[:count])
        if Measurement.get(console, wide, table).minimum <= console.width:
            return (table,)
    few, best = _table(study, trials, [], []), _best(study, trials[0])
    return (few, best) if Measurement.get(console, wide, few).minimum <= console.width else (best,)


def _is_set(attribute: str, trials: Sequence[TrialView]) -> bool:
    return any(trial.user_attrs.get(attribute) is not None for trial in trials)


def _best(study: StudyView, trial: TrialView) -> Table:
    """One trial, a row for each of its values and parameters."""
    table = Table(title=f"Trial {trial.number}", title_justify="left", show_header=False)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    for name, text in zip(study.objectives, _values_text(trial), strict=True):
        table.add_row(_cell(shortened(name, LONGEST_TEXT)), _cell(text), style="bold")
    for key, value in trial.params.items():
        table.add_row(_cell(shortened(key, LONGEST_TEXT)), _cell(number_text(value)))
    return _uncut(table)


def _table(study: StudyView, trials: Sequence[TrialView], params: Sequence[str], attributes: Sequence[str]) -> Table:
    table = Table(title="Best trials", title_justify="left")
    table.add_column("trial", justify="right", no_wrap=True)
    for name in study.objectives:
        table.add_column(_title(name), justify="right", style="bold", no_wrap=True)
    constrained = any(trial.constraints for trial in trials)
    extra = ["constraints"] if constrained else []
    for name in (*extra, *attributes, *short_names(params), "time"):
        table.add_column(_title(name), justify="right", no_wrap=name != "constraints")
    for trial in trials:
        cells = (
            str(trial.number),
            *_values_text(trial),
            *([_constraints_text(trial)] if constrained else []),
            *(number_text(trial.user_attrs.get(name)) for name in attributes),
            *(number_text(trial.params.get(key)) for key in params),
            duration_text(trial.duration),
        )
        table.add_row(*map(_cell, cells))
    return _uncut(table)


def _uncut(table: Table) -> Table:
    """Give the columns that are not wrapped the width of their longest line; rich asks for their longest word only."""
    for column in table.columns:
        if column.no_wrap:
            lines = (line for text in (column.header, *column.cells) for line in str(text).split("\n"))
            column.min_width = max(map(cell_len, lines), default=0)
    return table


def _cell(text: str) -> Text:
    return Text(printable(text))


def _title(name: str) -> Text:
    """A column's name on as many lines as it needs, which make no column wider than its values mostly are."""
    text = printable(shortened(name, LONGEST_TEXT))
    return Text("\n".join(text[place : place + WIDEST_TITLE] for place in range(0, len(text), WIDEST_TITLE)))


def _values_text(trial: TrialView) -> list[str]:
    """The values, with the standard deviation between replicates where there are any."""
    if not trial.replicates_std:
        return [number_text(value) for value in trial.values]
    return [f"{number_text(value)} ± {std:.2g}" for value, std in zip(trial.values, trial.replicates_std, strict=True)]


def _constraints_text(trial: TrialView) -> str:
    broken = [f"{name} by {number_text(value)}" for name, value in trial.constraints.items() if value > 0]
    return f"broken: {', '.join(broken)}" if broken else "kept"
