"""What the preparation of a data set prints."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from src.core.errors import listed
from src.documents.splits import DataSet, SplitCounts
from src.render import terminal
from src.render.table import Row, Table, numbers, texts


def show(
    data: DataSet, class_names: Sequence[str], counts: Mapping[str, SplitCounts], data_yaml: Path, console: Console
) -> None:
    """Print what the data set holds and where it lies.

    Args:
        data: The data set.
        class_names: Its classes.
        counts: What each split holds.
        data_yaml: Its description for Ultralytics.
        console: Where to print.
    """
    columns = (*texts("split"), *numbers("images", "boxes", "backgrounds"))
    rows = (Row((split, each.images, each.boxes, each.backgrounds)) for split, each in counts.items())
    terminal.show(Table(columns, tuple(rows)), console, f"{data.name}: {listed(class_names)}")
    terminal.say((str(data_yaml), f"digest {data.digest}"), console)
