"""A folder in YOLO form: `images/**` and `labels/**` side by side, perhaps with a data.yaml."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from src.core.errors import DataError
from src.data.images import is_image
from src.data.labels import Box, parse_labels
from src.data.options import YoloOptions
from src.data.problems import Problems
from src.data.sample import Sample, SourceData
from src.data.split import SPLITS

_IMAGES, _LABELS = "images", "labels"


@dataclass(frozen=True)
class YoloFolder:
    """A folder with `images/` and `labels/` of the same structure.

    Attributes:
        root: the folder.
        names: class names in the order of the ids.
        unlabelled: `refuse` or `background`: what an image without label file is.
        orphan_labels: `refuse` or `ignore`: what becomes of a label file without image.
        splits: folders below `images` (or image folders relative to root) by split, when the data set has its own.
    """

    root: Path
    names: tuple[str, ...]
    unlabelled: str
    orphan_labels: str
    splits: Mapping[str, Sequence[str]]

    def samples(self) -> tuple[Sample, ...]:
        """Read all labels; images are looked at later.

        Raises:
            DataError: a folder is missing, or labels that cannot be right, each with its file and line.
        """
        for folder in (_IMAGES, _LABELS):
            if not (self.root / folder).is_dir():
                raise DataError(f"{self.root}: has no folder '{folder}'; a YOLO data set has images/ and labels/")
        problems = Problems()
        images = self._images(problems)
        labels = {self._key(path, _LABELS): path for path in sorted((self.root / _LABELS).rglob("*.txt"))}
        labels.pop("classes", None)  # several labelling tools leave labels/classes.txt there
        if self.orphan_labels == "refuse":
            for key in sorted(labels.keys() - images.keys()):
                problems.add(
                    f"{labels[key]}: a label without image (expected {self.root / _IMAGES / key}.*);"
                    " delete it, or set data.orphan_labels=ignore"
                )
        samples = []
        for key, image in images.items():
            with problems.collected():
                name = image.relative_to(self.root / _IMAGES).as_posix()
                samples.append(Sample(name, image, self._boxes(image, labels.get(key)), self._split_of(image)))
        problems.raise_if_any()
        return tuple(samples)

    def _images(self, problems: Problems) -> dict[str, Path]:
        images: dict[str, Path] = {}
        for path in sorted((self.root / _IMAGES).rglob("*")):
            if is_image(path):
                key = self._key(path, _IMAGES)
                if key in images:
                    problems.add(f"{path} and {images[key].name} share the label file {key}.txt; rename one of them")
                images[key] = path
        return images

    def _key(self, path: Path, folder: str) -> str:
        return path.relative_to(self.root / folder).with_suffix("").as_posix()

    def _boxes(self, image: Path, label: Path | None) -> tuple[Box, ...]:
        if label is None:
            if self.unlabelled == "background":
                return ()
            raise DataError(
                f"{image}: has no label file; if such images show nothing of interest, set data.unlabelled=background"
            )
        try:
            text = label.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{label}: not a text file in UTF-8 ({error.reason} at byte {error.start})") from None
        return tuple(parse_labels(text, str(label), self.names))

    def _split_of(self, image: Path) -> str | None:
        for split, folders in self.splits.items():
            if any(image.is_relative_to(self.root / folder) for folder in folders):
                return split
        below_images = image.relative_to(self.root / _IMAGES).parts
        return below_images[0] if not self.splits and below_images[0] in SPLITS else None


class YoloSource:
    """The user's own data set in YOLO form."""

    def __init__(self, options: YoloOptions) -> None:
        self._options = options

    def read(self, work: Path) -> SourceData:  # noqa: ARG002 -- part of the protocol; nothing has to be made here
        """Read the folder, and its data.yaml if it has one."""
        path = Path(self._options.path)
        if not path.exists():
            raise DataError(f"data.path: {path} does not exist")
        description = path if path.is_file() else path / "data.yaml"
        content = _read_yaml(description) if description.is_file() else {}
        root = _root_of(description, content)
        names = tuple(self._options.names) or _names(description, content)
        folder = YoloFolder(
            root=root,
            names=names,
            unlabelled=self._options.unlabelled,
            orphan_labels=self._options.orphan_labels,
            splits=dict(_split_folders(description, content)),
        )
        return SourceData(names, folder.samples())


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected keys such as names, train and val, got a {type(content).__name__}")
    return content


def _root_of(description: Path, content: Mapping[str, Any]) -> Path:
    """The data set's folder; a `path` that does not exist here was written on another machine."""
    stated = content.get("path")
    if isinstance(stated, str) and (description.parent / stated).is_dir():
        return description.parent / stated
    return description.parent


def _names(description: Path, content: Mapping[str, Any]) -> tuple[str, ...]:
    names = content.get("names")
    if isinstance(names, dict):
        if sorted(names) != list(range(len(names))):
            raise DataError(f"{description}: 'names' must number the classes 0, 1, 2, …, got {sorted(names)}")
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise DataError(
            f"{description}: no class names; set data.names=[first,second,…] or write a data.yaml with 'names'"
        )
    return tuple(str(name) for name in names)


def _split_folders(description: Path, content: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for split in SPLITS:
        value = content.get(split)
        folders = [value] if isinstance(value, str) else value
        if not folders:
            continue
        if not isinstance(folders, list) or any(str(folder).endswith(".txt") for folder in folders):
            raise DataError(
                f"{description}: '{split}' must be a folder or a list of folders; lists of files are not read"
            )
        yield split, [str(folder) for folder in folders]
