"""Where the images and labels of a data set in YOLO form lie, as Ultralytics has it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from src.core.errors import DataError
from src.data.split import SPLITS

IMAGES, LABELS = "images", "labels"
SPLIT_OF = {**{split: split for split in SPLITS}, "valid": "val", "validation": "val"}
_SHOWN = 100  # characters of a line that is no path


def places(root: Path, splits: Mapping[str, Sequence[Path]]) -> tuple[Path, ...]:
    """Every folder and file that a data set is read from, but for those below another of them.

    Args:
        root: Its folder.
        splits: Image folders, or text files that list images, by split, when the data set has its own.

    Raises:
        DataError: There is none.
    """
    named = [place for places in splits.values() for place in places]
    for place in named:
        check_place(place)
    folders = [*own_folders(root), *(place for place in named if place.is_dir())]
    lists = [place for place in named if is_list(place)]
    listed = [image for file in lists for image in listed_images(file, root)]
    labels = [*(label_of(folder / "x.jpg").parent for folder in folders), *map(label_of, listed)]
    found = dict.fromkeys(path for path in (*folders, *lists, *listed, *labels) if path.exists())
    if not found:
        raise no_images(root)
    return tuple(path for path in found if not found.keys() & set(path.parents))


def own_folders(root: Path) -> Iterator[Path]:
    """The folders of images that the layout itself shows."""
    for folder in (root / IMAGES, *(root / name / IMAGES for name in SPLIT_OF)):
        if folder.is_dir():
            yield folder


def label_of(image: Path) -> Path:
    """The label file of an image: the last folder `images` of its path becomes `labels`, as in Ultralytics."""
    place = last(image.parts[:-1], IMAGES)
    parts = image.parts if place is None else (*image.parts[:place], LABELS, *image.parts[place + 1 :])
    return Path(*parts).with_suffix(".txt")


def last(parts: Sequence[str], name: str) -> int | None:
    """The place of the last part of that name; None where there is none."""
    return max((place for place, part in enumerate(parts) if part == name), default=None)


def is_list(place: Path) -> bool:
    """Whether it is a text file that lists images."""
    return place.suffix == ".txt" and place.is_file()


def check_place(place: Path) -> None:
    """Refuse a place that a data.yaml names where there are no images.

    Raises:
        DataError: so it is.
    """
    if not place.is_dir() and not is_list(place):
        raise DataError(f"{place}: no such folder or list of images, though the data.yaml names it")


def no_images(root: Path) -> DataError:
    """The error for a folder that is no data set."""
    return DataError(
        f"{root}: has no folder 'images'; a YOLO data set has images/ and labels/, or a folder per split with these two"
        " in it, or a data.yaml that says where they are"
    )


def listed_images(file: Path, root: Path) -> Iterator[Path]:
    """The images that a text file lists, a path a line, relative to the file, or to the data set's folder."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not a text file in UTF-8 ({error.reason} at byte {error.start})") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        named = line.strip().replace("\\", "/")
        path = next((path for folder in (file.parent, root) if (path := folder / named) and _is_file(path)), None)
        if path is None:
            raise DataError(
                f"{file}:{number}: there is no image {named[:_SHOWN]}, neither from {file.parent} nor from {root}"
            )
        yield path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a line of prose is no path
        return False
