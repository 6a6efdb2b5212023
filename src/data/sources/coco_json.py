"""A data set in COCO-JSON form."""

import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from faster_coco_eval import COCO

from src.core.errors import DataError
from src.data.labels import CLIPPED, TOLERANCE_PX, Box, box_from_corners
from src.data.options import CocoJsonOptions
from src.data.problems import Problems
from src.data.sample import Sample, SourceData


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
                raise DataError(f"{path}: its categories {document.class_names} differ from those of {first}: {names}")
            names, first = document.class_names, first or path
            samples += document.samples()
            crowds += document.crowds
            clipped += document.clipped
        return SourceData(names or (), tuple(samples), {"crowd_annotations_left_out": crowds, CLIPPED: clipped})

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
        self._coco = _load(path)
        ids = sorted(self._coco.cats.keys() - _parents(self._coco))
        self.class_names = tuple(str(self._coco.cats[number].get("name", number)) for number in ids)
        if not ids:
            raise DataError(f"{path}: has no 'categories'")
        if len(set(self.class_names)) < len(ids):
            raise DataError(f"{path}: two categories have the same name: {', '.join(self.class_names)}")
        if len(self._coco.imgs) < len(self._coco.dataset["images"]):
            raise DataError(f"{path}: two images have the same id")
        self._class_ids = {category: number for number, category in enumerate(ids)}
        if not self._coco.anns:
            raise DataError(
                f"{path}: has {len(self._coco.imgs)} images and no annotation at all; is it the right file? (A file"
                " without annotations would make all images backgrounds.)"
            )
        self.crowds = self.clipped = 0

    def samples(self) -> list[Sample]:
        """All images with their boxes.

        Raises:
            DataError: naming the file and the image or annotation of every mistake (the first ones).
        """
        problems = Problems()
        for image_id in sorted(self._coco.imgToAnns.keys() - self._coco.imgs.keys()):
            first = self._coco.imgToAnns[image_id][0]
            problems.add(f"{self._path}: annotation {first.get('id')}: there is no image with id {image_id}")
        samples = []
        for image in self._coco.imgs.values():
            with problems.collected():
                samples.append(self._sample(image, problems))
        problems.raise_if_any()
        return samples

    def _sample(self, image: Mapping[str, Any], problems: Problems) -> Sample:
        where = f"{self._path}: image {image['id']}"
        name = image.get("file_name")
        if not isinstance(name, str) or not name:
            raise DataError(f"{where}: has no 'file_name'")
        name = name.replace("\\", "/")  # written on Windows
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise DataError(f"{where}: file_name '{name}' leaves the folder of images")
        size = image.get("width"), image.get("height")
        if not all(isinstance(side, int) and side > 0 for side in size):
            raise DataError(f"{where}: width and height must be whole numbers above 0, got {size[0]} and {size[1]}")
        annotations = self._coco.imgToAnns.get(image["id"], [])
        if not annotations and self._unlabelled == "refuse":
            raise DataError(
                f"{where} ({name}): has no annotation; if such images show nothing of interest,"
                " set data.unlabelled=background"
            )
        boxes = []
        for annotation in annotations:
            if annotation.get("iscrowd"):
                self.crowds += 1  # a region of many objects is no box to learn
                continue
            with problems.collected():
                boxes.append(self._box(annotation, image["width"], image["height"]))
        size_wh = (image["width"], image["height"])
        key = name if self._split is None else f"{self._split}/{name}"
        return Sample(key, self._folder / name, tuple(boxes), self._split, size_wh)

    def _box(self, annotation: Mapping[str, Any], width: int, height: int) -> Box:
        where = f"{self._path}: annotation {annotation.get('id')} (image {annotation.get('image_id')})"
        category = annotation.get("category_id")
        if category not in self._class_ids:
            raise DataError(f"{where}: category {category} is none of {sorted(self._class_ids)}")
        corners = annotation.get("bbox")
        if not isinstance(corners, list) or len(corners) != 4 or not all(map(_is_number, corners)):
            raise DataError(f"{where}: bbox must be [x, y, width, height] in pixels, got {corners}")
        x, y, wide, high = corners
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


def _parents(coco: COCO) -> set[int]:
    """Categories that only head others and have no annotation: Roboflow adds one with the project's name."""
    heads = {category.get("supercategory") for category in coco.cats.values()}
    used = {annotation.get("category_id") for annotation in coco.anns.values()}
    return {
        number
        for number, category in coco.cats.items()
        if category.get("supercategory") == "none" and category.get("name") in heads and number not in used
    }


def _with_whole_ids(document: Any) -> Any:
    """The document with ids as numbers where a tool wrote them as texts."""
    if not isinstance(document, dict):
        return document
    for part, keys in (
        ("images", ("id",)),
        ("categories", ("id",)),
        ("annotations", ("id", "image_id", "category_id")),
    ):
        for entry in document.get(part) or ():
            for key in keys if isinstance(entry, dict) else ():
                value = entry.get(key)
                if isinstance(value, str) and value.isascii() and value.isdigit():
                    entry[key] = int(value)
    return document


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _load(path: Path) -> COCO:
    """Read the file through the library; its exceptions end here."""
    try:
        with warnings.catch_warnings():  # that an annotation id is 0 matters to evaluation only
            warnings.simplefilter("ignore", UserWarning)
            return COCO(_with_whole_ids(json.loads(path.read_text(encoding="utf-8-sig"))))
    except FileNotFoundError:
        raise DataError(f"data.annotations: {path} does not exist") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as JSON: {error}") from error
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: not in COCO form (images, annotations, categories with ids): {type(error).__name__} {error}"
        ) from error
