"""The page about a data set that is really prepared."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from src.data.build import ensure_prepared
from src.data.options import SyntheticOptions, YoloOptions
from src.stages.prepare.look import SAMPLES, look


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    root = tmp_path_factory.mktemp("prepared")
    options = SyntheticOptions(
        name="people", source="synthetic", root=str(root), splits={"train": 20, "val": 4}, images=24, side=64,
        backgrounds="keep", imgsz_choices=[32, 640],
    )  # fmt: skip
    return options, ensure_prepared(options)


@pytest.fixture(scope="module")
def html(prepared, tmp_path_factory):
    options, data = prepared
    path = look(data, options, tmp_path_factory.mktemp("page"))
    assert path.name == "people.html"
    return path.read_text()


def test_it_says_what_each_split_holds(html, prepared):
    _, data = prepared
    for count in data.counts.values():
        assert f'<td class="number">{count.boxes}</td>' in html
    assert "boxes of person" in html


def test_box_sizes_are_those_at_each_image_size(html):
    """Boxes that are tiny at 32 px are not at 640."""
    assert html.count("<td>train</td>") == html.count("<td>val</td>") == 2
    assert "are under 8 px at imgsz 32." in html
    assert "are under 8 px at imgsz 640." not in html


def test_it_shows_pictures_of_each_class_and_split_and_needs_no_network(html):
    pictures = html.count("data:image/jpeg;base64,")
    assert SAMPLES + 4 <= pictures <= 4 * SAMPLES
    assert "train: person" in html
    assert "https://" not in html


def test_an_object_that_is_labelled_twice_is_named(prepared, tmp_path):
    options, data = prepared
    label = next(path for path in sorted((data.root / "labels" / "train").glob("*.txt")) if path.read_text())
    before = label.read_text()
    try:
        label.write_text(before + before.splitlines()[0] + "\n")
        html = look(data, options, tmp_path).read_text()
    finally:
        label.write_text(before)
    assert "Pairs of boxes of a class that lie on each other: 1." in html
    assert f"images/train/{label.stem}" in html.split("Labelled twice")[1].split("Samples")[0]


def test_near_duplicates_are_shown_as_pictures(prepared, tmp_path):
    options, data = prepared
    manifest = data.root / "manifest.json"
    before = manifest.read_text()
    names = [f"{s}/{next(iter(sorted((data.root / 'images' / s).iterdir()))).name}" for s in ("train", "val")]
    try:
        manifest.write_text(json.dumps(json.loads(before) | {"near_duplicates": [names, names]}))
        page = look(data, options, tmp_path).read_text()
    finally:
        manifest.write_text(before)
    shown = page.split("Near duplicates, the first pairs")[1].split("<h2")[0]
    assert shown.count("data:image/jpeg;base64,") == 2
    assert all(f"<figcaption>{name}</figcaption>" in shown for name in names)


def test_no_picture_is_shown_twice_where_it_has_several_classes(tmp_path):
    """It is shown for the rarest of them; the caption says what else it has."""
    rows = {"person": "0 0.3 0.3 0.2 0.2", "cup": "1 0.7 0.7 0.2 0.2"}
    for split in ("train", "val"):
        for number in range(8):
            image, label = (tmp_path / "own" / kind / split / f"{number}" for kind in ("images", "labels"))
            for path in (image, label):
                path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(number + 10 * len(split)).integers(0, 255, (32, 32, 3), np.uint8)
            Image.fromarray(pixels).save(image.with_suffix(".png"))
            label.with_suffix(".txt").write_text(
                "\n".join([rows["person"], *([rows["cup"]] if number % 4 == 0 else [])])
            )
    options = YoloOptions(
        name="own", source="yolo", root=str(tmp_path / "prepared"), path=str(tmp_path / "own"), names=["person", "cup"],
        splits=None, imgsz_choices=[32],
    )  # fmt: skip
    page = look(ensure_prepared(options), options, tmp_path).read_text()
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert sorted(captions) == sorted(set(captions))
    of_cups = page.split("train: cup")[1].split("<h3")[0]
    assert of_cups.count(": 1 person, 1 cup</figcaption>") == 2
    of_train = [caption for caption in captions if "images/train/" in caption]
    assert len(of_train) == SAMPLES  # that show persons; two of them show a cup as well
