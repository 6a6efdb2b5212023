"""What is shown at the end of a sweep: data as they are, and no number cut."""

import io
import tempfile
from pathlib import Path

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import create_trial
from optuna_search.results.files import summarise, write
from optuna_search.results.table import number_text, print_counts, print_table, say, short_names
from rich.console import Console

ODD = ["[bold]x", "[/]", "[red", "a]b", ":smile:", "\udcff", "ж", "x" * 100_000]


def study_of(params, values=(0.123456,), attributes=None):
    """A study with trials that have the same parameters."""
    study = optuna.create_study(study_name="a[b]/[c", direction="maximize")
    for value in values:
        distributions = {
            key: FloatDistribution(0, 1) if isinstance(item, float) else CategoricalDistribution([item])
            for key, item in params.items()
        }
        study.add_trial(
            create_trial(value=value, params=params, distributions=distributions, user_attrs=attributes or {})
        )
    return study


def printed(study, folder, width=80, columns=()):
    console = Console(file=io.StringIO(), width=width)
    summary = summarise(study, folder)
    print_table(study, summary, columns, console)
    print_counts(study, summary, console)
    return console.file.getvalue()


@pytest.mark.parametrize("text", ODD)
def test_a_text_is_shown_as_it_is(text, tmp_path):
    """Brackets are no markup, and a long word is shortened."""
    shown = printed(study_of({"kind": text}), tmp_path)
    assert (text if len(text) < 60 else "xxx…") in shown
    assert "a[b]/[c" in shown


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("count", [2, 6, 14])
def test_no_number_is_cut(width, count, tmp_path):
    """Where the columns do not fit, the best trial's parameters stand below each other."""
    params = {f"train.parameter_{number}": 0.12345 + number / 1000 for number in range(count)}
    shown = printed(study_of(params, [0.98765, 0.1]), tmp_path, width, ["metrics/some_attribute"])
    assert all(number_text(value) in shown for value in params.values())
    assert "0.9877" in shown
    assert max(map(len, shown.splitlines())) <= width


@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(60, 160),
    params=st.lists(st.sampled_from(["lr", "batch size", "an optimizer name of several words"]), unique=True),
    attributes=st.lists(st.sampled_from(["mAP50", "metrics of the val split", "unset"]), unique=True),
    std=st.sampled_from([None, 0.0123]),
)
def test_each_value_has_its_place_at_every_width(width, params, attributes, std):
    """Also values and names with spaces in them, which rich would cut after their longest word."""
    known = {name: 0.1234 for name in attributes if name != "unset"}
    spread = {} if std is None else {"replicates_std": [std]}
    study = study_of(dict.fromkeys(params, 0.4321), [0.98765, 0.1], {**known, **spread, "task_seconds": 4.0})
    with tempfile.TemporaryDirectory() as folder:
        shown = printed(study, Path(folder), width, attributes)
    table = shown[shown.index("Best trials") if "Best trials" in shown else 0 :]
    assert "…" not in table
    assert max(map(len, table.splitlines())) <= width
    assert ("0.9877" if std is None else "0.9877 ± 0.012") in table
    assert "Best trials" not in table or "0:04" in table
    assert "unset" not in table


def test_of_attributes_that_do_not_fit_the_first_stay(tmp_path):
    attributes = {"replicate": "train.seed=1", "long": "x" * 50, "longer": "y" * 50}
    shown = printed(study_of({"lr": 0.5}, [0.2, 0.1], attributes), tmp_path, 80, list(attributes))
    assert "train.seed=1" in shown
    assert "xxx" not in shown
    assert "yyy" not in shown


def test_names_are_as_short_as_they_can_be_told_apart():
    assert short_names(["a.lr", "b.lr", "b.c.x", "y"]) == ["a.lr", "b.lr", "x", "y"]
    assert short_names(["lr", "a.lr"]) == ["lr", "a.lr"]


def test_the_file_has_each_column_once_and_the_lists(tmp_path):
    study = study_of({"x": 0.5}, [0.2], {"value": 0.2, "flags": ["few_steps", "odd"], "deep": {"a": 1}, "t": "\udcff"})
    write(study, summarise(study, tmp_path))
    header, row = (tmp_path / "trials.csv").read_text().splitlines()
    assert header == "number,state,value,x,seconds,flags,t"
    assert "few_steps; odd" in row


def test_equal_values_are_said_to_be_equal(tmp_path):
    equal = "have the same value: none is better than another"
    assert f"All 3 trials {equal}" in printed(study_of({"x": 0.5}, [0.0, 0.0, 0.0]), tmp_path)
    assert equal not in printed(study_of({"x": 0.5}, [0.0, 0.1]), tmp_path)
    assert equal not in printed(study_of({"x": 0.5}, [0.0]), tmp_path)


def test_a_trials_time_is_that_of_its_task(tmp_path):
    """Without the imports that the first trial of a sweep waits for."""
    study = study_of({"x": 0.5}, [0.2], {"task_seconds": 61.4})
    assert "1:01" in printed(study, tmp_path)
    write(study, summarise(study, tmp_path))
    header, row = (tmp_path / "trials.csv").read_text().splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True)) == {
        "number": "0",
        "state": "COMPLETE",
        "value": "0.2",
        "x": "0.5",
        "seconds": "61.4",
    }


def test_long_column_names_take_several_lines_and_sentences_break_between_words(tmp_path):
    study = study_of({f"{'long' * 15}{number}": 0.12345 for number in range(2)}, [0.98765])
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    print_table(study, summarise(study, tmp_path), [], console)
    say("word " * 30 + "x" * 100, console)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines[:-1])) <= 80
    assert lines[-1] == "x" * 100
    assert all(line.endswith("word") for line in lines[-3:-1])


@pytest.mark.parametrize("text", ["a\x1b[31mb", "bell\x07", "\u202ereversed", "a\rb"])
def test_what_a_terminal_takes_for_an_order_is_shown_as_an_escape(text, tmp_path):
    shown = printed(study_of({"kind": text}), tmp_path)
    assert text not in shown
    assert text.encode("unicode_escape").decode() in shown
