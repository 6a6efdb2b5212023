"""What the user can set about a data set: group `data`."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from omegaconf import MISSING

from src.core.errors import ConfigError, did_you_mean, listed
from src.data.class_names import why_not
from src.data.groups import check_pattern, is_file
from src.data.labels import ROWS, STRICT
from src.data.split import SPLITS, check_shares

BACKGROUNDS = ("drop", "keep")
UNLABELLED = ("refuse", "background")
ORPHANS = ("refuse", "ignore")
RESIZE_MODES = ("stretch", "fit")

_SMALLEST_IMAGE_PX = 32  # the coarsest stride of the detectors
# Says where things lie or what to search, not what the data set is made of.
_NOT_INGREDIENTS = frozenset({"name", "root", "imgsz_choices", "archive", "url", "downloads", "path"})


@dataclass
class DataOptions:
    """What all sources have in common.

    Attributes:
        name: the data set's folder below `root`.
        source: which kind of source; fixed by the choice of `data=…`.
        root: the folder of all prepared data sets.
        classes: names of the classes to keep, renumbered in this order; empty keeps all.
        splits: fractions (each below 1) or numbers of images per split; none keeps the source's own splits.
        split_seed: seed of the shuffle before the cut.
        resize: side in pixels to bring images to; none leaves them as they are.
        resize_mode: `stretch` to a square, or `fit` the longer side (never enlarging).
        backgrounds: whether images without a box of the classes are dropped or kept.
        unlabelled: whether an image without a label file is refused or counts as background.
        orphan_labels: whether a label file without image is refused or ignored.
        rows: `strict` refuses label rows that are no boxes; `boxes` takes the box around a polygon, and leaves out key
            points and confidences.
        groups: a regular expression on the image's path in the data set whose first group, or all that matches, names
            what belongs together (the frames of a video), or a file of the data set, `.csv` or `.txt`, with lines
            `image,group`; a group is never cut by a split. None for no groups.
        max_megapixels: an image with more is refused, as it may be made to fill the memory.
        imgsz_choices: image sizes worth searching on this data; the search space refers to them.
    """

    name: str = MISSING
    source: str = MISSING
    root: str = "data/prepared"
    classes: list[str] = field(default_factory=list)
    splits: dict[str, float] | None = None
    split_seed: int = 42
    resize: int | None = None
    resize_mode: str = "stretch"
    backgrounds: str = "keep"
    unlabelled: str = "refuse"
    orphan_labels: str = "refuse"
    rows: str = STRICT
    groups: str | None = None
    max_megapixels: float = 179.0
    imgsz_choices: list[int] = field(default_factory=list)

    kind: ClassVar[str] = ""

    def __post_init__(self) -> None:
        _check_choice("resize_mode", self.resize_mode, RESIZE_MODES)
        _check_choice("backgrounds", self.backgrounds, BACKGROUNDS)
        _check_choice("unlabelled", self.unlabelled, UNLABELLED)
        _check_choice("orphan_labels", self.orphan_labels, ORPHANS)
        _check_choice("rows", self.rows, ROWS)
        if not self.max_megapixels > 0:
            raise ConfigError(f"data.max_megapixels must be above 0, got {self.max_megapixels}")
        if self.groups is not None:
            check_pattern(self.groups)
        if self.source != self.kind:
            raise ConfigError(f"data.source is fixed to '{self.kind}' here, got '{self.source}'; choose with data=NAME")
        if self.name != MISSING and (not self.name or Path(self.name).name != self.name or self.name.startswith(".")):
            raise ConfigError(f"data.name must be the name of a folder, got '{self.name}'")
        if self.resize is not None and self.resize < _SMALLEST_IMAGE_PX:
            raise ConfigError(f"data.resize must be at least {_SMALLEST_IMAGE_PX} pixels or null, got {self.resize}")
        repeated = sorted({name for name in self.classes if self.classes.count(name) > 1})
        if repeated:
            raise ConfigError(f"data.classes names {repeated} twice")
        if any(size < _SMALLEST_IMAGE_PX for size in self.imgsz_choices):
            raise ConfigError(f"data.imgsz_choices must be at least {_SMALLEST_IMAGE_PX}, got {self.imgsz_choices}")
        if self.splits is not None:
            check_shares(self.splits)

    @property
    def folder(self) -> Path:
        """Where the prepared data set lies."""
        return Path(self.root) / self.name

    @property
    def groups_file(self) -> str | None:
        """The file of the data set that says what belongs together, if one does."""
        return self.groups if self.groups is not None and is_file(self.groups) else None

    def recipe(self) -> dict[str, Any]:
        """All settings that decide what the data set contains, and none that only say where things lie."""
        settings = dataclasses.asdict(self)
        return {key: value for key, value in settings.items() if key not in _NOT_INGREDIENTS}


@dataclass
class ArchiveOptions(DataOptions):
    """A zip archive with a data set in YOLO form, pinned by its content.

    Attributes:
        url: where to download it, https only.
        archive: a local copy, instead of the download.
        downloads: the folder that keeps downloads.
        folder_in_archive: the data set's folder within it.
        content_sha256: SHA-256 of the `sha256sum`-style list of its images and labels; what is
            downloaded has to have one, for a local archive none means no check.
        names: the names of its classes, in the order of their ids.
    """

    url: str | None = None
    archive: str | None = None
    downloads: str = "data/downloads"
    folder_in_archive: str = ""
    content_sha256: str | None = None
    names: list[str] = field(default_factory=list)

    kind: ClassVar[str] = "archive"
    source: str = kind

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.url is not None and not self.url.startswith("https://"):
            raise ConfigError(f"data.url must begin with https://, got '{self.url}'")
        _check_names(self.names)
        _check_classes_known(self.classes, self.names)


@dataclass
class SyntheticOptions(DataOptions):
    """Pictures of people, drawn.

    Attributes:
        images: how many are drawn.
        side: width and height of a picture, in pixels.
        seed: seed of the drawing.
    """

    images: int = 100
    side: int = 128
    seed: int = 0

    kind: ClassVar[str] = "synthetic"
    source: str = kind

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.images < 1:
            raise ConfigError(f"data.images must be at least 1, got {self.images}")
        if not _SMALLEST_IMAGE_PX <= self.side <= 1024:
            raise ConfigError(f"data.side must be from {_SMALLEST_IMAGE_PX} to 1024 pixels, got {self.side}")
        if self.seed < 0:
            raise ConfigError(f"data.seed must not be negative, got {self.seed}")
        _check_classes_known(self.classes, ["person"])


@dataclass
class YoloOptions(DataOptions):
    """The user's own data set in YOLO form.

    Attributes:
        path: its folder, with `images/` and `labels/` in it, or its data.yaml.
        names: class names in the order of their ids, when there is no data.yaml.
    """

    path: str = MISSING
    names: list[str] = field(default_factory=list)

    kind: ClassVar[str] = "yolo"
    source: str = kind

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_names(self.names)


@dataclass
class CocoJsonOptions(DataOptions):
    """The user's own data set in COCO-JSON form.

    Attributes:
        path: the folder that the other two are relative to.
        annotations: the JSON file, or a file per split.
        images: the folder of images, or a folder per split.
    """

    path: str = "."
    annotations: Any = MISSING
    images: Any = "images"

    kind: ClassVar[str] = "coco_json"
    source: str = kind
    unlabelled: str = "background"  # COCO's way to say that an image shows nothing is to give it no annotation

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("annotations", "images"):
            value = getattr(self, key)
            if isinstance(value, dict):
                _check_split_names(f"data.{key}", value)
            elif not isinstance(value, str):
                raise ConfigError(f"data.{key} must be a path or a path per split, got {value!r}")
        if isinstance(self.images, dict) and not isinstance(self.annotations, dict):
            raise ConfigError("data.images has a folder per split, so data.annotations must have a file per split")


def _check_choice(key: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(
            f"data.{key} must be one of {', '.join(choices)}, got '{value}'.{did_you_mean(value, choices)}"
        )


def _check_names(names: list[str]) -> None:
    """Refuse what no data set means by its class names."""
    if reason := why_not(names):
        raise ConfigError(f"data.names: {reason}")
    if read := [name for name in names if name in ("True", "False")]:
        raise ConfigError(
            f"data.names has {read[0]}: YAML takes yes, no, on and off for truth values. Write such a name in quotes,"
            " as in names: ['yes', 'no']"
        )


def _check_split_names(key: str, per_split: dict[str, Any]) -> None:
    for name in per_split:
        _check_choice(f"{key}.{name}".removeprefix("data."), name, SPLITS)


def _check_classes_known(classes: list[str], names: list[str]) -> None:
    for name in classes:
        if name not in names:
            raise ConfigError(
                f"data.classes: the source has no class '{name}'.{did_you_mean(name, names)} It has: {listed(names)}"
            )
