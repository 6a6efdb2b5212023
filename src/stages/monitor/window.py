"""The pictures of a window: which there are, when they were taken, which scenes they show, and what is on them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from src.core.errors import DataError
from src.data.images import is_image
from src.data.near_duplicates import scenes as nearly_the_same
from src.data.near_duplicates import thumbnail
from src.data.walk import files_below
from src.detector.predict import read_image
from src.documents.monitor import WatchedWindow
from src.monitoring.scenes import scene_of
from src.passes.pictures import SeenPictures, look
from src.stages.monitor.deployed import DeployedVersion

_TAKEN, _CHANGED, _EXIF = 0x9003, 0x0132, 0x8769  # where EXIF has the times


@dataclass(frozen=True, eq=False)
class Window:
    """The pictures that could be read, and what the watched version makes of them.

    Attributes:
        root: Their folder.
        files: Below it, in the order of the names.
        times_s: When each was taken, in seconds since the epoch.
        scenes: What each shows; those of one scene have the same text.
        unreadable: Files that could not be read.
        seen: What the version makes of them.
    """

    root: Path
    files: Sequence[Path]
    times_s: Sequence[float]
    scenes: Sequence[str]
    unreadable: Sequence[str]
    seen: SeenPictures

    @property
    def document(self) -> WatchedWindow:
        """What is said of it."""
        first, last = (
            datetime.fromtimestamp(time_s, UTC).isoformat(timespec="seconds")
            for time_s in (min(self.times_s), max(self.times_s))
        )
        return WatchedWindow(
            str(self.root), len(self.files), len(set(self.scenes)), first, last, tuple(self.unreadable)
        )


def window_of(folder: Path, group: str | None, model: DeployedVersion) -> Window:
    """Read the pictures below a folder, and let the version look at each once.

    Args:
        folder: Of pictures.
        group: See `MonitorArguments`.
        model: The version that is watched.

    Raises:
        DataError: there is no picture that can be read.
        ConfigError: `group` does not match a path.
    """
    if not folder.is_dir():
        raise DataError(f"images={folder}: there is no such folder.")
    reader = _Reader([path for path in files_below(folder) if is_image(path)])
    seen = look(model.predictor, reader.images(), model.point)
    if not reader.files:
        bad = f"none of its {len(reader.unreadable)} pictures can be read" if reader.unreadable else "it has no picture"
        raise DataError(f"images={folder}: {bad}.")
    files = [path.relative_to(folder) for path in reader.files]
    times_s = [taken_s(path) for path in reader.files]
    if group is None:
        scenes = [str(number) for number in nearly_the_same(np.array(reader.thumbnails, float))]
    else:
        named = scene_of(group)
        scenes = [named(file, time_s) for file, time_s in zip(files, times_s, strict=True)]
    unreadable = [path.relative_to(folder).as_posix() for path in reader.unreadable]
    return Window(folder, files, times_s, scenes, unreadable, seen)


def taken_s(path: Path) -> float:
    """When a picture was taken by its EXIF data, in this machine's time zone; else when its file was written."""
    try:
        with Image.open(path) as picture:
            exif = picture.getexif()
        text = exif.get_ifd(_EXIF).get(_TAKEN) or exif.get(_CHANGED)
        return datetime.strptime(str(text), "%Y:%m:%d %H:%M:%S").timestamp()
    except (OSError, ValueError, OverflowError):
        return path.stat().st_mtime


@dataclass
class _Reader:
    """Reads pictures one at a time, and remembers which could be read."""

    paths: Sequence[Path]
    files: list[Path] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)
    thumbnails: list[NDArray[np.uint8]] = field(default_factory=list)

    def images(self) -> Iterator[NDArray[np.uint8]]:
        for path in self.paths:
            try:
                image_bgr = read_image(path)
            except DataError:  # cut short, perhaps still being written: said in the document
                self.unreadable.append(path)
                continue
            self.files.append(path)
            self.thumbnails.append(thumbnail(Image.fromarray(np.ascontiguousarray(image_bgr[..., ::-1]))))
            yield image_bgr
