import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from src.core.errors import ConfigError, DataError
from src.data.labels import Box
from src.data.options import CocoJsonOptions
from src.data.sources.coco_json import CocoJsonSource

GOOD: dict[str, Any] = {
    "images": [{"id": 7, "file_name": "a.png", "width": 40, "height": 20}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 3, "bbox": [10, 5, 20, 10]},
        {"id": 2, "image_id": 7, "category_id": 90, "bbox": [0, 0, 40.5, 20]},
        {"id": 3, "image_id": 7, "category_id": 3, "bbox": [0, 0, 4, 2], "iscrowd": 1},
    ],
    "categories": [{"id": 90, "name": "dog"}, {"id": 3, "name": "cat"}],
}


def _read(folder: Path, document: Any, **changes):
    text = document if isinstance(document, str) else json.dumps(document)
    (folder / "a.json").write_text(text)
    (folder / "images").mkdir(exist_ok=True)
    settings = {"name": "x", "path": str(folder), "annotations": "a.json", "unlabelled": "background"}
    return CocoJsonSource(CocoJsonOptions(**(settings | changes))).read(folder)


def test_boxes_become_fractions_and_categories_are_renumbered(tmp_path: Path) -> None:
    """Ids follow the order of the category ids; a pixel of rounding is cut off; crowds are left out and counted."""
    data = _read(tmp_path, GOOD)

    assert data.class_names == ("cat", "dog")
    assert data.samples[0].boxes == (Box(0, 0.5, 0.5, 0.5, 0.5), Box(1, 0.5, 0.5, 1.0, 1.0))
    assert data.samples[0].size_wh == (40, 20)
    assert data.facts == {"crowd_annotations_left_out": 1, "boxes_clipped_at_the_border": 1}


def _broken(part: str, key: str, value: Any) -> dict[str, Any]:
    document = deepcopy(GOOD)
    document[part][0][key] = value
    return document


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        pytest.param("{", "cannot be read as JSON: .* line 1", id="no JSON"),
        pytest.param("[]", "not in COCO form", id="a list"),
        pytest.param({"images": []}, "has no 'images'", id="no images"),
        pytest.param(GOOD | {"categories": []}, "has no 'categories'", id="no categories"),
        pytest.param(GOOD | {"images": {"7": "a.png"}}, "'images' must be a list of objects", id="images by name"),
        pytest.param(
            _broken("annotations", "category_id", 5), r"annotation 1 .*category 5 is none of 3, 90", id="category"
        ),
        pytest.param(
            _broken("annotations", "image_id", 8), "annotation 1: there is no image with id 8", id="no such image"
        ),
        pytest.param(
            _broken("annotations", "bbox", [0, 0, 60, 5]), "right edge at 60, outside the image", id="outside"
        ),
        pytest.param(_broken("annotations", "bbox", [-5, 0, 6, 5]), "left edge at -5, outside", id="negative"),
        pytest.param(_broken("annotations", "bbox", [1, 1, 0, 5]), "annotation 1 .*no area", id="no area"),
        pytest.param(_broken("annotations", "bbox", [1, 1, float("nan"), 5]), "right edge at nan", id="NaN"),
        pytest.param(_broken("annotations", "bbox", [1, 1, 5]), "bbox must be", id="three numbers"),
        pytest.param(_broken("images", "width", 0), "image 7: width must be a whole number", id="no width"),
        pytest.param(_broken("images", "file_name", "../a.png"), "leaves the folder", id="leaves"),
        pytest.param(_broken("categories", "name", "cat"), "two classes are called 'cat'", id="same name"),
        pytest.param(_broken("categories", "name", {"en": "cat"}), "category 90: its name is a text", id="name"),
        pytest.param(_broken("categories", "name", "two\nlines"), "control character '.n'", id="two lines"),
        pytest.param(_broken("categories", "name", "\ud800"), "is no valid text", id="half a character"),
        pytest.param(_broken("categories", "id", None), "number 1 of 'categories': id is None", id="no category id"),
        pytest.param(_broken("images", "id", [7]), r"number 1 of 'images': id is \[7\]", id="a list as id"),
        pytest.param(_broken("images", "width", 10**400), "width must be a whole number from 1 to", id="too wide"),
        pytest.param(_broken("images", "file_name", "a\0.png"), "cannot be the name of a file", id="no file name"),
        pytest.param(_broken("images", "file_name", "a" * 300), "cannot be the name of a file", id="long file name"),
        pytest.param(_broken("annotations", "bbox", [1, 1, 10**400, 5]), "bbox must be", id="a number too large"),
        pytest.param(_broken("annotations", "bbox", ["1", "1", "5", "5"]), "bbox must be", id="texts"),
        pytest.param(GOOD | {"images": GOOD["images"] * 2}, "two images have the same id", id="same id"),
    ],
)
def test_a_bad_document_is_refused_with_its_place(tmp_path: Path, document: Any, reason: str) -> None:
    """The message names the file and the image or annotation."""
    with pytest.raises(DataError, match=reason) as caught:
        _read(tmp_path, document)
    assert "a.json" in str(caught.value)


def test_an_image_without_annotation_is_background_by_choice(tmp_path: Path) -> None:
    """As a missing label file is for YOLO data."""
    document = GOOD | {"images": [*GOOD["images"], {"id": 8, "file_name": "b.png", "width": 40, "height": 20}]}

    assert _read(tmp_path, document).samples[1].boxes == ()
    with pytest.raises(DataError, match=r"image 8 \(b\.png\): has no annotation"):
        _read(tmp_path, document, unlabelled="refuse")


def test_a_file_without_annotations_is_refused(tmp_path: Path) -> None:
    """It would make every image a background; that its list is empty and that it has none is said apart."""
    with pytest.raises(DataError, match=r"a\.json: 'annotations' is empty: not one of its 1 images has a box"):
        _read(tmp_path, GOOD | {"annotations": []})
    with pytest.raises(DataError, match=r"a\.json: has no 'annotations': not one of its 1 images has a box"):
        _read(tmp_path, {key: value for key, value in GOOD.items() if key != "annotations"})


def test_what_other_tools_write_is_read(tmp_path: Path) -> None:
    """A byte-order mark, ids as texts, Windows' separators, Roboflow's category that heads the others."""
    document = {
        "images": [{"id": "7", "file_name": "images\\a.png", "width": 40, "height": 20}],
        "annotations": [{"id": "1", "image_id": "7", "category_id": "1", "bbox": [10, 5, 20, 10]}],
        "categories": [
            {"id": "0", "name": "pets", "supercategory": "none"},
            {"id": "1", "name": "cat", "supercategory": "pets"},
        ],
    }
    data = _read(tmp_path, "\ufeff" + json.dumps(document))

    assert data.class_names == ("cat",)
    assert data.samples[0].name == "images/a.png"
    assert data.samples[0].boxes == (Box(0, 0.5, 0.5, 0.5, 0.5),)


def test_ids_may_be_texts(tmp_path: Path) -> None:
    """Classes whose ids are numbers come first, in the order of these; the others follow by the alphabet."""
    document = {
        "images": [{"id": "a.png", "file_name": "a.png", "width": 40.0, "height": "20"}],
        "annotations": [{"image_id": "a.png", "category_id": "dogs", "bbox": [10, 5, 20, 10]}],
        "categories": [{"id": "dogs", "name": "dog"}, {"id": "cats", "name": "cat"}, {"id": 10, "name": "other"}],
    }
    data = _read(tmp_path, document)

    assert data.class_names == ("other", "cat", "dog")
    assert data.samples[0].boxes == (Box(2, 0.5, 0.5, 0.5, 0.5),)


def test_a_file_per_split_keeps_the_splits(tmp_path: Path) -> None:
    """The same file name may occur in two splits' folders."""
    per_split = {"train": "a.json", "val": "a.json"}

    data = _read(tmp_path, GOOD, annotations=per_split, images={"train": "one", "val": "two"})

    assert [(sample.name, sample.split) for sample in data.samples] == [("train/a.png", "train"), ("val/a.png", "val")]


def test_splits_of_other_names_are_refused() -> None:
    """A typing mistake is no fourth split."""
    with pytest.raises(ConfigError, match="Did you mean 'val'"):
        CocoJsonOptions(name="x", annotations={"train": "a.json", "vall": "b.json"})


def test_the_folder_of_images_may_be_part_of_the_names(tmp_path: Path, write_image) -> None:
    """As in exports where it lies beside the document."""
    write_image(tmp_path / "images" / "a.png", size_wh=(40, 20))
    document = GOOD | {"images": [{"id": 7, "file_name": "images/a.png", "width": 40, "height": 20}]}
    document["annotations"] = [{"id": 1, "image_id": 7, "category_id": 1, "bbox": [10, 5, 20, 10], "iscrowd": "0"}]
    document["categories"] = [{"id": 1, "name": "cat"}]

    (sample,) = _read(tmp_path, document).samples

    assert (sample.name, sample.image) == ("a.png", tmp_path / "images" / "a.png")
    assert len(sample.boxes) == 1, "'0' is no crowd"
