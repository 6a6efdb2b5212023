from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from src.core.errors import DataError
from src.data.images import Resize
from src.data.images import write_image as prepare
from src.data.sample import Sample

ORIENTATION = 0x0112


def _sample(path: Path, **options) -> Sample:
    return Sample(path.name, path, (), **options)


def test_a_good_image_is_copied_byte_by_byte(tmp_path: Path, write_image) -> None:
    """Nothing is encoded anew without need."""
    image = write_image(tmp_path / "a.JPG", format="JPEG")

    written = prepare(_sample(image), tmp_path / "out", None)

    assert (tmp_path / "out.jpg").read_bytes() == image.read_bytes()
    assert written.size_wh == (40, 32)


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "webp"])
def test_a_truncated_image_is_refused(tmp_path: Path, write_image, suffix: str) -> None:
    """An image that ends early is found by decoding all of it."""
    image = write_image(tmp_path / f"a.{suffix}", size_wh=(200, 150))
    image.write_bytes(image.read_bytes()[: image.stat().st_size // 2])

    with pytest.raises(DataError, match=rf"a\.{suffix}"):
        prepare(_sample(image), tmp_path / "out", None)


def test_a_text_file_is_no_image(tmp_path: Path) -> None:
    """A file that only has the name of an image is refused by name."""
    (tmp_path / "a.png").write_text("hello")

    with pytest.raises(DataError, match=r"a\.png: not an image"):
        prepare(_sample(tmp_path / "a.png"), tmp_path / "out", None)


def test_a_tiny_image_is_refused(tmp_path: Path, write_image) -> None:
    """What the trainer would refuse later is refused now."""
    image = write_image(tmp_path / "a.png", size_wh=(40, 9))

    with pytest.raises(DataError, match="40×9 pixels, each side must be at least 10"):
        prepare(_sample(image), tmp_path / "out", None)


def test_a_jpeg_without_end_mark_is_written_anew(tmp_path: Path, write_image) -> None:
    """Bytes after the end mark would make Ultralytics rewrite the file in place, and its digest change."""
    image = write_image(tmp_path / "a.jpg")
    image.write_bytes(image.read_bytes() + b"trailing")

    prepare(_sample(image), tmp_path / "out", None)

    assert (tmp_path / "out.jpg").read_bytes().endswith(b"\xff\xd9")


def test_exif_orientation_is_applied(tmp_path: Path, write_image) -> None:
    """A picture that is stored lying is prepared upright, as everything that shows it would."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    image = write_image(tmp_path / "a.jpg", exif=exif)

    written = prepare(_sample(image), tmp_path / "out", None)

    assert written.size_wh == (32, 40)
    with Image.open(tmp_path / "out.jpg") as picture:
        assert picture.size == (32, 40)
        assert ORIENTATION not in picture.getexif()


def test_a_size_other_than_stated_is_refused(tmp_path: Path, write_image) -> None:
    """Boxes in pixels of another size would be in the wrong places."""
    image = write_image(tmp_path / "a.png")

    with pytest.raises(DataError, match="is 40×32 pixels, but its annotations are for 80×64"):
        prepare(_sample(image, size_wh=(80, 64)), tmp_path / "out", None)


@pytest.mark.parametrize(
    ("resize", "expected_wh"), [(Resize(64, "stretch"), (64, 64)), (Resize(20, "fit"), (20, 16)), (None, (40, 32))]
)
def test_images_are_brought_to_size(tmp_path: Path, write_image, resize, expected_wh) -> None:
    """Stretching gives squares, fitting keeps the shape."""
    written = prepare(_sample(write_image(tmp_path / "a.png")), tmp_path / "out", resize)

    assert written.size_wh == expected_wh


def test_the_same_picture_has_the_same_content_digest_in_another_format(tmp_path: Path, write_image) -> None:
    """Duplicates are found by pixels, not by bytes."""
    one = prepare(_sample(write_image(tmp_path / "a.png")), tmp_path / "one", None)
    same = prepare(_sample(write_image(tmp_path / "b.bmp")), tmp_path / "two", None)
    other = prepare(_sample(write_image(tmp_path / "c.png", seed=1)), tmp_path / "three", None)

    assert one.content == same.content != other.content


def test_grey_and_palette_images_can_be_resized(tmp_path: Path) -> None:
    """Any mode that Pillow reads comes out as a colour JPEG."""
    Image.fromarray(np.full((20, 20), 7, np.uint8)).save(tmp_path / "grey.png")
    Image.new("P", (20, 20)).save(tmp_path / "palette.png")

    for name in ("grey", "palette"):
        prepare(_sample(tmp_path / f"{name}.png"), tmp_path / f"{name}_out", Resize(32, "stretch"))
        with Image.open(tmp_path / f"{name}_out.jpg") as picture:
            assert picture.mode == "RGB"
