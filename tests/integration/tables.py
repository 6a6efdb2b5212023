"""Two of MLflow's databases made comparable: all rows of all tables, but for what differs by nature.

An id is replaced by what it stands for, wherever it occurs: in a column of its own, an address, a tag, a saved view.
"""

import base64
import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

Row = tuple[str, tuple[tuple[str, object], ...]]

# (table, column): why it differs. What is in none of these lists is compared.
BY_THE_STORES_CLOCK = {
    ("experiments", "creation_time"): "when the store made the experiment",
    ("experiments", "last_update_time"): "when the store made the experiment",
}
BY_THE_TRAININGS_CLOCK = {
    ("runs", "start_time"): "two trainings begin at two times",
    ("runs", "end_time"): "two trainings end at two times",
    ("metrics", "timestamp"): "two trainings reach an epoch at two times",
    ("latest_metrics", "timestamp"): "two trainings reach an epoch at two times",
}
_STATE = re.compile(r"deflate;([\w+/=]+)")


def rows(database: Path, *, named_by: str, masked: Iterable[tuple[str, str]], texts: Mapping[str, str]) -> list[Row]:
    """All rows of a SQLite database, sorted, each with its table's name.

    Args:
        database: The file.
        named_by: The tag that tells a run: `tracking.key` or `mlflow.runName`.
        masked: Tables and columns whose values are left out.
        texts: Further texts to replace, such as folders, by what they are replaced with.
    """
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        names = {**_names(connection, named_by), **texts}
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = [row for table in tables for row in _rows_of(connection, table, names, set(masked))]
    return sorted(found, key=repr)


def files(root: Path, names: Mapping[str, str]) -> dict[str, bytes]:
    """All files below a folder by their paths, in which ids are replaced."""
    return {
        _replaced(str(path.relative_to(root)), names): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def run_names(database: Path, named_by: str) -> dict[str, str]:
    """The ids of runs, each with what names it."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return _names(connection, named_by)


def _names(connection: sqlite3.Connection, named_by: str) -> dict[str, str]:
    """What each id stands for; of a run its name, because in one test no two runs have the same."""
    runs = connection.execute("SELECT run_uuid, value FROM tags WHERE key = ?", (named_by,)).fetchall()
    names = {run: f"<run {value}>" for run, value in runs}
    assert len(set(names.values())) == len(names), f"two runs have the same {named_by}"
    for dataset, name, digest in connection.execute("SELECT dataset_uuid, name, digest FROM datasets"):
        names[dataset] = f"<data set {name} {digest}>"
    for used, source, target in connection.execute("SELECT input_uuid, source_id, destination_id FROM inputs"):
        names[used] = f"<use of {names[source]} by {names[target]}>"
    return names


def _rows_of(
    connection: sqlite3.Connection, table: str, names: Mapping[str, str], masked: set[tuple[str, str]]
) -> Iterable[Row]:
    cursor = connection.execute(f"SELECT * FROM {table}")
    columns = [column for column, *_ in cursor.description]
    for values in cursor:
        yield (
            table,
            tuple(
                (column, _replaced(value, names) if isinstance(value, str) else value)
                for column, value in zip(columns, values, strict=True)
                if (table, column) not in masked
            ),
        )


def _replaced(text: str, names: Mapping[str, str]) -> str:
    text = _STATE.sub(lambda match: json.dumps(zlib.decompress(base64.b64decode(match[1])).decode()), text)
    for name, label in names.items():
        text = text.replace(name, label)
    return text
