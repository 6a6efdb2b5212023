"""A data set in COCO-JSON form."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from src.core.errors import DataError, listed
from src.data.class_names import why_not
from src.data.labels import CLIPPED, TOLERANCE_PX, Box, box_from_corners
from src.data.options import CocoJsonOptions
from src.data.problems import Problems
from src.data.sample import Sample, SourceData, portable_name

Id = int | str  # tools write numbers, and names of files
_MOST_DIGITS = 20
_NO_CROWD = ("0", "0.0", "false", "none", "")
_LARGEST_SIDE_PX = 10**6


class CocoJsonSource:
    """The user's own data set in COCO-JSON form: one annotation file, or one per split."""

    def __init__(self, options: CocoJsonOptions) -> None:
        self._options = options

    def read(self, work: Path) -> SourceData:  # noqa: ARG002 -- part of the protocol; nothing has to be made here
        """Read the annotation files; images are looked at later."""
        names: tuple[str, ...] | None = None
        first: Path | None = None
        samples: list[Sample] = []
        crowds = clipped = 0
        for split, path, images in self._files():
            document = _Document(path, images, split, self._options.unlabelled)
            if names is not None and document.class_names != names:
                raise DataError(
                    f"{path}: its categories ({listed(document.class_names)}) differ from those of {first}"
                    f" ({listed(names)})"
                )
            names, first = document.class_names, first or path
            samples += document.samples()
            crowds += document.crowds
            clipped += document.clipped
        facts = {"crowd_annotations_left_out": crowds, CLIPPED: clipped}
        return SourceData(names or (), tuple(samples), facts, Path(self._options.path))

    def _files(self) -> Iterator[tuple[str | None, Path, Path]]:
        root, annotations, images = Path(self._options.path), self._options.annotations, self._options.images
        per_split: Mapping[str | None, str] = annotations if isinstance(annotations, dict) else {None: annotations}
        for split, name in per_split.items():
            folder = images[split] if isinstance(images, dict) and split in images else images
            if isinstance(folder, dict):
                raise DataError(f"data.images has no folder for the split '{split}' that data.annotations has")
            yield split, root / name, root / folder


class _Document:
    """One annotation file."""

    def __init__(self, path: Path, images: Path, split: str | None, unlabelled: str) -> None:
        self._path, self._folder, self._split, self._unlabelled = path, images, split, unlabelled
        content = _load(path)
        self._images = _by_id(path, content, "images")
        categories = _by_id(path, content, "categories")
        self._annotations: dict[Id, list[dict[str, Any]]] = defaultdict(list)
        used = set()
        for place, annotation in enumerate(_entries(path, content, "annotations")):
            where = f"{path}: annotation {annotation.get('id', f'number {place + 1}')}"
            self._annotations[_id(annotation.get("image_id"), where, "image_id")].append(annotation)
            used.add(_id(annotation.get("category_id"), where, "category_id"))
        if not self._annotations:
            missing = "'annotations' is empty" if "annotations" in content else "has no 'annotations'"
            raise DataError(
                f"{path}: {missing}: not one of its {len(self._images)} images has a box, and all would be backgrounds."
                " Is it the right file?"
            )
        # numbers in their order, then names
        ids = sorted(categories.keys() - _parents(categories, used), key=lambda key: (isinstance(key, str), key))
        self.class_names = tuple(_name(path, key, categories[key]) for key in ids)
        if not ids:
            raise DataError(f"{path}: 'categories' is empty; expected the classes, each with an id and a name")
        if reason := why_not(self.class_names):
            raise DataError(f"{path}: {reason}")
        self._class_ids = {category: number for number, category in enumerate(ids)}
        self.crowds = self.clipped = 0

    def samples(self) -> list[Sample]:
        """All images with their boxes.

        Raises:
            DataError: naming the file and the image or annotation of every mistake (the first ones).
        """
        problems = Problems()
        for image_id, annotations in self._annotations.items():
            if image_id not in self._images:
                problems.add(
                    f"{self._path}: annotation {annotations[0].get('id')}: there is no image with id {image_id}"
                )
        samples = []
        for image_id, image in self._images.items():
            with problems.collected():
                samples.append(self._sample(image_id, image, problems))
        problems.raise_if_any()
        return samples

    def _sample(self, image_id: Id, image: Mapping[str, Any], problems: Problems) -> Sample:
        where = f"{self._path}: image {image_id}"
        name = image.get("file_name")
        if not isinstance(name, str) or not name.strip():
            raise DataError(f"{where}: has no 'file_name'")
        name = name.replace("\\", "/")  # written on Windows
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise DataError(f"{where}: file_name '{name}' leaves the folder of images")
        try:
            with suppress(FileNotFoundError, NotADirectoryError):  # told later, as for all sources
                (self._folder / name).stat()
        except (OSError, ValueError) as error:  # too long, or with characters that no file name has
            raise DataError(f"{where}: file_name {name!a} cannot be the name of a file: {error}") from None
        name = self._without_folder(name)
        width, height = (_side(image.get(key), f"{where}: {key}") for key in ("width", "height"))
        annotations = self._annotations.get(image_id, [])
        if not annotations and self._unlabelled == "refuse":
            raise DataError(
                f"{where} ({name}): has no annotation; if such images show nothing of interest,"
                " set data.unlabelled=background"
            )
        boxes = []
        for annotation in annotations:
            if str(annotation.get("iscrowd", 0)).lower() not in _NO_CROWD:
                self.crowds += 1  # a region of many objects is no box to learn
                continue
            with problems.collected():
                boxes.append(self._box(annotation, width, height))
        key = name if self._split is None else f"{self._split}/{name}"
        return Sample(portable_name(key), self._folder / name, tuple(boxes), self._split, (width, height))

    def _without_folder(self, name: str) -> str:
        """The name within the folder of images; tools write that folder, too, when it lies beside their document."""
        first, _, rest = name.partition("/")
        repeats = first == self._folder.name and not (self._folder / name).is_file() and (self._folder / rest).is_file()
        return rest if repeats else name

    def _box(self, annotation: Mapping[str, Any], width: int, height: int) -> Box:
        where = f"{self._path}: annotation {annotation.get('id')} (image {annotation.get('image_id')})"
        category = _id(annotation.get("category_id"), where, "category_id")
        if category not in self._class_ids:
            raise DataError(f"{where}: category {category} is none of {listed(self._class_ids)}")
        corners: Any = annotation.get("bbox")
        try:
            x, y, wide, high = (float(number) for number in corners if not isinstance(number, str | bool))
        except (TypeError, ValueError, OverflowError):
            raise DataError(f"{where}: bbox must be [x, y, width, height] in pixels, got {corners}") from None
        edges = {"left": (x, width), "top": (y, height), "right": (x + wide, width), "bottom": (y + high, height)}
        fractions = []
        for name, (edge, limit) in edges.items():
            if not -TOLERANCE_PX <= edge <= limit + TOLERANCE_PX:  # also refuses NaN
                raise DataError(
                    f"{where}: bbox {corners} has its {name} edge at {edge:g}, outside the image (0 to {limit})"
                )
            fractions.append(min(max(edge, 0), limit) / limit)
        self.clipped += any(not 0 <= edge <= limit for edge, limit in edges.values())
        try:
            return box_from_corners(self._class_ids[category], *fractions)
        except DataError as error:
            raise DataError(f"{where}: bbox {corners}: {error}") from None


def _load(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"data.annotations: {path} does not exist") from None
    except (ValueError, RecursionError) as error:  # of JSON, of UTF-8, of numbers with too many digits
        raise DataError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise DataError(
            f"{path}: not in COCO form: expected an object with images, annotations and categories, got a"
            f" {type(content).__name__}"
        )
    return content


def _entries(path: Path, content: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    """What the document lists under a key; nothing where it lacks it."""
    found = content.get(part) or []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise DataError(f"{path}: '{part}' must be a list of objects")
    return found


def _by_id(path: Path, content: Mapping[str, Any], part: str) -> dict[Id, dict[str, Any]]:
    """The entries by their ids.

    Raises:
        DataError: there are none, one has no id, or two have the same.
    """
    entries = _entries(path, content, part)
    if not entries:
        raise DataError(f"{path}: has no '{part}'; expected images, annotations and categories")
    found = {
        _id(entry.get("id"), f"{path}: number {place + 1} of '{part}'", "id"): entry
        for place, entry in enumerate(entries)
    }
    if len(found) < len(entries):
        raise DataError(f"{path}: two {part} have the same id")
    return found


def _id(value: Any, where: str, key: str) -> Id:
    """An id as a number where it is one, whether it was written as a number or as a text."""
    whole = _whole(value)
    if whole is not None:
        return whole
    if isinstance(value, str) and value:
        return value
    raise DataError(f"{where}: {key} is {value!r}, neither a whole number nor a text")


def _whole(value: Any) -> int | None:
    """A whole number, perhaps written as a text or with a fraction of 0; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _MOST_DIGITS:
        return int(value)
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return None


def _side(value: Any, where: str) -> int:
    side = _whole(value)
    if side is None or not 0 < side <= _LARGEST_SIDE_PX:
        raise DataError(f"{where} must be a whole number from 1 to {_LARGEST_SIDE_PX}, got {value!r}")
    return side


def _name(path: Path, key: Id, category: Mapping[str, Any]) -> str:
    name = category.get("name", key)
    if not isinstance(name, int | float | str):
        raise DataError(f"{path}: category {key}: its name is a text, not {name!r}")
    return str(name)


def _parents(categories: Mapping[Id, Mapping[str, Any]], used: set[Id]) -> set[Id]:
    """Categories that only head others and have no annotation: Roboflow adds one with the project's name."""
    heads = [category.get("supercategory") for category in categories.values()]
    return {
        key
        for key, category in categories.items()
        if category.get("supercategory") == "none" and category.get("name") in heads and key not in used
    }
