import numpy as np
import pytest
from PIL import Image

from src.core.errors import DataError
from src.data.ground_truth import ground_truth
from src.data.prepared import PreparedData


@pytest.fixture
def data(tmp_path):
    """Two images of different sizes; the first by name shows nobody."""
    for name, size, label in (("b", (200, 100), "1 0.5 0.5 0.2 0.4\n0 0.1 0.2 0.2 0.4\n"), ("a", (64, 32), "")):
        for kind in ("images", "labels"):
            (tmp_path / kind / "val").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size).save(tmp_path / "images" / "val" / f"{name}.png")
        (tmp_path / "labels" / "val" / f"{name}.txt").write_text(label)
    (tmp_path / "images" / "val" / "b.npy").write_bytes(b"cached by Ultralytics")
    return PreparedData("d", tmp_path, tmp_path / "data.yaml", "", ("cat", "dog"), {"val": None}, "yolo")


def test_boxes_are_in_pixels_of_their_image(data):
    truth = ground_truth(data, "val")

    assert truth.files == ("images/val/a.png", "images/val/b.png")
    np.testing.assert_array_equal(truth.sizes_wh, [[64, 32], [200, 100]])
    np.testing.assert_array_equal(truth.image_index, [1, 1])
    np.testing.assert_array_equal(truth.class_index, [1, 0])
    np.testing.assert_allclose(truth.boxes_xyxy, [[80, 30, 120, 70], [0, 0, 40, 40]], atol=1e-9)
    np.testing.assert_array_equal(truth.positives, [[0, 0], [1, 1]])


def test_a_split_that_is_not_there_is_named(data):
    with pytest.raises(DataError, match="no split 'test'; it has val"):
        ground_truth(data, "test")


def test_a_damaged_image_is_named(data):
    (data.root / "images" / "val" / "a.png").write_bytes(b"no image")

    with pytest.raises(DataError, match=r"a\.png cannot be read"):
        ground_truth(data, "val")
