"""A folder in YOLO form: images, and a label file for each, found as Ultralytics finds them."""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from src.core.errors import DataError
from src.data.images import is_image, open_picture
from src.data.labels import Box, LabelReader
from src.data.options import YoloOptions
from src.data.problems import Problems
from src.data.sample import Sample, SourceData, portable_name
from src.data.sources.data_yaml import DataYaml
from src.data.sources.yolo_layout import (
    IMAGES,
    SPLIT_OF,
    check_place,
    label_of,
    last,
    listed_images,
    no_images,
    own_folders,
)
from src.data.walk import files_below

_log = logging.getLogger(__name__)

_NO_LABELS = ("classes.txt", "notes.txt", "README.txt")  # several labelling tools leave them among the labels


@dataclass(frozen=True)
class YoloFolder:
    """Images and labels below one folder, perhaps with files named elsewhere.

    Images lie below a folder `images`, their labels at the same place below `labels`; both may lie in a folder per
    split (`images/train`, or `train/images` as Roboflow exports them). A folder without `images` in its path has the
    labels beside the images.

    Attributes:
        root: the folder.
        names: class names in the order of the ids.
        unlabelled: `refuse` or `background`: what an image without label file is.
        orphan_labels: `refuse` or `ignore`: what becomes of a label file without image.
        rows: `strict` or `boxes`: what becomes of rows that are no boxes.
        poses: whether the rows have key points.
        splits: image folders, or text files that list images, by split, when the data set has its own.
        shared_out: whether images are shared out anew, so that its own splits may have some in common.
    """

    root: Path
    names: tuple[str, ...]
    unlabelled: str
    orphan_labels: str
    rows: str
    poses: bool
    splits: Mapping[str, Sequence[Path]]
    shared_out: bool = False

    def read(self) -> SourceData:
        """Read all labels; images are looked at later.

        Raises:
            DataError: a folder is missing, or labels that cannot be right, each with its file and line.
        """
        problems = Problems()
        reader = LabelReader(self.names, self.rows, poses=self.poses)
        images = self._images()
        owners: dict[Path, Path] = {}
        for image in images:
            label = label_of(image)
            if label in owners:
                problems.add(f"{image} and {owners[label].name} share the label file {label.name}; rename one of them")
            owners[label] = image
        self._check_label_folders(owners)
        labels = {file for folder in self._label_folders(images) for file in files_below(folder)}
        lists = {place for places in self.splits.values() for place in places}
        labels = {file for file in labels - lists if _is_label(file)}
        if self.orphan_labels == "refuse":
            for label in sorted(labels - owners.keys()):
                problems.add(
                    f"{label}: a label without image; delete it, or set data.orphan_labels=ignore"
                    " (its image would have the same name, in the folder of images)"
                )
        # what Ultralytics would train on: where the data set names its splits, it is what they hold
        named = {image: split for image, split in images.items() if split is not None or not self.splits}
        samples = []
        for image, split in named.items():
            with problems.collected():
                samples.append(Sample(self._name_of(image), image, self._boxes(image, reader), split))
        problems.raise_if_any()
        if len(named) < len(images):
            _log.warning("%d images were left out: the data.yaml names them in no split.", len(images) - len(named))
        facts = {**reader.changes, "images_of_no_split_left_out": len(images) - len(named)}
        return SourceData(self.names, tuple(samples), facts, self.root)

    def _images(self) -> dict[Path, str | None]:
        """All images with the split that they belong to, if the data set says so."""
        images: dict[Path, str | None] = {}
        for folder in own_folders(self.root):
            for file in files_below(folder):
                if is_image(file):
                    images[file] = None if self.splits else self._split_by_folder(file)
        for split, places in self.splits.items():
            for place in places:
                for file in self._images_at(place):
                    if images.get(file) not in (None, split) and not self.shared_out:
                        raise DataError(
                            f"{file}: is in the splits '{images[file]}' and '{split}'; what is trained on must not be"
                            " judged on. Share all images out anew with 'data.splits={train:0.7,val:0.15,test:0.15}'"
                        )
                    images[file] = split
        if not images and not any(True for _ in own_folders(self.root)):
            raise no_images(self.root)
        return dict(sorted(images.items(), key=lambda item: self._name_of(item[0])))

    def _images_at(self, place: Path) -> Iterable[Path]:
        check_place(place)
        return filter(is_image, files_below(place)) if place.is_dir() else listed_images(place, self.root)

    def _split_by_folder(self, image: Path) -> str | None:
        first = PurePosixPath(self._name_of(image)).parts[0]
        return SPLIT_OF.get(first)

    def _name_of(self, image: Path) -> str:
        """Where the image lies in the data set, without the folder `images`: the same wherever the data set lies."""
        parts = [part for part in Path(os.path.relpath(image, self.root)).parts if part != ".."]
        place = last(parts[:-1], IMAGES)
        kept = PurePosixPath(*parts[:place], *parts[place + 1 :] if place is not None else parts)
        return portable_name(kept.as_posix())

    def _label_folders(self, images: Iterable[Path]) -> set[Path]:
        folders = {label_of(folder / "x.jpg").parent for folder in own_folders(self.root)}
        folders |= {label_of(image).parent for image in images}
        tops = {folder for folder in folders if not folders & set(folder.parents)}
        return {folder for folder in tops if folder.is_dir()}

    def _check_label_folders(self, owners: Mapping[Path, Path]) -> None:
        for folder in own_folders(self.root):
            labels = label_of(folder / "x.jpg").parent
            if not labels.is_dir() and not any(label.is_file() for label in owners):
                raise DataError(f"{labels.parent}: has no folder 'labels'; a YOLO data set has images/ and labels/")

    def _boxes(self, image: Path, reader: LabelReader) -> tuple[Box, ...]:
        label = label_of(image)
        if not label.is_file():
            if self.unlabelled == "background":
                return ()
            raise DataError(
                f"{image}: has no label file; if such images show nothing of interest, set data.unlabelled=background"
            )
        try:
            text = label.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{label}: not a text file in UTF-8 ({error.reason} at byte {error.start})") from None
        return tuple(reader.read(text, str(label), lambda: _size_wh(image)))


class YoloSource:
    """The user's own data set in YOLO form."""

    def __init__(self, options: YoloOptions) -> None:
        self._options = options

    def read(self, work: Path) -> SourceData:  # noqa: ARG002 -- part of the protocol; nothing has to be made here
        """Read the folder, and its data.yaml if it has one."""
        description = DataYaml.of(Path(self._options.path))
        return YoloFolder(
            root=description.root,
            names=tuple(self._options.names) or description.names(),
            unlabelled=self._options.unlabelled,
            orphan_labels=self._options.orphan_labels,
            rows=self._options.rows,
            poses="kpt_shape" in description.content,
            splits=description.splits(),
            shared_out=self._options.splits is not None,
        ).read()


def _is_label(file: Path) -> bool:
    """Whether a file is a label by its name; hidden files are none: macOS leaves `._0.txt` in archives."""
    return file.suffix == ".txt" and file.name not in _NO_LABELS and not file.name.startswith(".")


def _size_wh(image: Path) -> tuple[int, int]:
    try:
        with open_picture(image) as file:
            return file.size
    except OSError as error:
        raise DataError(f"{image}: not an image that can be read") from error
