from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

WriteImage = Callable[..., Path]


@pytest.fixture
def write_image() -> WriteImage:
    """Writes an image of noise; the same seed gives the same picture."""

    def write(path: Path, seed: int = 0, size_wh: tuple[int, int] = (40, 32), **options) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (size_wh[1], size_wh[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, **options)
        return path

    return write


@pytest.fixture
def yolo_folder(tmp_path: Path, write_image: WriteImage) -> Path:
    """A good data set of ten images, two classes, one of the images without objects."""
    root = tmp_path / "mine"
    for number in range(10):
        write_image(root / "images" / f"{number}.png", seed=number)
        label = root / "labels" / f"{number}.txt"
        label.parent.mkdir(exist_ok=True)
        label.write_text("" if number == 9 else f"{number % 2} 0.5 0.5 0.25 0.25\n1 0.25 0.25 0.1 0.1\n")
    (root / "data.yaml").write_text("names: {0: cat, 1: dog}\n")
    return root
