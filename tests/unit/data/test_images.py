import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from src.core.errors import DataError
from src.data import images
from src.data.build import ensure_prepared
from src.data.ground_truth import ground_truth
from src.data.images import Resize
from src.data.images import write_image as prepare
from src.data.options import YoloOptions
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

    with pytest.raises(DataError, match="annotations are for 32×40 \\(before its EXIF data turn it"):
        prepare(_sample(image, size_wh=(32, 40)), tmp_path / "out", None)

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


def _pixels(prepared: Path) -> np.ndarray:
    with Image.open(prepared) as file:
        return np.asarray(file.convert("RGB")).astype(int)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("resize", [None, Resize(64, "stretch")])
def test_pictures_of_16_bits_keep_their_brightness(tmp_path: Path, suffix: str, resize: Resize | None) -> None:
    """Not clipped to white: the higher byte, as OpenCV reads it; what is compared is what is written."""
    digests = []
    for number, level in enumerate((60, 200)):
        image = tmp_path / f"{number}.{suffix}"
        Image.fromarray(np.full((64, 64), level << 8, np.uint16)).save(image)
        written = prepare(_sample(image), tmp_path / f"out{number}", resize)
        digests.append(written.content)
        assert abs(_pixels(tmp_path / f"out{number}.jpg") - level).max() <= 2
    assert digests[0] != digests[1]


@pytest.mark.parametrize(("white", "level"), [(1.0, 0.25), (255.0, 64.0)])
def test_pictures_of_fractions_keep_their_brightness(tmp_path: Path, white: float, level: float) -> None:
    """Taken as shares of white in [0, 1], as they are in [0, 255]."""
    values = np.full((32, 32), level, np.float32)
    values[0, 0] = white
    Image.fromarray(values).save(tmp_path / "a.tif")

    prepare(_sample(tmp_path / "a.tif"), tmp_path / "out", None)

    assert abs(_pixels(tmp_path / "out.jpg")[16, 16] - 64).max() <= 2


def test_pictures_of_another_range_are_refused(tmp_path: Path) -> None:
    """Nobody can know what is white."""
    Image.fromarray(np.full((32, 32), 4000.5, np.float32)).save(tmp_path / "a.tif")

    with pytest.raises(DataError, match=r"numbers from 4000\.5 to 4000\.5; expected 0 to 1 or 0 to 255"):
        prepare(_sample(tmp_path / "a.tif"), tmp_path / "out", None)


def test_bytes_written_as_longer_integers_stay_as_bright(tmp_path: Path) -> None:
    """Their higher bytes are all 0: the picture would be black."""
    Image.fromarray(np.full((32, 32), 64, np.int32)).save(tmp_path / "a.tif")

    prepare(_sample(tmp_path / "a.tif"), tmp_path / "out", None)

    assert abs(_pixels(tmp_path / "out.jpg")[16, 16].astype(int) - 64).max() <= 2


def test_a_broken_image_is_named_where_ultralytics_looks_for_readers(tmp_path: Path, monkeypatch) -> None:
    """Once it is imported, Pillow's `open` asks for a package for HEIC whatever the file is."""

    def patched(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'pi_heif'")

    monkeypatch.setattr(images.Image, "open", patched)
    (tmp_path / "a.jpg").write_bytes(b"")

    with pytest.raises(DataError, match=r"a\.jpg: not an image that can be read"):
        prepare(_sample(tmp_path / "a.jpg"), tmp_path / "out", None)


@pytest.mark.parametrize("suffix", ["jfif", "gif", "ppm"])
def test_formats_that_not_every_reader_knows_are_written_anew(tmp_path: Path, suffix: str) -> None:
    """They would be passed over in silence where they need no label."""
    image = tmp_path / f"a.{suffix}"
    Image.new("RGB", (40, 32), (200, 0, 0)).save(image, "JPEG" if suffix == "jfif" else None)

    assert images.is_image(image)
    prepare(_sample(image), tmp_path / "out", None)
    assert abs(_pixels(tmp_path / "out.jpg")[16, 16].astype(int) - [200, 0, 0]).max() <= 3


def test_three_colours_of_16_bits_are_read(tmp_path: Path) -> None:
    """Blue stays blue, and as bright."""
    import cv2

    pixels = np.zeros((32, 32, 3), np.uint16)
    pixels[:, :, 0] = 200 << 8  # OpenCV's first colour is blue
    (tmp_path / "a.tif").write_bytes(cv2.imencode(".tif", pixels)[1].tobytes())

    prepare(_sample(tmp_path / "a.tif"), tmp_path / "out", None)

    (prepared,) = tmp_path.glob("out.*")
    assert abs(_pixels(prepared)[16, 16] - [0, 0, 200]).max() <= 3


def test_a_picture_above_the_limit_is_refused_by_name_or_allowed(tmp_path: Path, write_image) -> None:
    """The limit is a setting."""
    image = write_image(tmp_path / "a.png", size_wh=(100, 100))

    with pytest.raises(DataError, match=r"100×100 pixels are more than data\.max_megapixels=0\.005"):
        prepare(_sample(image), tmp_path / "out", None, 5000)
    assert prepare(_sample(image), tmp_path / "out", None, 20_000).size_wh == (100, 100)


def test_what_is_too_large_for_readers_has_to_be_resized(tmp_path: Path, write_image, monkeypatch) -> None:
    """Ultralytics would leave such an image out, with a warning."""
    monkeypatch.setattr("src.data.images.MAX_PIXELS", 40 * 32 - 1)
    path = write_image(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"40×32 pixels are more than .*set data\.resize"):
        prepare(_sample(path), tmp_path / "out", None)
    assert prepare(_sample(path), tmp_path / "out", Resize(32, "fit")).size_wh == (32, 26)


def test_the_size_of_a_large_picture_is_read_for_its_boxes(tmp_path: Path, yolo_folder: Path, monkeypatch) -> None:
    """Pillow's own limit stands only where the setting cannot."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    (yolo_folder / "labels" / "0.txt").write_text("0 0.5 0.5 1.00003 0.5\n")
    data = ensure_prepared(
        YoloOptions(name="x", root=str(tmp_path), path=str(yolo_folder), splits={"train": 0.5, "val": 0.5})
    )
    assert ground_truth(data, "train").sizes_wh.max() == 40


def test_a_package_for_heic_is_used_where_there_is_one(tmp_path: Path, monkeypatch) -> None:
    """Else it is named."""
    path = tmp_path / "a.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic")
    images._register_heif.cache_clear()
    for package in ("pi_heif", "pillow_heif"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DataError, match=r"no reader for \.heic: install the package pi-heif, or convert it"):
        prepare(_sample(path), tmp_path / "out", None)
    asked: list[str] = []
    package = SimpleNamespace(register_heif_opener=lambda: asked.append("pillow_heif"))
    monkeypatch.setitem(sys.modules, "pillow_heif", package)
    images._register_heif.cache_clear()
    with pytest.raises(DataError, match="not an image that can be read"):
        prepare(_sample(path), tmp_path / "out", None)
    assert asked == ["pillow_heif"]
    images._register_heif.cache_clear()
