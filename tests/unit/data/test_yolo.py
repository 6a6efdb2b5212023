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
        ("names: [a, b]\ntrain: {a: b}", "'train' must be a folder"),
        ("names: {a: 0, no: 1}", "from the id to the name, as in {0: a, 1: no}"),
        ("names: [a, a]", "two classes are called 'a'"),
        ("names: {0: [a]}", "a class name is a text"),
        ("names: {0: a, 0: b, 1: c}", "the key '0' is there twice"),
        ("names: [a, b]\nnames: [c, d]", "the key 'names' is there twice"),
        ("nc: 3\nnames: [a, b]", "nc is 3, but 'names' has 2 classes"),
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


def _move(root: Path, number: int, images: Path, labels: Path) -> None:
    for folder, kind, suffix in ((images, "images", "png"), (labels, "labels", "txt")):
        folder.mkdir(parents=True, exist_ok=True)
        (root / kind / f"{number}.{suffix}").rename(folder / f"{number}.{suffix}")


@pytest.mark.parametrize("prefix", ["", "../"])
@pytest.mark.parametrize("with_yaml", [True, False])
def test_a_folder_per_split_is_read(yolo_folder: Path, prefix: str, with_yaml: bool) -> None:
    """As Roboflow exports it, whose data.yaml says ../train/images and means its own folder."""
    for number in range(10):
        split = "train" if number < 7 else "valid"
        _move(yolo_folder, number, yolo_folder / split / "images", yolo_folder / split / "labels")
    (yolo_folder / "images").rmdir()
    (yolo_folder / "labels").rmdir()
    splits = f"train: {prefix}train/images\nval: {prefix}valid/images\ntest: {prefix}test/images\n"
    for kind in ("images", "labels"):
        (yolo_folder / "test" / kind).mkdir(parents=True)
    (yolo_folder / "data.yaml").write_text("names: [cat, dog]\n" + (splits if with_yaml else ""))

    samples = _read(yolo_folder).samples

    assert [sample.split for sample in samples] == ["train"] * 7 + ["val"] * 3
    assert [sample.name for sample in samples][:2] == ["train/0.png", "train/1.png"]
    assert sum(len(sample.boxes) for sample in samples) == 18


def test_lists_of_images_are_read(yolo_folder: Path) -> None:
    """Relative to the list or to the data set, with either separator; labels are found as usual."""
    (yolo_folder / "train.txt").write_text("".join(f"./images/{number}.png\n" for number in range(7)))
    (yolo_folder / "val.txt").write_text("images\\7.png\nimages/8.png\n")
    (yolo_folder / "data.yaml").write_text("names: [cat, dog]\ntrain: train.txt\nval: val.txt\n")

    samples = _read(yolo_folder).samples

    assert [sample.split for sample in samples] == ["train"] * 7 + ["val"] * 2
    (yolo_folder / "val.txt").write_text("images/none.png\n")
    with pytest.raises(DataError, match=r"val\.txt:1: there is no image images/none\.png"):
        _read(yolo_folder)


def test_folders_elsewhere_are_read(yolo_folder: Path, tmp_path: Path) -> None:
    """Absolute, and outside the data set's folder."""
    for number in range(10):
        _move(yolo_folder, number, tmp_path / "far" / "images", tmp_path / "far" / "labels")
    (yolo_folder / "data.yaml").write_text(f"names: [cat, dog]\ntrain: {tmp_path}/far/images\nval: nothing/images\n")
    (yolo_folder / "nothing/images").mkdir(parents=True)

    samples = _read(yolo_folder).samples

    assert [sample.split for sample in samples] == ["train"] * 10
    assert sum(len(sample.boxes) for sample in samples) == 18


def test_linked_folders_are_followed(yolo_folder: Path, tmp_path: Path) -> None:
    """A data set may be put together of links; one that leads back to itself ends there."""
    for number in range(6):
        _move(yolo_folder, number, tmp_path / "far" / "images", tmp_path / "far" / "labels")
    for kind in ("images", "labels"):
        (yolo_folder / kind / "far").symlink_to(tmp_path / "far" / kind)
    (yolo_folder / "images" / "again").symlink_to(yolo_folder / "images")

    assert len(_read(yolo_folder).samples) == 10


def test_class_names_are_texts_as_they_are_written(yolo_folder: Path) -> None:
    """YAML has other ideas of yes, no and 1.0."""
    (yolo_folder / "data.yaml").write_text("names: {0: no, 1: 1.0}\n")
    assert _read(yolo_folder).class_names == ("no", "1.0")
    (yolo_folder / "data.yaml").write_text("names: [yes, on]\n")
    assert _read(yolo_folder).class_names == ("yes", "on")


def test_a_list_of_classes_among_the_labels_is_no_label(yolo_folder: Path) -> None:
    """Wherever below labels/ a tool has left it."""
    (yolo_folder / "labels" / "train").mkdir()
    for folder in ("", "train"):
        (yolo_folder / "labels" / folder / "classes.txt").write_text("cat\ndog\n")

    assert len(_read(yolo_folder).samples) == 10


def test_key_points_without_visibility_are_known_by_the_data_yaml(yolo_folder: Path) -> None:
    """Two numbers for each point look like a polygon, whose box would be another one."""
    (yolo_folder / "labels" / "0.txt").write_text("0 0.5 0.5 0.2 0.2 0.45 0.45 0.55 0.55\n")
    (yolo_folder / "data.yaml").write_text("names: [cat, dog]\nkpt_shape: [2, 2]\n")
    options = YoloOptions(name="x", path=str(yolo_folder), rows="boxes")

    data = YoloSource(options).read(yolo_folder)

    (box,) = next(sample.boxes for sample in data.samples if sample.name == "0.png")
    assert (box.width, box.height) == (0.2, 0.2)
    assert data.facts["key_points_left_out"] == 1


@pytest.mark.parametrize("path", ["..", "/", "../.."])
def test_a_split_may_not_lead_to_what_holds_the_data_set(yolo_folder: Path, path: str) -> None:
    """It would walk all of it."""
    (yolo_folder / "data.yaml").write_text(f"names: [cat, dog]\ntrain: {path}\n")
    with pytest.raises(DataError, match="which holds far more than this data set"):
        YoloSource(YoloOptions(name="x", path=str(yolo_folder))).read(yolo_folder)


def test_where_splits_are_named_the_data_set_is_what_they_hold(yolo_folder: Path, caplog) -> None:
    """As Ultralytics has it; what lies beside them is counted, its labels are no orphans and may be missing."""
    (yolo_folder / "train.txt").write_text("".join(f"images/{number}.png\n" for number in range(4)))
    (yolo_folder / "val.txt").write_text("images/4.png\nimages/5.png\n")
    (yolo_folder / "data.yaml").write_text("names: [cat, dog]\ntrain: train.txt\nval: val.txt\n")
    (yolo_folder / "labels" / "8.txt").unlink()

    data = YoloSource(YoloOptions(name="x", path=str(yolo_folder))).read(yolo_folder)

    assert [sample.split for sample in data.samples] == ["train"] * 4 + ["val"] * 2
    assert data.facts["images_of_no_split_left_out"] == 4
    assert "4 images were left out" in caplog.text


def test_own_splits_with_images_in_common_can_be_shared_out_anew(yolo_folder: Path) -> None:
    """As in Ultralytics' coco128.yaml, whose val is its train; kept as they are, they would judge what was trained."""
    (yolo_folder / "data.yaml").write_text("names: [cat, dog]\ntrain: images\nval: images\ntest:\n")

    anew = YoloOptions(name="x", path=str(yolo_folder), splits={"train": 0.6, "val": 0.4})
    assert len(YoloSource(anew).read(yolo_folder).samples) == 10

    with pytest.raises(DataError, match=r"0\.png: is in the splits 'train' and 'val'.*data.splits="):
        YoloSource(YoloOptions(name="x", path=str(yolo_folder))).read(yolo_folder)


def test_what_systems_leave_in_a_folder_is_no_label_and_a_broken_link_is_named(yolo_folder: Path) -> None:
    """`._0.txt` of macOS; a link to itself or to nothing would lose an image in silence."""
    (yolo_folder / "labels" / "._0.txt").write_bytes(b"\x00\x05\x16\x07")
    assert len(_read(yolo_folder).samples) == 10

    (yolo_folder / "images" / "11.png").symlink_to("11.png")
    with pytest.raises(DataError, match=r"11\.png: this link leads to 11\.png, where nothing is"):
        _read(yolo_folder)
