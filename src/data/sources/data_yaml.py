"""Ultralytics' description of a data set, `data.yaml`: class names, and where the images of each split are."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from src.core.errors import DataError, listed
from src.data.class_names import why_not
from src.data.split import SPLITS

_ABSENT = ("", "null", "~", "None")
_SHOWN = 100  # characters of a path that cannot be one


@dataclass(frozen=True)
class DataYaml:
    """A data set's description, all scalars as they are written: a class may be called `no` or `1.0`.

    Attributes:
        file: the file; None where the data set has none.
        root: the data set's folder.
        content: what it says.
    """

    file: Path | None
    root: Path
    content: Mapping[str, Any]

    @staticmethod
    def of(path: Path) -> "DataYaml":
        """The description of a data set.

        Args:
            path: its folder, or its data.yaml.

        Raises:
            DataError: there is nothing at `path`, or the file is no YAML mapping.
        """
        if not path.exists():
            raise DataError(f"data.path: {path} does not exist")
        path = Path(os.path.normpath(path.absolute()))
        file = path if path.is_file() else path / "data.yaml"
        if not file.is_file():
            return DataYaml(None, path, {})
        content = _read(file)
        return DataYaml(file, _root_of(file, content), content)

    def names(self) -> tuple[str, ...]:
        """The class names in the order of their ids.

        Raises:
            DataError: there are none, two classes have the same name, or ids are missing.
        """
        found = self.content.get("names")
        if isinstance(found, dict):
            found = self._by_id(found)
        if not isinstance(found, list) or not found:
            raise DataError(
                f"{self.file or self.root}: no class names; set data.names=[first,second,…] or write a data.yaml with"
                " 'names'"
            )
        if nested := [name for name in found if not isinstance(name, str)]:
            raise DataError(f"{self.file}: a class name is a text, not {nested[0]!r}")
        if reason := why_not(found):
            raise DataError(f"{self.file}: {reason}")
        count = self.content.get("nc", str(len(found)))
        if count != str(len(found)):
            raise DataError(f"{self.file}: nc is {count}, but 'names' has {len(found)} classes; put one of them right")
        return tuple(found)

    def splits(self) -> dict[str, tuple[Path, ...]]:
        """The image folders, or lists of images, of each split that is named.

        Raises:
            DataError: a split is neither a path nor a list of paths.
        """
        found = {}
        for split, keys in {**{split: (split,) for split in SPLITS}, "val": ("val", "valid", "validation")}.items():
            value = next((self.content[key] for key in keys if key in self.content), None)
            places = [value] if isinstance(value, str) else value
            if isinstance(places, dict) or not all(isinstance(place, str) for place in places or ()):
                raise DataError(f"{self.file}: '{split}' must be a folder, a text file that lists images, or several")
            if named := [place for place in places or () if place not in _ABSENT]:
                found[split] = tuple(self._place(place) for place in named)
        return found

    def _place(self, written: str) -> Path:
        named = Path(written.replace("\\", "/"))
        there = _exists(self.root / named, self.file)
        # Roboflow writes ../train/images and means the data.yaml's own folder; Ultralytics reads it so, too
        if named.parts[:1] == ("..",) and not there:
            named = Path(*named.parts[1:])
        place = Path(os.path.normpath(self.root / named))
        if place in self.root.parents or place == Path(place.anchor):
            raise DataError(f"{self.file}: '{written}' leads to {place}, which holds far more than this data set")
        return place

    def _by_id(self, names: Mapping[str, Any]) -> list[Any]:
        try:
            by_id = {int(number): name for number, name in names.items()}
        except ValueError:
            example = listed([f"{number}: {name}" for number, name in enumerate(names)])
            raise DataError(
                f"{self.file}: 'names' must go from the id to the name, as in {{{example}}}, not from the name"
            ) from None
        if sorted(by_id) != list(range(len(names))):
            raise DataError(f"{self.file}: 'names' must number the classes 0, 1, 2, …, got {listed(names)}")
        return [by_id[number] for number in range(len(by_id))]


class _Loader(yaml.BaseLoader):
    """Makes texts only, no truth values or numbers: a class may be called yes or 1.0; and takes no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := [key for key, count in Counter(keys).items() if count > 1]:
            raise yaml.constructor.ConstructorError(None, None, f"the key '{twice[0]}' is there twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _read(file: Path) -> dict[str, Any]:
    try:
        content = _Loader(file.read_text(encoding="utf-8-sig")).get_single_data()
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{file}: cannot be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{file}: expected keys such as names, train and val, got a {type(content).__name__}")
    return content


def _exists(path: Path, file: Path | None) -> bool:
    try:
        return path.exists()
    except OSError as error:  # the name is too long, for instance
        raise DataError(f"{file}: there can be no path {str(path)[:_SHOWN]!r}: {error.strerror}") from None


def _root_of(file: Path, content: Mapping[str, Any]) -> Path:
    """The data set's folder; a `path` that does not exist here was written on another machine."""
    stated = content.get("path")
    if isinstance(stated, str) and stated not in _ABSENT and _exists(file.parent / stated / ".", file):
        return Path(os.path.normpath(file.parent / stated))
    return file.parent
