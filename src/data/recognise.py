"""What kind of data set a folder or file is, told from its layout as Ultralytics and labelling tools write it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from src.core.errors import DataError, listed
from src.data.options import CocoJsonOptions, YoloOptions
from src.data.sources.data_yaml import DataYaml
from src.data.sources.yolo_layout import IMAGES, SPLIT_OF, own_folders
from src.data.split import SPLITS

_BEGINNING = 1 << 20  # bytes of an annotation file that are looked at; it may have hundreds of megabytes
_COCO = re.compile(r'"(images|annotations|categories)"\s*:')
_FILE_NAME = re.compile(r'"file_name"\s*:\s*("(?:[^"\\]|\\.)*")')
_SPLIT_IN_NAME = re.compile(r"(?:^|[^a-z])(train|valid|validation|val|test)(?![a-z])")
_NAME_LISTS = ("classes.txt", "obj.names")
_LONGEST = 100  # characters of a name


@dataclass(frozen=True)
class Recognised:
    """A data set as the options `data` describe it.

    Attributes:
        kind: Which file of `conf/data` reads it.
        form: What it is, in words.
        splits: The splits that it has itself; empty where it must be cut.
        settings: What to set, by the names of the options.
    """

    kind: str
    form: str
    splits: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)


def recognise(path: Path) -> Recognised:
    """Say what is at a path; only names and the beginnings of files are looked at.

    Args:
        path: The folder of a data set, its `data.yaml`, or an annotation file of COCO.

    Raises:
        DataError: There is nothing, or nothing that is known.
    """
    if not path.exists():
        raise DataError(_not_there(path))
    if path.is_dir():
        found = _coco(path) or _yolo(path)
    elif path.suffix == ".json":
        found = _coco_file(path.parent, path)
    else:
        found = _yolo(path) if path.is_file() else None
    if found is None:
        raise DataError(_nothing_known(path))
    own = found.splits if {"train", "val"} <= set(found.splits) else ()
    name = re.sub(r"[^\w.-]+", "_", _named_after(path)).strip("._")[:_LONGEST] or "data"
    settings = {"name": name, **found.settings, **({"splits": None} if own else {})}
    return Recognised(found.kind, found.form, own, settings)


def _not_there(path: Path) -> str:
    folder = next((parent for parent in path.parents if parent.is_dir()), Path())
    missing = path.relative_to(folder).parts[0]
    near = get_close_matches(missing, (entry.name for entry in folder.iterdir()), n=1)
    return f"there is no folder or file {path}{f'; {folder} holds {near[0]!r}' if near else ''}"


def _named_after(path: Path) -> str:
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    return folder.parent.name if folder.name == "annotations" else folder.name


def _yolo(path: Path) -> Recognised | None:
    file = path if path.is_file() else next(_descriptions(path), path)
    description = DataYaml.of(file)
    root = description.root
    if description.file is not None:
        splits = tuple(description.splits()) or _splits_by_folder(root)
        return Recognised(
            YoloOptions.kind, f"YOLO form, described by {description.file.name}", splits, {"path": str(file)}
        )
    if not any(own_folders(root)):
        return None
    settings: dict[str, Any] = {"path": str(root)}
    names = next((root / name for name in _NAME_LISTS if (root / name).is_file()), None)
    if names is not None:
        settings["names"] = [line.strip() for line in _beginning(names).splitlines() if line.strip()]
    return Recognised(YoloOptions.kind, "YOLO form, images and labels", _splits_by_folder(root), settings)


def _descriptions(folder: Path) -> Iterator[Path]:
    """YAML files that name classes; `data.yaml` first."""
    files = sorted(
        {*folder.glob("*.yaml"), *folder.glob("*.yml")}, key=lambda file: (file.name != "data.yaml", file.name)
    )
    return (file for file in files if file.is_file() and re.search(r"^names\s*:", _beginning(file), re.MULTILINE))


def _splits_by_folder(root: Path) -> tuple[str, ...]:
    """Splits that have a folder of their own: `images/train`, or `train/images`."""
    found = {
        split for name, split in SPLIT_OF.items() if (root / IMAGES / name).is_dir() or (root / name / IMAGES).is_dir()
    }
    return tuple(split for split in SPLITS if split in found)


def _coco(folder: Path) -> Recognised | None:
    files = [
        file
        for below in (folder, folder / "annotations", *(folder / name for name in SPLIT_OF))
        for file in sorted(below.glob("*.json"))
        if _is_coco(file)
    ]
    by_split = {split: file for file in reversed(files) if (split := _split_of(file, folder))}
    if {"train", "val"} <= set(by_split):
        order = [split for split in SPLITS if split in by_split]
        return Recognised(
            CocoJsonOptions.kind,
            f"COCO JSON, a file per split such as {by_split['train'].relative_to(folder)}",
            tuple(order),
            {
                "path": str(folder),
                "annotations": {split: by_split[split].relative_to(folder).as_posix() for split in order},
                "images": {split: _images_of(by_split[split], folder) for split in order},
            },
        )
    if len(files) > 1:
        names = listed([file.relative_to(folder).as_posix() for file in files])
        raise DataError(f"{folder} has several annotation files, and none for train and val: {names}; name one of them")
    return _coco_file(folder, files[0]) if files else None


def _coco_file(folder: Path, file: Path) -> Recognised | None:
    if not _is_coco(file):
        return None
    settings = {"annotations": file.relative_to(folder).as_posix(), "images": _images_of(file, folder)}
    return Recognised(CocoJsonOptions.kind, f"COCO JSON, {file.name}", (), {"path": str(folder), **settings})


def _is_coco(file: Path) -> bool:
    return file.is_file() and len(set(_COCO.findall(_beginning(file)))) > 1


def _split_of(file: Path, folder: Path) -> str | None:
    """The split that a file's name, or the folder that it lies in, speaks of."""
    for text in (file.name, file.parent.name if file.parent != folder else ""):
        if found := _SPLIT_IN_NAME.search(text.lower()):
            return SPLIT_OF[found[1]]
    return None


def _images_of(file: Path, folder: Path) -> str:
    """The folder in which the first image lies that an annotation file names."""
    named = _FILE_NAME.search(_beginning(file))
    first = json.loads(named[1]).replace("\\", "/") if named else ""
    ending = file.stem.rpartition("_")[2]
    places = [file.parent, *(folder / place for place in (ending, f"{IMAGES}/{ending}", IMAGES, "data", "."))]
    for place in places:
        if first and (place / first).is_file():
            return place.relative_to(folder).as_posix()
    raise DataError(f"{file} names the image '{first}', which is in none of {listed([str(place) for place in places])}")


def _beginning(file: Path) -> str:
    with file.open("rb") as stream:
        return stream.read(_BEGINNING).decode("utf-8-sig", errors="replace")


def _nothing_known(path: Path) -> str:
    if (path / "obj.names").is_file():
        return (
            f"{path} is in CVAT's older form 'YOLO 1.1', which Ultralytics does not read either; export it as"
            " 'Ultralytics YOLO Detection' or as COCO"
        )
    there = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
    shown = f"it holds {listed(there)}" if there else "it is empty" if path.is_dir() else "this file is neither"
    return (
        f"{path} is no data set that is known: expected folders images and labels, a data.yaml with 'names', or an"
        f" annotation file in COCO JSON; {shown}"
    )
