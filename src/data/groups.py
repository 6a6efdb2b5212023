"""What belongs together: the frames of a video, the views of a place, the slices of a patient."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

from src.core.errors import ConfigError, DataError
from src.data.sample import Sample

_FILES = (".csv", ".txt")
_COLUMNS = 2

GroupOf = Callable[[Sample], str]


def is_file(groups: str) -> bool:
    """Whether `data.groups` names a file of the data set; else it is a pattern."""
    return groups.lower().endswith(_FILES)


def check_pattern(groups: str) -> None:
    """Refuse what is neither the name of a file nor a regular expression.

    Raises:
        ConfigError: so it is.
    """
    try:
        re.compile("" if is_file(groups) else groups)
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigError(
            f"data.groups={groups!r} is no regular expression: {error}. (A file ends in {' or '.join(_FILES)}.)"
        ) from error


def group_of(groups: str, root: Path | None) -> GroupOf:
    """What names the group of an image.

    Args:
        groups: A pattern on the image's path in the data set, or a file that has for each image a line `image,group`.
        root: The data set's folder, in which the file lies; None where there is none.

    Raises:
        DataError: there is no such file, or it is not of that form; the function raises it for an image without group.
    """
    if not is_file(groups):
        return _by_pattern(groups)
    if root is None:
        raise DataError(f"data.groups={groups}: this data set has no files of its own; give a pattern")
    return _by_file(root / groups)


def _by_pattern(pattern: str) -> GroupOf:
    compiled = re.compile(pattern)

    def named(sample: Sample) -> str:
        match = compiled.search(sample.name)
        found = match and (match[1] if compiled.groups else match[0])
        if not found:
            raise DataError(f"{sample.image}: data.groups={pattern!r} does not match its name '{sample.name}'")
        return found

    return named


def _by_file(file: Path) -> GroupOf:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise DataError(f"data.groups: {file} does not exist") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not a text file in UTF-8 ({error.reason} at byte {error.start})") from None
    groups: dict[str, str] = {}
    for number, row in enumerate(csv.reader(lines, skipinitialspace=True), start=1):
        if not row:
            continue
        if len(row) != _COLUMNS or not all(cell.strip() for cell in row):
            raise DataError(f"{file}:{number}: expected two columns, image and group, as in a.jpg,video1")
        image, group = (cell.strip() for cell in row)
        image = image.replace("\\", "/").removeprefix("./")
        if groups.setdefault(image, group) != group:
            raise DataError(f"{file}:{number}: {image} is in the groups '{groups[image]}' and '{group}'")

    def named(sample: Sample) -> str:
        path = Path(sample.name)
        for name in (sample.name, f"images/{sample.name}", path.name, path.stem):
            if name in groups:
                return groups[name]
        raise DataError(f"{file}: has no line for the image '{sample.name}'; expected {sample.name},GROUP")

    return named
