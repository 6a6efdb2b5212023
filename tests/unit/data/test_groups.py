"""What belongs together stays on one side of the cut, whatever says so."""

import json
import shutil
from pathlib import Path

import pytest

from src.core.errors import ConfigError, DataError
from src.data.build import ensure_prepared
from src.data.ingredients import watched
from src.data.options import ArchiveOptions, CocoJsonOptions, SyntheticOptions, YoloOptions

SPLITS = {"train": 0.6, "val": 0.4}


def numbers_in(root: Path, split: str) -> set[int]:
    """The numbers of the images in a split."""
    return {int(path.stem.rpartition("_")[2]) for path in (root / "images" / split).iterdir()}


def options(tmp_path: Path, folder: Path, **changes: object) -> YoloOptions:
    """A data set in YOLO form with a file of groups."""
    settings = {"name": "x", "root": str(tmp_path / "prepared"), "path": str(folder), "splits": SPLITS}
    return YoloOptions(**(settings | {"groups": "groups.csv"} | changes))


@pytest.mark.parametrize("name", ["{}.png", "images/{}.png", "{}", "./images/{}.png", "images\\{}.png"])
def test_a_file_names_groups(tmp_path: Path, yolo_folder: Path, name: str) -> None:
    """By paths as they are in the data set, or by names alone; a title is no image."""
    lines = [f"{name.format(number)},video{number // 2}" for number in range(10)]
    (yolo_folder / "groups.csv").write_text("\n".join(["image,group", *lines, ""]))

    data = ensure_prepared(options(tmp_path, yolo_folder))

    videos = [{number // 2 for number in numbers_in(data.root, split)} for split in SPLITS]
    assert not videos[0] & videos[1]
    assert watched(options(tmp_path, yolo_folder)) == (yolo_folder,)
    assert len(data.groups) == 10
    for split in SPLITS:
        for path in (data.root / "images" / split).iterdir():
            assert data.groups[f"{split}/{path.stem}"] == f"video{int(path.stem.rpartition('_')[2]) // 2}"


def test_a_change_of_the_file_is_a_change_of_the_data(tmp_path: Path, yolo_folder: Path) -> None:
    """It decides who goes where."""
    file = yolo_folder / "groups.csv"
    file.write_text("".join(f"{number}.png,video{number // 2}\n" for number in range(10)))
    first = ensure_prepared(options(tmp_path, yolo_folder))
    file.write_text("".join(f"{number}.png,video{number % 5}\n" for number in range(10)))

    assert ensure_prepared(options(tmp_path, yolo_folder)).digest != first.digest


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(None, r"data\.groups: .*groups\.csv does not exist", id="no file"),
        pytest.param("0.png\n", r"groups\.csv:1: expected two columns", id="a column"),
        pytest.param("0.png,a\n0.png,b\n", r"groups\.csv:2: 0\.png is in the groups 'a' and 'b'", id="two groups"),
        pytest.param("0.png,a\n", r"groups\.csv: has no line for the image '\d\.png'", id="no line"),
        pytest.param(b"\xff\xfe", "not a text file in UTF-8", id="no text"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, yolo_folder: Path, content: str | bytes | None, reason: str) -> None:
    """With its line."""
    if content is not None:
        (yolo_folder / "groups.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=reason):
        ensure_prepared(options(tmp_path, yolo_folder))


def test_splits_of_its_own_may_not_cut_a_group(tmp_path: Path, yolo_folder: Path) -> None:
    """Whoever names groups wants them whole."""
    for kind, suffix in (("images", "png"), ("labels", "txt")):
        for split, numbers in (("train", range(5)), ("val", range(5, 10))):
            (yolo_folder / kind / split).mkdir()
            for number in numbers:
                name = f"{number}.{suffix}"
                (yolo_folder / kind / name).rename(yolo_folder / kind / split / f"video{number // 4}_{name}")

    with pytest.raises(DataError, match=r"own splits cut the group 'video1': .*video1_4\.png \(train\)"):
        ensure_prepared(options(tmp_path, yolo_folder, groups=r"video\d", splits=None))
    assert (
        ensure_prepared(options(tmp_path, yolo_folder, groups=r"(train|val)/", splits=None)).counts["val"].images == 5
    )


def test_coco_json_has_groups_too(tmp_path: Path, yolo_folder: Path) -> None:
    """By a pattern, and by a file."""
    document = {
        "images": [{"id": n, "file_name": f"{n}.png", "width": 40, "height": 32} for n in range(10)],
        "annotations": [{"id": n, "image_id": n, "category_id": 1, "bbox": [1, 1, 9, 9]} for n in range(10)],
        "categories": [{"id": 1, "name": "cat"}],
    }
    (yolo_folder / "a.json").write_text(json.dumps(document))
    (yolo_folder / "groups.txt").write_text("".join(f"{n}.png, {'low' if n < 6 else 'high'}\n" for n in range(10)))
    for groups in ("groups.txt", "^[0-5]|^[6-9]"):
        settings = {"path": str(yolo_folder), "annotations": "a.json", "splits": SPLITS, "groups": groups}
        made = CocoJsonOptions(name="x", root=str(tmp_path / "prepared"), **settings)
        if groups == "groups.txt":
            assert numbers_in(ensure_prepared(made).root, "train") == set(range(6))
        assert sum(count.images for count in ensure_prepared(made).counts.values()) == 10


def test_drawn_pictures_have_patterns_only(tmp_path: Path) -> None:
    """They have no folder with a file in it."""
    settings = {"name": "x", "root": str(tmp_path), "images": 20, "side": 64, "splits": SPLITS}
    data = ensure_prepared(SyntheticOptions(**settings, groups=r"(\d{5})\d\.jpg"))
    assert [{n // 10 for n in numbers_in(data.root, split)} for split in SPLITS] in ([{0}, {1}], [{1}, {0}])
    with pytest.raises(DataError, match=r"data\.groups=a\.csv: this data set has no files of its own"):
        ensure_prepared(SyntheticOptions(**settings, groups="a.csv"))


def test_an_archive_may_hold_the_file(tmp_path: Path, yolo_folder: Path) -> None:
    """In the data set's folder; that the archive's images and labels are pinned does not hide a change of it."""
    (yolo_folder / "groups.csv").write_text("".join(f"{n}.png,{'low' if n < 6 else 'high'}\n" for n in range(10)))
    packed = shutil.make_archive(str(tmp_path / "mine"), "zip", yolo_folder)
    settings = {"name": "x", "root": str(tmp_path / "prepared"), "archive": packed, "names": ["cat", "dog"]}
    data = ensure_prepared(ArchiveOptions(**settings, splits=SPLITS, groups="groups.csv"))
    assert numbers_in(data.root, "train") == set(range(6))


def test_what_is_no_pattern_is_refused() -> None:
    """And what a file would be called is said."""
    with pytest.raises(ConfigError, match=r"is no regular expression: .*\(A file ends in \.csv or \.txt\.\)"):
        YoloOptions(name="x", path="y", groups="(")


def test_frames_of_one_video_are_one_group(tmp_path: Path, yolo_folder: Path) -> None:
    """As many groups as splits are needed."""
    with pytest.raises(DataError, match=r"data\.groups makes 1 groups, too few for 2 splits"):
        ensure_prepared(options(tmp_path, yolo_folder, groups=r"\.png"))
