"""Image files: which there are, whether they can be read to the end, and their final form."""

import hashlib
import importlib
import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from src.core.errors import DataError
from src.data.near_duplicates import thumbnail
from src.data.sample import Sample

# What both Pillow and Ultralytics read without extra libraries.
SUFFIXES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
# What Pillow reads where its build has the library; written anew, since readers differ in what they make of it.
_REWRITTEN: Final = frozenset(
    {".avif", ".heic", ".heif", ".jp2", ".j2k", ".mpo", ".dng", ".pfm", ".jfif", ".jpe", ".gif", ".ppm"}
)
_HEIF: Final = (".heic", ".heif")
SMALLEST_SIDE_PX: Final = 10  # Ultralytics refuses smaller ones
JPEG_QUALITY: Final = 92
MAX_PIXELS: Final = 179e6  # above which Pillow takes a file for an attack
_PILLOWS_LIMIT = threading.Lock()  # guards a global of Pillow
_JPEG_END: Final = b"\xff\xd9"
_MORE_BITS: Final = ("I", "F")  # what the names of modes with more than 8 bits for each colour begin with
_WHITE: Final = 255


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
        thumbnail: its grey values at the size at which near duplicates are looked for, (ROWS, COLUMNS).
    """

    content: str
    size_wh: tuple[int, int]
    thumbnail: NDArray[np.uint8]


def is_image(path: Path) -> bool:
    """Whether a file's name is that of an image (hidden files are not)."""
    return path.suffix.lower() in SUFFIXES | _REWRITTEN and not path.name.startswith(".")


def write_image(sample: Sample, target: Path, resize: Resize | None, max_pixels: float = MAX_PIXELS) -> Written:
    """Check an image by decoding all of it and write it to `target` (a path without suffix).

    Files that are fine as they are get copied byte by byte. Pictures that are resized, turned by their EXIF
    orientation (a stated box belongs to the turned picture) or lack the JPEG end mark, which Ultralytics would
    "repair" in place later, are written anew; so are those that are no 8-bit grey or colour pictures, of which readers
    make different things: what is written, compared and trained on are the same pixels.

    Raises:
        DataError: the file cannot be read, is cut short, too small, too large to be trained on, or not of the size
            that its source states.
    """
    picture, as_is = _decoded(sample, max_pixels)
    width, height = picture.size
    if min(width, height) < SMALLEST_SIDE_PX:
        raise DataError(f"{sample.image}: {width}×{height} pixels, each side must be at least {SMALLEST_SIDE_PX}")
    if sample.size_wh is not None and sample.size_wh != (width, height):
        stated = "×".join(map(str, sample.size_wh))
        turned = " (before its EXIF data turn it?)" if sample.size_wh == (height, width) else ""
        raise DataError(f"{sample.image}: is {width}×{height} pixels, but its annotations are for {stated}{turned}")
    pixels = eight_bits(picture, sample.image)
    content = hashlib.sha256(f"{width}x{height}:".encode() + pixels.tobytes()).hexdigest()
    size = resize.size_for(width, height) if resize else (width, height)
    if size[0] * size[1] > MAX_PIXELS:
        raise DataError(
            f"{sample.image}: {size[0]}×{size[1]} pixels are more than the {MAX_PIXELS / 1e6:g} million that readers"
            " take, Ultralytics among them, which would leave it out: set data.resize"
        )
    if size == (width, height) and as_is:
        shutil.copyfile(sample.image, target.with_name(target.name + sample.image.suffix.lower()))
    else:
        if size != (width, height):
            pixels = pixels.resize(size, Image.Resampling.BICUBIC)
        save_jpeg(pixels, target.with_name(target.name + ".jpg"))
    return Written(content, size, thumbnail(pixels))


def eight_bits(picture: Image.Image, origin: Path) -> Image.Image:
    """The picture in RGB with 8 bits for each colour.

    Of 16 bits the higher 8 are kept, as OpenCV and so Ultralytics do. Numbers with a fraction are taken as shares of
    white where they lie in [0, 1], and as they are where they lie in [0, 255].

    Raises:
        DataError: numbers of another range, of which nobody can know what is white.
    """
    if not picture.mode.startswith(_MORE_BITS):
        return picture.convert("RGB")
    return Image.fromarray(_bytes(np.asarray(picture), origin)).convert("RGB")


def save_jpeg(picture: Image.Image, path: Path) -> None:
    """Write a JPEG; the same pixels give the same bytes."""
    picture.save(path, "JPEG", quality=JPEG_QUALITY)


def _decoded(sample: Sample, max_pixels: float) -> tuple[Image.Image, bool]:
    """The picture, upright, and whether its file can be used as it is."""
    path = sample.image
    try:
        with open_picture(path) as file:
            if file.width * file.height > max_pixels:
                raise DataError(
                    f"{path}: {file.width}×{file.height} pixels are more than data.max_megapixels="
                    f"{max_pixels / 1e6:g} allows; raise it if the picture is meant, and resize it with data.resize"
                )
            file.load()
            upright = ImageOps.exif_transpose(file)
            as_is = upright.size == file.size and not _is_turned(file) and not _lacks_end(path, file.format)
            return upright, as_is and _is_plain(file, path)
    except UnidentifiedImageError:
        if (picture := _by_opencv(path)) is not None:
            return picture, False
        known = path.suffix.lower() not in _REWRITTEN
        raise DataError(
            f"{path}: not an image that can be read"
            + ("" if known else f"; this installation has no reader for {path.suffix}: {_way_out(path)}")
        ) from None
    except FileNotFoundError:
        raise DataError(f"{path}: no such image file") from None
    except (OSError, SyntaxError, ValueError) as error:  # Pillow's readers raise all three on broken files
        if getattr(error, "errno", None):
            raise
        raise DataError(f"{path}: the image is broken or cut short ({error})") from error


def open_picture(path: Path) -> Image.Image:
    """The file, opened without Pillow's own limit of pixels, in whose place `data.max_megapixels` stands."""
    if path.suffix.lower() in _HEIF:
        _register_heif()
    with _PILLOWS_LIMIT:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(path)
        except ModuleNotFoundError as error:  # once Ultralytics is imported, it looks for a reader of HEIC itself
            raise UnidentifiedImageError(f"cannot identify image file '{path}'") from error
        finally:
            Image.MAX_IMAGE_PIXELS = limit


@cache
def _register_heif() -> None:
    """Let Pillow read HEIC and HEIF where one of the packages for it is installed."""
    for package in ("pi_heif", "pillow_heif"):
        with suppress(ImportError):
            importlib.import_module(package).register_heif_opener()
            return


def _is_plain(picture: Image.Image, path: Path) -> bool:
    """Whether all readers see the same pixels in the file."""
    grey = picture.mode == "L" and path.suffix.lower() not in (".tif", ".tiff")
    one = getattr(picture, "n_frames", 1) == 1
    return (picture.mode == "RGB" or grey) and one and path.suffix.lower() in SUFFIXES


def _by_opencv(path: Path) -> Image.Image | None:
    """A picture of 16 bits in three colours, or of floats, which Pillow does not read; None if OpenCV does neither."""
    import cv2

    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED) if path.stat().st_size else None
    if pixels is None:
        return None
    if pixels.dtype != np.uint8:
        pixels = _bytes(pixels, path)
    colours = pixels if pixels.ndim == 2 else pixels[:, :, 2::-1]  # from blue, green, red
    return Image.fromarray(np.ascontiguousarray(colours)).convert("RGB")


def _bytes(values: NDArray[Any], origin: Path) -> NDArray[np.uint8]:
    """Numbers of 16 bits or with a fraction as bytes, in the same shape."""
    low, high = float(np.min(values)), float(np.max(values))
    if values.dtype.kind == "f":
        if not (np.isfinite(low) and np.isfinite(high) and low >= 0 and high <= _WHITE):
            raise DataError(
                f"{origin}: its pixels are numbers from {low:g} to {high:g}; expected 0 to 1 or 0 to 255. Bring them to"
                " one of these"
            )
        scaled: NDArray[np.uint8] = np.rint(values * (_WHITE if high <= 1 else 1)).astype(np.uint8)
        return scaled
    if values.dtype.itemsize > 2 and low >= 0 and high <= _WHITE:  # bytes, written as longer numbers
        return values.astype(np.uint8)
    if low < 0 or high >= 2**16:
        raise DataError(f"{origin}: its pixels are integers from {low:g} to {high:g}; expected 0 to 65535 (16 bits)")
    high_bytes: NDArray[np.uint8] = (values.astype(np.uint16) >> 8).astype(np.uint8)
    return high_bytes


def _is_turned(picture: Image.Image) -> bool:
    upright, orientation_tag = 1, 0x0112
    return bool(picture.getexif().get(orientation_tag, upright) != upright)


def _way_out(path: Path) -> str:
    install = "install the package pi-heif, or " if path.suffix.lower() in _HEIF else ""
    return f"{install}convert it to PNG or JPEG"


def _lacks_end(path: Path, file_format: str | None) -> bool:
    if file_format != "JPEG":
        return False
    with path.open("rb") as file:
        file.seek(-len(_JPEG_END), 2)
        return file.read() != _JPEG_END
