"""Image files: which there are, whether they can be read to the end, and their final form."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from src.core.errors import DataError
from src.data.sample import Sample

# What both Pillow and Ultralytics read without extra libraries.
SUFFIXES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
SMALLEST_SIDE_PX: Final = 10  # Ultralytics refuses smaller ones
JPEG_QUALITY: Final = 92
_JPEG_END: Final = b"\xff\xd9"


@dataclass(frozen=True)
class Resize:
    """How images are brought to size.

    Attributes:
        side: in pixels.
        mode: `stretch` to a square or `fit` the longer side.
    """

    side: int
    mode: str

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """The new width and height of an image."""
        if self.mode == "stretch":
            return self.side, self.side
        factor = min(1.0, self.side / max(width, height))
        return max(1, round(width * factor)), max(1, round(height * factor))


@dataclass(frozen=True)
class Written:
    """A prepared image.

    Attributes:
        content: digest of the source's pixels, the same for the same picture in another file.
        size_wh: width and height of the prepared image, in pixels.
    """

    content: str
    size_wh: tuple[int, int]


def is_image(path: Path) -> bool:
    """Whether a file's name is that of an image (hidden files are not)."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def write_image(sample: Sample, target: Path, resize: Resize | None) -> Written:
    """Check an image by decoding all of it and write it to `target` (a path without suffix).

    Files that are fine as they are get copied byte by byte. Pictures that are resized, turned by their EXIF
    orientation (a stated box belongs to the turned picture) or lack the JPEG end mark, which Ultralytics would
    "repair" in place later, are written anew.

    Raises:
        DataError: the file cannot be read, is cut short, too small, or not of the size that its source states.
    """
    picture, as_is = _decoded(sample)
    width, height = picture.size
    if min(width, height) < SMALLEST_SIDE_PX:
        raise DataError(f"{sample.image}: {width}×{height} pixels, each side must be at least {SMALLEST_SIDE_PX}")
    if sample.size_wh is not None and sample.size_wh != (width, height):
        stated = "×".join(map(str, sample.size_wh))
        raise DataError(f"{sample.image}: is {width}×{height} pixels, but its annotations are for {stated}")
    pixels = picture.convert("RGB")
    content = hashlib.sha256(f"{width}x{height}:".encode() + pixels.tobytes()).hexdigest()
    size = resize.size_for(width, height) if resize else (width, height)
    if size == (width, height) and as_is:
        shutil.copyfile(sample.image, target.with_name(target.name + sample.image.suffix.lower()))
    else:
        if size != (width, height):
            pixels = pixels.resize(size, Image.Resampling.BICUBIC)
        save_jpeg(pixels, target.with_name(target.name + ".jpg"))
    return Written(content, size)


def save_jpeg(picture: Image.Image, path: Path) -> None:
    """Write a JPEG; the same pixels give the same bytes."""
    picture.save(path, "JPEG", quality=JPEG_QUALITY)


def _decoded(sample: Sample) -> tuple[Image.Image, bool]:
    """The picture, upright, and whether its file can be used as it is."""
    try:
        with Image.open(sample.image) as file:
            file.load()
            upright = ImageOps.exif_transpose(file)
            as_is = upright.size == file.size and not _is_turned(file) and not _lacks_end(sample.image, file.format)
            return upright, as_is
    except UnidentifiedImageError:
        raise DataError(f"{sample.image}: not an image that can be read") from None
    except Image.DecompressionBombError as error:
        raise DataError(f"{sample.image}: {error}") from error
    except FileNotFoundError:
        raise DataError(f"{sample.image}: no such image file") from None
    except (OSError, SyntaxError, ValueError) as error:  # Pillow's readers raise all three on broken files
        if getattr(error, "errno", None):
            raise
        raise DataError(f"{sample.image}: the image is broken or cut short ({error})") from error


def _is_turned(picture: Image.Image) -> bool:
    upright, orientation_tag = 1, 0x0112
    return bool(picture.getexif().get(orientation_tag, upright) != upright)


def _lacks_end(path: Path, file_format: str | None) -> bool:
    if file_format != "JPEG":
        return False
    with path.open("rb") as file:
        file.seek(-len(_JPEG_END), 2)
        return file.read() != _JPEG_END
