"""The files below a folder, symbolic links to folders included."""

import os
from collections.abc import Iterator
from pathlib import Path

from src.core.errors import DataError


def files_below(folder: Path) -> Iterator[Path]:
    """All files below `folder`, sorted within each folder; a link that leads back into a folder above it ends there.

    `Path.rglob` follows no links to folders, so that a data set made of linked folders would lose images.
    """
    yield from _walk(folder, frozenset())


def _walk(folder: Path, above: frozenset[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except PermissionError:
        raise DataError(f"{folder}: no permission to read this folder") from None
    for entry in entries:
        path = folder / entry.name
        if entry.is_symlink() and not path.exists():
            raise DataError(f"{path}: this link leads to {path.readlink()}, where nothing is; mend or remove it")
        if entry.is_dir():
            yield from _walk(path, above | {real})
        elif entry.is_file():
            yield path
