from pathlib import Path

import pytest

from src.core.errors import DataError
from src.data.options import YoloOptions
from src.data.sources.yolo import YoloSource


def _read(path: Path, **changes):
    return YoloSource(YoloOptions(**({"name": "x", "path": str(path)} | changes))).read(path)


def test_a_folder_is_read_with_the_names_of_its_data_yaml(yolo_folder: Path) -> None:
    """A folder or its data.yaml may be given."""
    data = _read(yolo_folder)

    assert data.class_names == ("cat", "dog")
    assert len(data.samples) == 10
    assert sum(len(sample.boxes) for sample in data.samples) == 18
    assert _read(yolo_folder / "data.yaml") == data


def test_names_can_be_given_instead(yolo_folder: Path) -> None:
    """Without data.yaml, the user has to say what the classes are called."""
    (yolo_folder / "data.yaml").unlink()

    assert _read(yolo_folder, names=["cat", "dog"]).class_names == ("cat", "dog")
    with pytest.raises(DataError, match=r"no class names; set data\.names"):
        _read(yolo_folder)


def test_all_mistakes_are_told_at_once(yolo_folder: Path) -> None:
    """Each with its file and line, so that one run is enough to find them."""
    (yolo_folder / "labels" / "0.txt").write_text("0 0.5 0.5 0.1 0.1\n5 0.5 0.5 0.1 0.1\n")
    (yolo_folder / "labels" / "1.txt").unlink()
    (yolo_folder / "images" / "2.png").unlink()

    with pytest.raises(DataError) as caught:
        _read(yolo_folder)

    message = str(caught.value)
    assert message.startswith("3 mistakes")
    assert "labels/0.txt:2: class 5 is out of range" in message
    assert "images/1.png: has no label file" in message
    assert "labels/2.txt: a label without image" in message


def test_missing_partners_can_be_allowed(yolo_folder: Path) -> None:
    """An unlabelled image as background, a label without image ignored: by choice."""
    (yolo_folder / "labels" / "1.txt").unlink()
    (yolo_folder / "images" / "2.png").unlink()

    samples = _read(yolo_folder, unlabelled="background", orphan_labels="ignore").samples

    assert [sample.name for sample in samples if not sample.boxes] == ["1.png", "9.png"]


def test_two_images_for_one_label_are_refused(yolo_folder: Path, write_image) -> None:
    """Nobody could say whose the label is."""
    write_image(yolo_folder / "images" / "0.jpg")

    with pytest.raises(DataError, match=r"share the label file 0\.txt"):
        _read(yolo_folder)


def test_a_label_in_another_encoding_is_refused(yolo_folder: Path) -> None:
    """UTF-8, with or without byte-order mark, is what the trainer reads."""
    (yolo_folder / "labels" / "0.txt").write_bytes(b"\xef\xbb\xbf0 0.5 0.5 0.1 0.1\n")
    (yolo_folder / "labels" / "1.txt").write_bytes(b"\xff\xfe0\x00")

    with pytest.raises(DataError, match=r"labels/1\.txt: not a text file in UTF-8"):
        _read(yolo_folder)


def test_splits_of_the_data_set_are_known(yolo_folder: Path) -> None:
    """From folders named after them, or as data.yaml says."""
    for kind, suffix in (("images", "png"), ("labels", "txt")):
        for number in range(10):
            target = yolo_folder / kind / ("train" if number < 7 else "val") / f"{number}.{suffix}"
            target.parent.mkdir(exist_ok=True)
            (yolo_folder / kind / f"{number}.{suffix}").rename(target)

    by_folder = [sample.split for sample in _read(yolo_folder).samples]
    (yolo_folder / "data.yaml").write_text(
        "path: /elsewhere\ntrain: images/val\nval: images/train\nnames: [cat, dog]\n"
    )
    by_yaml = [sample.split for sample in _read(yolo_folder).samples]

    assert by_folder == ["train"] * 7 + ["val"] * 3
    assert by_yaml == ["val"] * 7 + ["train"] * 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("names: {0: a, 2: b}", "must number the classes 0, 1, 2"),
        ("- a", "expected keys such as names"),
        ("a: [", "cannot be read as YAML"),
        ("names: [a, b]\ntrain: train.txt", "lists of files are not read"),
    ],
)
def test_a_bad_data_yaml_is_refused(yolo_folder: Path, content: str, reason: str) -> None:
    """By name and with what was expected."""
    (yolo_folder / "data.yaml").write_text(content)

    with pytest.raises(DataError, match=f"data.yaml.*{reason}"):
        _read(yolo_folder)


def test_a_folder_that_is_no_data_set_is_refused(tmp_path: Path) -> None:
    """The message says what such a folder looks like."""
    with pytest.raises(DataError, match="has no folder 'images'"):
        _read(tmp_path, names=["a"])
