"""scripts/roboflow_exports.py: two forms of one data set, which are prepared to the same boxes."""

import pytest
from hydra import compose, initialize_config_dir
from PIL import Image

from scripts import roboflow_exports
from src.config import schema
from src.config.folders import CONF
from src.config.own_data import with_own_data
from src.config.sections import section
from src.data.build import ensure_prepared
from src.data.options import DataOptions


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """Ten pictures, each of two people and a dog, which is left out; an eleventh with a dog only."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("exports")
    for kind in ("images", "labels"):
        (source / kind / "train").mkdir(parents=True)
    for number in range(11):
        Image.new("RGB", (64, 48), (20 * number, 0, 0)).save(source / "images" / "train" / f"{number}.jpg")
        people = ["1 0.25 0.5 0.25 0.5", f"1 0.75 0.5 0.125 0.{number + 1:02}"] if number < 10 else []
        (source / "labels" / "train" / f"{number}.txt").write_text("\n".join([*people, "0 0.5 0.5 0.5 0.5"]))
    roboflow_exports.main([str(source), str(target), "--names", "dog", "person", "--classes", "person"])
    return target


def prepared(export, root):
    schema.register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", [*with_own_data([f"data={export}"]), f"data.root={root}"])
    return ensure_prepared(section(cfg, "data", DataOptions))


def test_both_forms_are_prepared_to_the_same_boxes(exports, tmp_path, capsys):
    labels = {}
    for form in ("yolo", "coco"):
        data = prepared(exports / form, tmp_path)
        assert data.class_names == ("person",)
        assert {split: (count.images, count.boxes) for split, count in data.counts.items()} == {
            "train": (7, 14), "val": (2, 4), "test": (1, 2),
        }  # fmt: skip
        files = sorted((tmp_path / form / "labels").rglob("*.txt"))
        labels[form] = [(file.parent.name, [float(value) for value in file.read_text().split()]) for file in files]
    assert [split for split, _ in labels["yolo"]] == [split for split, _ in labels["coco"]]
    for (_, own), (_, other) in zip(labels["yolo"], labels["coco"], strict=True):
        assert own == pytest.approx(other, abs=1e-5)
    assert capsys.readouterr().out.count("Its own splits are kept: train, val, test.") == 2
