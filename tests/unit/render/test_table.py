"""One table in all its forms: no form cuts a number, or takes a cell for markup."""

import csv
import io
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from src.core.interval import Interval
from src.render import templating
from src.render.table import Column, Kind, Row, Strip, Table, Tone, as_csv, as_markdown, intervals, numbers, texts
from src.render.terminal import say, show

HOSTILE = "[bold]x[/bold] <b> | :warning: \x1b[31m"
UNKNOWN = Interval(0.5, math.nan, math.nan)


def printed(table, width, title="") -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    show(table, console, title)
    return console.file.getvalue()


def html(table) -> str:
    return str(templating.environment(html=True).get_template("macros.html.jinja").module.table(table))


def test_a_number_is_shown_as_its_column_says_and_kept_in_files():
    table = Table(
        (*texts("metric"), *numbers("n", "mean", spec=".3f"), *intervals("gain", spec="+.2f")),
        (
            Row(("mAP50", 3, 1 / 3, Interval(0.1234, 0.1, 0.2))),
            Row(("F1", 1000, None, UNKNOWN)),
            Row(("x", None, 0.5, None)),
        ),
    )
    assert [table.texts(row) for row in table.rows] == [
        ("mAP50", "3", "0.333", "+0.12 [+0.10, +0.20]"),
        ("F1", "1000", "", "+0.50"),
        ("x", "", "0.500", ""),
    ]
    assert list(csv.reader(io.StringIO(as_csv(table)))) == [
        ["metric", "n", "mean", "gain", "gain low", "gain high"],
        ["mAP50", "3", str(1 / 3), "0.1234", "0.1", "0.2"],
        ["F1", "1000", "", "0.5", "", ""],
        ["x", "", "0.5", "", "", ""],
    ]


def test_what_stands_for_a_missing_value_is_the_columns_choice():
    table = Table((Column("F1", Kind.INTERVAL, missing="not known"),), (Row((None,)),))
    assert table.texts(table.rows[0]) == ("not known",)


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        Table(texts("a", "b"), (Row(("only one",)),))


def test_no_form_takes_a_cell_for_markup():
    table = Table(texts(HOSTILE, "b"), (Row((HOSTILE, "y"), Tone.GOOD),), (HOSTILE,))
    assert "<b>" not in html(table) + as_markdown(table)
    everything = re.sub(r"[│┃\s]", "", printed(table, 80, HOSTILE))
    assert everything.count("[bold]x[/bold]<b>|:warning:") == 4
    assert "\x1b" not in everything


FIGURES = st.floats(-1e6, 1e6).map(lambda value: Interval(value, value - 1, value + 1))


@given(
    st.lists(st.lists(FIGURES, min_size=6, max_size=6), min_size=1, max_size=3),
    st.integers(60, 200),
    st.text(st.characters(categories=["L"], max_codepoint=0x24F), max_size=60),
)
def test_no_number_is_cut_or_broken_however_narrow_the_terminal(rows, width, name):
    table = Table(
        (*texts("name"), *intervals(*(f"metric {n}" for n in range(6)))), tuple(Row((name, *row)) for row in rows)
    )
    shown = printed(table, width)
    assert "…" not in shown
    assert all(len(line) <= width for line in shown.splitlines())
    for row in rows:
        for figure in row:
            estimate, ends = f"{figure:.3f}".split(" ", 1)
            assert re.search(rf"(?<![\d.]){re.escape(estimate)}(?![\d.])", shown)
            assert ends in shown


def test_a_table_that_is_too_wide_goes_on_below_with_its_first_column():
    table = Table((*texts("metric"), *numbers(*"abcdef")), (Row(("mAP50", *(f"{10**20 + n}" for n in range(6)))),))
    shown = printed(table, 80, "Figures")
    assert shown.count("mAP50") == 3
    assert shown.count("Figures") == 1
    assert all(f"{10**20 + n}" in shown for n in range(6))
    assert printed(table, 200).count("mAP50") == 1


def test_an_interval_that_does_not_fit_goes_to_the_line_below_its_figure():
    table = Table((*texts("metric"), *intervals("a", "b", "c", "d")), (Row(("mAP50", *[Interval(0.5, 0.4, 0.6)] * 4)),))
    lines = [re.sub(r"[│\s]+", " ", line).strip() for line in printed(table, 80).splitlines()]
    assert "mAP50 0.500 0.500 0.500 0.500" in lines
    assert " ".join(["[0.400, 0.600]"] * 4) in lines


def test_a_table_without_titles_has_no_head():
    assert printed(Table(texts("", ""), (Row(("name", "value")),)), 80).count("─┬─") == 1


def test_sentences_are_printed_as_they_are():
    console = Console(width=20, file=io.StringIO(), color_system=None)
    say([HOSTILE + "x" * 40], console)
    assert console.file.getvalue() == HOSTILE.replace("\x1b", " ") + "x" * 40 + "\n"


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4))
def test_a_strip_keeps_its_marks_inside_and_in_order(values):
    low, estimate, high = sorted(values[:3])
    strip = Strip.of(low, estimate, high, values[3])
    assert all(9.99 <= place <= 90.01 for place in (strip.low, strip.estimate, strip.high, strip.limit))
    assert strip.low <= strip.estimate <= strip.high


@given(low=st.floats(-1, 1), size=st.floats(0, 1), scale=st.tuples(st.floats(-2, 0), st.floats(0, 2)))
def test_a_strip_on_a_common_scale_stays_in_its_cell_and_in_order(low, size, scale):
    strip = Strip.on(scale, low, low + size / 2, low + size)
    assert 0 <= strip.low <= strip.estimate <= strip.high <= 100
    assert 0 <= strip.limit <= 100


def test_sentences_break_between_words_and_commands_stay_whole():
    console = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None)
    command = "python -m src.tune_threshold threshold.evaluation=outputs/evaluate/2026-01-01"
    say((f"{'some words of a sentence ' * 5}", f"Next: {command}", "one  two"), console)
    lines = console.file.getvalue().splitlines()
    assert all(len(line) <= 40 and not line.endswith("wor") for line in lines[:-3])
    assert " ".join(line.strip() for line in lines[:-3]) == ("some words of a sentence " * 5).strip()
    assert lines[-3:] == ["Next:", command, "one  two"]
