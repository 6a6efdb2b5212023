"""What a data set is made of: the files and folders outside the project, and whether their content has changed.

Preparation, DVC's dependencies and the check whether prepared data are still the right ones all go by this.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from src.core.errors import DataError
from src.core.files import sha256_of, write_json
from src.data.options import ArchiveOptions, CocoJsonOptions, DataOptions, SyntheticOptions, YoloOptions
from src.data.sources.data_yaml import DataYaml
from src.data.sources.yolo_layout import places
from src.data.walk import files_below

# Ultralytics leaves caches in the folders that it reads.
_CACHES: Final = (".cache", ".npy")


def ingredients(options: DataOptions) -> tuple[Path, ...]:
    """The files and folders that a data set is made from; none where nothing outside the options decides its content.

    Raises:
        DataError: one of them does not exist.
    """
    if isinstance(options, SyntheticOptions):
        return tuple(sorted((Path(__file__).parent / "synthetic").glob("*.py")))
    if isinstance(options, ArchiveOptions):
        pinned = options.content_sha256 is not None and options.groups_file is None  # it covers images and labels only
        return _existing("data.archive", [Path(options.archive)] if options.archive and not pinned else [])
    if isinstance(options, YoloOptions):
        description = DataYaml.of(Path(options.path))
        return (*_yolo(description), *_groups(options, description.root))
    if isinstance(options, CocoJsonOptions):
        root = Path(options.path)
        if not root.is_dir():
            raise DataError(f"data.path: {root} does not exist, or is no folder")
        return (
            *_existing("data.annotations", [root / name for name in _values(options.annotations)]),
            *_existing("data.images", [root / name for name in _values(options.images)]),
            *_groups(options, root),
        )
    return ()


def watched(options: DataOptions) -> tuple[Path, ...]:
    """The paths by which DVC has to watch the ingredients: one folder with nearly all of them, and what lies elsewhere.

    Returns:
        No path, one, or two.
    """
    if isinstance(options, SyntheticOptions):
        return ()
    if isinstance(options, ArchiveOptions):
        return (Path(options.archive),) if options.archive else ()
    found = [_absolute(path) for path in ingredients(options)]
    description = DataYaml.of(Path(options.path)) if isinstance(options, YoloOptions) else None
    parts = [path for path in found if description is None or path != description.file] or found
    common = Path(os.path.commonpath([path if path.is_dir() else path.parent for path in parts]))
    if description is not None and common.is_relative_to(description.root):
        common = description.root
    if common == Path(common.anchor):
        raise DataError(
            f"data.path: the parts of the data set lie in folders that have nothing in common ({parts[0]} and"
            f" {parts[-1]}); DVC can watch one folder. Put them, or links to them, into one"
        )
    return (common, *(path for path in found if path not in parts and not path.is_relative_to(common)))


def content_state(options: DataOptions, memory: Path) -> str:
    """A digest of the names and contents of all ingredients; it is the same wherever and whenever they were copied.

    Files are read when their names, sizes or times differ from those at the last call only.

    Args:
        options: The data set.
        memory: The file that remembers the last call; it is made, and may be removed.

    Raises:
        DataError: an ingredient does not exist.
    """
    paths = ingredients(options)
    if not paths:
        return ""
    look = _digest(_appearances(paths))
    known = _remembered(memory)
    if known.get("look") == look:
        return known["content"]
    content = _digest(f"{name} {sha256_of(file)}" for name, file in _named(paths))
    memory.parent.mkdir(parents=True, exist_ok=True)
    write_json(memory, {"look": look, "content": content})
    return content


def _yolo(description: DataYaml) -> tuple[Path, ...]:
    own = places(description.root, description.splits())
    return (*([description.file] if description.file else []), *own)


def _groups(options: DataOptions, root: Path) -> tuple[Path, ...]:
    return _existing("data.groups", [root / options.groups_file] if options.groups_file else [])


def _absolute(path: Path) -> Path:
    return Path(os.path.normpath(path.absolute()))


def _values(setting: object) -> Sequence[str]:
    return [str(value) for value in setting.values()] if isinstance(setting, dict) else [str(setting)]


def _existing(setting: str, paths: Sequence[Path]) -> tuple[Path, ...]:
    for path in paths:
        if not path.exists():
            raise DataError(f"{setting}: {path} does not exist")
    return tuple(paths)


def _named(paths: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """All files, named relative to their ingredient, so that the name holds on another machine."""
    for path in paths:
        for file in files_below(path) if path.is_dir() else [path]:
            if file.suffix not in _CACHES:
                yield f"{path.name}/{file.relative_to(path).as_posix()}", file


def _appearances(paths: Sequence[Path]) -> Iterator[str]:
    for _, file in _named(paths):
        status = file.stat()
        yield f"{_absolute(file)} {status.st_size} {status.st_mtime_ns}"


def _digest(lines: Iterator[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(f"{line}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _remembered(memory: Path) -> dict[str, str]:
    """What the last call found; nothing where there was none, or the file is damaged: then files are read again."""
    try:
        content = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and {"look", "content"} <= content.keys() else {}
