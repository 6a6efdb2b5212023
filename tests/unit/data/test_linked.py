"""Data sets of links, and of copies where links are not allowed."""

import pytest

from src.data.linked import linked
from src.data.prepared import PreparedData


def refuse(*_):
    raise OSError(1314, "A required privilege is not held by the client")


@pytest.mark.parametrize("links", [pytest.param(True, id="links"), pytest.param(False, id="copies")])
def test_a_data_set_with_other_splits(tmp_path, write_image, monkeypatch, links):
    root = tmp_path / "old"
    labels = {"a": "0 0.5 0.5 0.2 0.2\n", "b": "", "c": "0 0.1 0.1 0.1 0.1\n0 0.5 0.5 0.2 0.2\n"}
    images = [write_image(root / "images" / "train" / f"{name}.png") for name in labels]
    (root / "labels" / "train").mkdir(parents=True)
    for name, text in labels.items():
        (root / "labels" / "train" / f"{name}.txt").write_text(text)
    old = PreparedData("d", root, root / "data.yaml", "", ("cat",), {"train": None}, "yolo")
    if not links:
        monkeypatch.setattr("pathlib.Path.symlink_to", refuse)

    new = linked(old, tmp_path / "new", {"train": images[:2], "val": images[2:]})

    [image] = (new.root / "images" / "val").iterdir()
    assert image.is_symlink() == links
    assert image.read_bytes() == images[2].read_bytes()
    assert (new.root / "labels" / "val" / "train_c.txt").read_text() == labels["c"]
    assert (new.counts["train"].images, new.counts["train"].boxes, new.counts["val"].boxes) == (2, 1, 2)
