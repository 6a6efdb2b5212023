"""What the preparation of a data set prints."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from src.documents.splits import DataSet, SplitCounts
from src.render.printed.prepared import show


def printed(class_names: Sequence[str], name: str = "mine") -> str:
    """What a terminal of 80 columns gets."""
    console = Console(file=io.StringIO(), width=80)
    show(DataSet(name, "0" * 64), class_names, {"train": SplitCounts(10, 20, 1)}, Path("data.yaml"), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_of_a_thousand_classes_the_first_are_named() -> None:
    """And how many more there are."""
    said = " ".join(printed([f"class {number}" for number in range(1203)]).split())
    assert "mine: class 0, class 1," in said
    assert "class 11, … and 1,191 more" in said
    assert len(said) < 600


@pytest.mark.parametrize("name", ["[bold]", "[/]", "[/red]", "[link=x]y", "\x1b[31mred", "\u202e", "人", "a\\[b"])
def test_names_are_shown_as_they_are(name: str) -> None:
    """No name is markup or an order to the terminal."""
    said = printed([name], name)
    assert said.count(name.replace("\x1b", " ")) == 2
    assert "\x1b" not in said
