"""The page about a data set that is really prepared."""

import json

import numpy as np
import pytest

from src.core.detections import RawBoxes
from src.data.build import ensure_prepared
from src.data.options import SyntheticOptions
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


class Oracle:
    """A model that sees what is labelled on each image, but nothing on the first, and one object that has no label."""

    known = None

    def raw_boxes(self, images_bgr):
        from src.data.ground_truth import ground_truth

        count = len(list(images_bgr))
        truth = next(t for s in ("train", "val") if (t := ground_truth(self.data, s)).image_count == count)
        seen = truth.image_index > 0
        boxes = np.vstack([truth.boxes_xyxy[seen], [[0, 0, 2, 2]]])
        return RawBoxes(
            image_index=np.append(truth.image_index[seen], count - 1),
            class_index=np.zeros(len(boxes), np.int64),
            scores=np.full(len(boxes), 0.9, np.float32),
            boxes_xyxy=boxes.astype(np.float32),
            input_sizes_wh=truth.sizes_wh,
            sizes_wh=truth.sizes_wh,
        )


def test_labels_that_a_model_contradicts_are_shown(prepared, html, tmp_path):
    options, data = prepared
    model = Oracle()
    model.data = data
    unseen = sum(
        len([line for line in label.read_text().splitlines() if line])
        for split in ("train", "val")
        for label in sorted((data.root / "labels" / split).glob("*.txt"))[:1]
    )
    page = look(data, options, tmp_path, model).read_text()
    assert "The model contradicts: no label where the model is sure of an object (2)" in page
    assert unseen > 0
    assert f"a label where the model sees nothing ({unseen})" in page
    assert "No trained model was asked." in html
    assert "No trained model was asked." not in page


def test_near_duplicates_are_shown_as_pictures(prepared, tmp_path):
    options, data = prepared
    manifest = data.root / "manifest.json"
    before = manifest.read_text()
    names = [f"{s}/{next(iter(sorted((data.root / 'images' / s).iterdir()))).name}" for s in ("train", "val")]
    try:
        manifest.write_text(json.dumps(json.loads(before) | {"near_duplicates": [names]}))
        page = look(data, options, tmp_path).read_text()
    finally:
        manifest.write_text(before)
    shown = page.split("Near duplicates, the first pairs")[1].split("<h2")[0]
    assert shown.count("data:image/jpeg;base64,") == 2
    assert all(f"<figcaption>{name}</figcaption>" in shown for name in names)
