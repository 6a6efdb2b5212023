"""When pictures were taken, and the labels that belong to them."""

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from src.core.errors import DataError
from src.stages.monitor.labels import read_labels
from src.stages.monitor.window import Window, taken_s


def test_a_picture_was_taken_when_its_exif_says_else_when_it_was_written(tmp_path):
    exif = Image.Exif()
    exif[0x0132] = "2026:11:27 04:05:06"
    Image.new("RGB", (8, 8)).save(tmp_path / "camera.jpg", exif=exif)
    Image.new("RGB", (8, 8)).save(tmp_path / "drawn.png")
    os.utime(tmp_path / "drawn.png", (1000, 1000))

    assert taken_s(tmp_path / "camera.jpg") == datetime(2026, 11, 27, 4, 5, 6).timestamp()
    assert taken_s(tmp_path / "drawn.png") == 1000


@pytest.fixture
def window():
    files = [Path("a/1.jpg"), Path("a/2.jpg"), Path("b/3.jpg")]
    seen = SimpleNamespace(raw=SimpleNamespace(sizes_wh=np.array([[100, 50]] * 3)))
    return Window(Path("pictures"), files, [0.0, 1.0, 2.0], ["x", "x", "y"], [], seen)


def test_pictures_without_a_label_file_are_not_judged(window, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.txt").write_text("1 0.5 0.5 0.2 0.4\n")
    (tmp_path / "a" / "2.txt").write_text("")

    labels = read_labels(tmp_path, window, ("dog", "person"))

    assert labels.known.tolist() == [True, True, False]
    assert labels.scenes == ["x", "x"]
    assert labels.truth.boxes_xyxy == pytest.approx(np.array([[40.0, 15.0, 60.0, 35.0]]))
    assert labels.truth.class_index.tolist() == [1]


def test_a_folder_without_their_labels_is_refused(window, tmp_path):
    with pytest.raises(DataError, match=r"has no label file for any of the pictures; expected .*a/1.txt, for one"):
        read_labels(tmp_path, replace(window), ("person",))


def test_a_class_that_the_model_does_not_have_is_named_with_its_line(window, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.txt").write_text("7 0.5 0.5 0.2 0.4\n")

    with pytest.raises(DataError, match=r"1.txt:1: class 7 is out of range"):
        read_labels(tmp_path, window, ("person",))
