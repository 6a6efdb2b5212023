"""What commands print: tables that fit the terminal, and sentences.

No number is cut or broken between two lines. Words are wrapped; a value's interval goes to the line below it; a table
that is still too wide goes on below with its first column repeated.
"""

import re
from collections.abc import Iterable, Sequence

from optuna_search.wrapping import joined
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from src.render.table import Column, Table, Tone

_STYLES = {
    Tone.NONE: "",
    Tone.GOOD: "green",
    Tone.BAD: "red",
    Tone.UNSURE: "yellow",
    Tone.CANDIDATE: "bold",
    Tone.BEST: "bold",
    Tone.WORSE: "dim",
}
_LONGEST_WORD = 24  # characters; a longer one, such as a path, may be broken anywhere
_FRAME, _BETWEEN = 1, 3  # characters that a table's frame takes, once and for each column
_NUMBER_ENDS = re.compile(r" (?=\[)|(?<=\],) ")  # `0.83 [0.71, 0.92], 97% sure`
_WORDS = re.compile(r"(?:^|(?<= ))(?:(`[^`]+`\S*|python -m .*)|([^ ]*))(?: |$)")  # commands, and what spaces separate
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def say(lines: Iterable[str], console: Console) -> None:
    """Print sentences as they are, on a terminal broken between words; a command stays whole, to be copied."""
    for line in lines:
        text = _printable(line)
        for part in joined(_pieces(text), console.width) if console.is_terminal else [text]:
            console.print(Text(part), soft_wrap=True)


def _pieces(text: str) -> list[str]:
    """What a line is not broken within: words and commands."""
    return [command or word for command, word in _WORDS.findall(text)] or [""]


def show(table: Table, console: Console, title: str = "") -> None:
    """Print a table with its title, and its notes below it."""
    texts = [[_printable(text) for text in table.texts(row)] for row in table.rows]
    natural, least = _widths(table.columns, texts)
    for number, places in enumerate(_blocks(least, console.width)):
        shown = RichTable(
            title=Text(_printable(title), "table.title") if title and not number else None,
            title_justify="left",
            show_header=any(column.title for column in table.columns),
        )
        room = console.width - _FRAME - _BETWEEN * len(places)
        widths = _fitted([natural[i] for i in places], [least[i] for i in places], room)
        for place, width in zip(places, widths, strict=True):
            column = table.columns[place]
            shown.add_column(
                Text(_printable(column.title)),
                justify="right" if column.is_numeric else "left",
                width=width,
                overflow="fold",
            )
        for row, cells in zip(table.rows, texts, strict=True):
            shown.add_row(
                *(
                    _cell(table.columns[place], cells[place], width)
                    for place, width in zip(places, widths, strict=True)
                ),
                style=_STYLES[row.tone],
            )
        console.print(shown)
    say(table.notes, console)


def _printable(text: str) -> str:
    """Text without characters that a terminal takes for orders."""
    return _CONTROLS.sub(" ", text)


def _cell(column: Column, text: str, width: int) -> Text:
    wraps = column.is_numeric and max(map(cell_len, text.split("\n"))) > width
    return Text(_NUMBER_ENDS.sub("\n", text) if wraps else text)


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> tuple[list[int], list[int]]:
    """The columns' widths on one line each, and the least ones that break no number and no short word."""
    natural, least = [], []
    for place, column in enumerate(columns):
        cells = [row[place] for row in rows]
        lines = [line for text in (column.title, *cells) for line in text.split("\n")]
        words = [min(cell_len(word), _LONGEST_WORD) for word in column.title.split()]
        for text in cells:
            if column.is_numeric:
                words += [cell_len(part) for line in text.split("\n") for part in _NUMBER_ENDS.split(line)]
            else:
                words += [min(cell_len(word), _LONGEST_WORD) for word in text.split()]
        natural.append(max(map(cell_len, lines)))
        least.append(max(words, default=0))
    return natural, least


def _blocks(least: Sequence[int], width: int) -> list[list[int]]:
    """The columns by place, as many beside each other as fit; each block begins with the first column."""
    blocks = [[0]]
    for place in range(1, len(least)):
        together = [*blocks[-1], place]
        if len(together) > 2 and _FRAME + sum(least[i] + _BETWEEN for i in together) > width:
            blocks.append([0, place])
        else:
            blocks[-1] = together
    return blocks


def _fitted(natural: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths that come to no more than the room: the widest columns get narrower, not below the least if possible."""
    widths = list(natural)
    while sum(widths) > max(room, len(widths)):
        places = [i for i, width in enumerate(widths) if width > least[i]] or range(len(widths))
        widths[max(places, key=lambda i: widths[i])] -= 1
    return widths
