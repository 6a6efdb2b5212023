"""The stage `prepare`: a data set in the form that training needs."""

from rich.console import Console
from rich.table import Table

from src.data.build import ensure_prepared
from src.data.options import DataOptions
from src.data.prepared import PreparedData


def prepare(options: DataOptions) -> PreparedData:
    """Make the data set, or find it made already.

    Raises:
        DataError: the source is missing or not what it should be.
    """
    return ensure_prepared(options)


def show(data: PreparedData, console: Console) -> None:
    """Print what the data set holds and where it lies."""
    table = Table(title=f"{data.name}: {', '.join(data.class_names)}", title_justify="left")
    table.add_column("split")
    for column in ("images", "boxes", "backgrounds"):
        table.add_column(column, justify="right")
    for split, counts in data.counts.items():
        table.add_row(split, str(counts.images), str(counts.boxes), str(counts.backgrounds))
    console.print(table)
    console.print(f"{data.data_yaml}\ndigest {data.digest}", soft_wrap=True, highlight=False)
