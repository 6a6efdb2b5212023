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
BETWEEN_TWO_TRAININGS = {
    ("runs", "start_time"): "two trainings begin at two times",
    ("runs", "end_time"): "two trainings end at two times",
    ("metrics", "timestamp"): "two trainings reach an epoch at two times",
    ("latest_metrics", "timestamp"): "two trainings reach an epoch at two times",
    ("metrics", "train/seconds"): "two trainings take two times",
    ("latest_metrics", "train/seconds"): "two trainings take two times",
    ("metrics", "model/weights_mb"): "the file of weights names the folder that it was trained in",
    ("latest_metrics", "model/weights_mb"): "the file of weights names the folder that it was trained in",
    ("tags", "mlflow.source.git.commit"): "somebody may commit between two trainings",
    ("tags", "git.dirty"): "likewise",
}
VIEW_TIMES = {r'"(createdAt|updatedAt)": \d+': r'"\1": <time>'}  # two studies save their views at two times
_STATE = re.compile(r"deflate;([\w+/=]+)")


def rows(
    database: Path,
    *,
    named_by: str,
    masked: Iterable[tuple[str, str]],
    texts: Mapping[str, str],
    patterns: Mapping[str, str] | None = None,
) -> list[str]:
    """All rows of a SQLite database, sorted, each with its table's name.

    Args:
        database: The file.
        named_by: The tag that tells a run: `tracking.key` or `mlflow.runName`.
        masked: Tables and columns whose values are left out; or tables and keys, of which `value` is.
        texts: Further texts to replace, such as folders, by what they are replaced with.
        patterns: Regular expressions, likewise.
    """
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        names = {**_names(connection, named_by), **texts}
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = [row for table in tables for row in _rows_of(connection, table, names, set(masked))]
    texts_of = [repr(row) for row in found]
    for pattern, replacement in (patterns or {}).items():
        texts_of = [re.sub(pattern, replacement, text) for text in texts_of]
    return sorted(texts_of)


def files(root: Path, names: Mapping[str, str]) -> dict[str, bytes]:
    """All files below a folder by their paths, in which ids are replaced, as they are in what is text."""
    paths = [path for path in root.rglob("*") if path.is_file()]
    return {_replaced(str(path.relative_to(root)), names): _content(path, names) for path in paths}


def _content(path: Path, names: Mapping[str, str]) -> bytes:
    content = path.read_bytes()
    try:
        return _replaced(content.decode(), names).encode()
    except UnicodeDecodeError:
        return content


def run_names(database: Path, named_by: str) -> dict[str, str]:
    """The ids of runs, each with what names it."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return _names(connection, named_by)


def _names(connection: sqlite3.Connection, named_by: str) -> dict[str, str]:
    """What each id stands for; of a run its name, because in one test no two runs have the same."""
    runs = connection.execute("SELECT run_uuid, value FROM tags WHERE key = ?", (named_by,)).fetchall()
    names = {run: f"<run {value}>" for run, value in runs}
    assert len(set(names.values())) == len(names), f"two runs have the same {named_by}"
    if named_by != "tracking.key":
        keys = connection.execute("SELECT value, run_uuid FROM tags WHERE key = 'tracking.key'")
        names |= {key: f"<key of {names[run]}>" for key, run in keys}
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
        row = dict(zip(columns, values, strict=True))
        left_out = {column for column in row if (table, column) in masked}
        if (table, row.get("key")) in masked:
            left_out.add("value")
        kept = [(column, value) for column, value in row.items() if column not in left_out]
        yield table, tuple((name, _replaced(value, names) if isinstance(value, str) else value) for name, value in kept)


def _replaced(text: str, names: Mapping[str, str]) -> str:
    text = _STATE.sub(lambda match: json.dumps(zlib.decompress(base64.b64decode(match[1])).decode()), text)
    for name, label in names.items():
        text = text.replace(name, label)
    return text
