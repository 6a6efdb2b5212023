import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from src.stages.decide.inputs import read_overlap
from tests.support import documents

DIGEST = "d" * 64


@pytest.fixture
def data(tmp_path):
    """A prepared data set of smooth pictures, each another one."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 4), ("val", 2), ("test", 3)):
        folder = tmp_path / "images" / split
        folder.mkdir(parents=True)
        for number in range(count):
            coarse = Image.fromarray(rng.integers(0, 255, (5, 5, 3), dtype=np.uint8))
            coarse.resize((96, 80), Image.Resampling.BICUBIC).save(folder / f"{number}.jpg", quality=95)
    write_manifest(tmp_path)
    return tmp_path


def write_manifest(folder):
    """What the stage prepare says about the files; contents stand for their digests."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes().hex() for path in folder.rglob("*.jpg")}
    replace(documents.manifest(), digest=DIGEST, files={**files, "labels/train/0.txt": "a"}).write(folder)


def files(pairs):
    return [(pair.file, pair.other_file) for pair in pairs]


def test_different_pictures_are_in_no_two_splits(data):
    overlap = read_overlap(data, DIGEST)
    assert (overlap.same, overlap.alike, overlap.images) == ((), (), 9)


def test_equal_files_and_recompressed_ones_are_told_apart(data):
    shutil.copyfile(data / "images/train/1.jpg", data / "images/test/0.jpg")
    with Image.open(data / "images/train/2.jpg") as picture:
        picture.resize((48, 40)).save(data / "images/val/1.jpg", quality=40)
    write_manifest(data)
    overlap = read_overlap(data, DIGEST)
    assert files(overlap.same) == [("images/test/0.jpg", "images/train/1.jpg")]
    assert files(overlap.alike) == [("images/train/2.jpg", "images/val/1.jpg")]
    assert (overlap.alike[0].split, overlap.alike[0].other_split) == ("train", "val")


def test_equal_plain_pictures_are_found_by_their_content(data):
    for name in ("train/0.jpg", "test/2.jpg"):
        Image.new("RGB", (40, 40), "grey").save(data / "images" / name)
    write_manifest(data)
    assert files(read_overlap(data, DIGEST).same) == [("images/test/2.jpg", "images/train/0.jpg")]


def test_data_that_is_not_there_is_no_error(tmp_path):
    assert "not at hand" in read_overlap(tmp_path, DIGEST)


def test_other_data_says_nothing_about_the_candidate(data):
    assert "other data" in read_overlap(data, "e" * 64)


def test_a_picture_that_cannot_be_read_is_named(data):
    (data / "images/val/0.jpg").write_bytes(b"no picture")
    assert "0.jpg" in read_overlap(data, DIGEST)
