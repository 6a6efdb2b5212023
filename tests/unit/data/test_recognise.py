"""`data=PATH`: exports of common tools are recognised, and what was recognised prepares the data."""

import json
import shutil
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from src.config import schema
from src.config.folders import CONF
from src.config.own_data import with_own_data
from src.config.sections import section
from src.core.errors import ConfigError, DataError
from src.data.build import ensure_prepared
from src.data.options import DataOptions
from src.data.recognise import recognise

CUT = "cut into three"


def into_coco(yolo: Path, numbers: range) -> dict:
    """The annotations of some images of the YOLO folder, as COCO JSON."""
    return {
        "images": [{"id": n, "file_name": f"{n}.png", "width": 40, "height": 32} for n in numbers],
        "categories": [{"id": 7, "name": "cat"}, {"id": 9, "name": "dog"}],
        "annotations": [
            {"id": n, "image_id": n, "category_id": 9 - 2 * (n % 2), "bbox": [4, 4, 8 + n, 8]} for n in numbers
        ],
    }


def with_coco(root: Path, yolo: Path, files: dict[str, tuple[range, str]]) -> Path:
    """A data set with annotation files, each for some of the images, which lie in the folder named beside it."""
    for name, (numbers, images) in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(json.dumps(into_coco(yolo, numbers)))
        (root / images).mkdir(parents=True, exist_ok=True)
        for number in numbers:
            shutil.copy(yolo / "images" / f"{number}.png", root / images)
    return root


def roboflow_yolo(root: Path, yolo: Path) -> Path:
    for split, numbers in {"train": range(6), "valid": range(6, 8), "test": range(8, 10)}.items():
        for kind, suffix in (("images", "png"), ("labels", "txt")):
            (root / split / kind).mkdir(parents=True)
            for number in numbers:
                shutil.copy(yolo / kind / f"{number}.{suffix}", root / split / kind)
    (root / "test" / "labels" / "9.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (root / "data.yaml").write_text(
        "train: ../train/images\nval: ../valid/images\ntest: ../test/images\nnc: 2\nnames: ['cat', 'dog']\n"
    )
    return root


def fiftyone_yolo(root: Path, yolo: Path) -> Path:
    for split, numbers in {"train": range(6), "val": range(6, 9)}.items():
        for kind, suffix in (("images", "png"), ("labels", "txt")):
            (root / kind / split).mkdir(parents=True)
            for number in numbers:
                shutil.copy(yolo / kind / f"{number}.{suffix}", root / kind / split)
    (root / "dataset.yaml").write_text(
        "path: .\ntrain: ./images/train\nval: ./images/val\nnames:\n  0: cat\n  1: dog\n"
    )
    return root


def label_studio_yolo(root: Path, yolo: Path) -> Path:
    shutil.copytree(yolo, root)
    (root / "data.yaml").unlink()
    (root / "classes.txt").write_text("cat\ndog\n")
    (root / "notes.json").write_text('{"categories": [{"id": 0, "name": "cat"}], "info": {}}')
    return root


FORMS = {
    "YOLO with a data.yaml": (lambda root, yolo: shutil.copytree(yolo, root), CUT, None),
    "a data.yaml": (lambda root, yolo: Path(shutil.copytree(yolo, root)) / "data.yaml", CUT, None),
    "Roboflow's YOLO": (roboflow_yolo, "train, val, test", {"train": 6, "val": 2, "test": 2}),
    "FiftyOne's YOLO": (fiftyone_yolo, "without test", {"train": 6, "val": 3}),
    "Label Studio's YOLO": (label_studio_yolo, CUT, None),
    "Roboflow's COCO": (
        lambda root, yolo: with_coco(
            root,
            yolo,
            {
                f"{split}/_annotations.coco.json": (numbers, split)
                for split, numbers in {"train": range(6), "valid": range(6, 8), "test": range(8, 10)}.items()
            },
        ),
        "train, val, test",
        {"train": 6, "val": 2, "test": 2},
    ),
    "COCO's own": (
        lambda root, yolo: with_coco(
            root,
            yolo,
            {
                "annotations/instances_train2017.json": (range(7), "train2017"),
                "annotations/instances_val2017.json": (range(7, 10), "val2017"),
            },
        ),
        "without test",
        {"train": 7, "val": 3},
    ),
    "CVAT's COCO": (
        lambda root, yolo: with_coco(root, yolo, {"annotations/instances_default.json": (range(10), "images/default")}),
        CUT,
        None,
    ),
    "FiftyOne's COCO": (lambda root, yolo: with_coco(root, yolo, {"labels.json": (range(10), "data")}), CUT, None),
    "Label Studio's COCO": (
        lambda root, yolo: with_coco(root, yolo, {"result.json": (range(10), "images")}),
        CUT,
        None,
    ),
    "a COCO file": (
        lambda root, yolo: with_coco(root, yolo, {"all.json": (range(10), ".")}) / "all.json",
        CUT,
        None,
    ),
}


def prepared(arguments: list[str], root: Path):
    schema.register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", [*arguments, f"data.root={root}"])
    return ensure_prepared(section(cfg, "data", DataOptions))


@pytest.mark.parametrize("form", FORMS)
def test_an_export_is_recognised_and_prepared(form, tmp_path, yolo_folder, capsys):
    make, said, counts = FORMS[form]
    path = make(tmp_path / "it's my data" / "helmets v2", yolo_folder)
    data = prepared(with_own_data([f"data={path}"]), tmp_path / "prepared")
    assert said in capsys.readouterr().out
    assert data.name == "helmets_v2"
    assert data.class_names == ("cat", "dog")
    if counts is not None:
        assert {split: count.images for split, count in data.counts.items()} == counts
    else:
        assert sum(count.images for count in data.counts.values()) == 10


def test_what_is_set_stays_whatever_its_place(tmp_path, yolo_folder):
    path = roboflow_yolo(tmp_path / "x", yolo_folder)
    shares = "data.splits={train: 0.5, val: 0.3, test: 0.2}"
    data = prepared(with_own_data(["data.name=mine", f"data={path}", shares]), tmp_path / "prepared")
    assert data.name == "mine"
    assert {split: count.images for split, count in data.counts.items()} == {"train": 5, "val": 3, "test": 2}


@pytest.mark.parametrize("argument", ["data=yolo", "data=coco128_person", "data.path=/x/y", "train.data=./x"])
def test_other_arguments_stay(argument):
    assert with_own_data([argument]) == [argument]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        pytest.param(None, "there is no folder or file", id="nothing"),
        pytest.param({}, "no data set that is known: .*; it is empty", id="empty"),
        pytest.param({"a.jpg": "", "b.jpg": ""}, r"it holds a\.jpg, b\.jpg", id="pictures only"),
        pytest.param({"obj.names": "cat", "train.txt": ""}, "Ultralytics YOLO Detection", id="CVAT's YOLO 1.1"),
        pytest.param(
            {"a.json": json.dumps(into_coco(Path(), range(1)))},
            r"names the image '0\.png', which is in none",
            id="lost",
        ),
        pytest.param(
            dict.fromkeys(["a.json", "b.json"], '{"images": [], "annotations": []}'), "several annotation", id="two"
        ),
        pytest.param({"data.yaml": "names: [a]\nval: 3: 4\n"}, "cannot be read as YAML", id="broken"),
    ],
)
def test_what_is_not_known_is_refused_with_what_was_expected(files, reason, tmp_path):
    folder = tmp_path / "found"
    if files is not None:
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_text(content)
    with pytest.raises(ConfigError, match=f"data={folder}: .*{reason}"):
        with_own_data([f"data={folder}"])


def test_a_path_that_no_file_can_have_is_refused():
    with pytest.raises(ConfigError, match=r"^data=/xxx.*: it cannot be looked at: File name too long\.$"):
        with_own_data(["data=/" + "x" * 5000])


def test_a_path_that_is_misspelt_is_answered_with_the_nearest_name(tmp_path):
    (tmp_path / "street people" / "train").mkdir(parents=True)
    for wrong in ("streetpeople", "street_people/train"):
        with pytest.raises(DataError, match=r"there is no folder or file .*; .* holds 'street people'"):
            recognise(tmp_path / wrong)
    with pytest.raises(DataError, match=r"nothing-like-it$"):
        recognise(tmp_path / "nothing-like-it")
