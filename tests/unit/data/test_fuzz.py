"""Whatever a label file, a data.yaml or an annotation file holds: a data set, or an error that says why none."""

import json
import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from hypothesis import strategies as st
from PIL import Image
from support.fuzz import fuzz

from src.core.errors import ConfigError, DataError
from src.data.build import ensure_prepared
from src.data.ground_truth import ground_truth
from src.data.ingredients import watched
from src.data.options import CocoJsonOptions, DataOptions, YoloOptions

WIDTH, HEIGHT = 16, 12
GOOD = "0 0.5 0.5 0.5 0.5\n"
NAMES = ["train", "val"]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 20)
    | st.integers()
    | st.floats()
    | st.sampled_from(
        [
            *NAMES,
            "test",
            "0",
            "1",
            "images",
            "images/train",
            "list.txt",
            "labels",
            "..",
            ".",
            "",
            "/",
            "a\0b",
            "~",
            "é" * 200,
        ]
    )
    | st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)

_number = st.floats(-0.1, 1.1).map(lambda value: f"{value:.5g}") | st.sampled_from(
    [
        "0",
        "1",
        "2",
        "0.5",
        "1.0000001",
        "-1e-9",
        "nan",
        "inf",
        "1e400",
        "1e-400",
        "0x1",
        "1_0",
        "٣",
        "true",
        "0,5",
        "-0",
    ]
)
_row = st.lists(_number | st.text(max_size=4), max_size=14).map(" ".join)
label_files = st.one_of(
    st.binary(max_size=60),
    st.lists(st.just(GOOD.strip()) | _row, max_size=5).map(lambda rows: "\n".join(rows).encode(errors="surrogatepass")),
)


@fuzz(content=label_files, rows=st.sampled_from(["strict", "boxes"]))
def test_any_label_file(content: bytes, rows: str) -> None:
    """Is read, and the boxes lie in their images."""
    with data_set() as folder:
        (folder / "labels/train/a.txt").write_bytes(content)
        check(YoloOptions(name="prepared", root=str(folder), path=str(folder), names=["one", "two"], rows=rows))


_keys = st.sampled_from(["names", "train", "val", "valid", "test", "path", "nc", "download"])
descriptions = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40).map(lambda text: f"names: [one, two]\n{text}".encode(errors="surrogatepass")),
    st.dictionaries(_keys, values, max_size=5).map(
        lambda content: yaml.safe_dump(content).encode(errors="surrogatepass")
    ),
    st.dictionaries(_keys, values, max_size=2).map(
        lambda content: yaml.safe_dump(
            {"names": {0: "one", 1: "two"}, "train": "images/train", "val": "images/val", **content}
        ).encode(errors="surrogatepass")
    ),
)


_line = st.sampled_from(["images/train/a.png", "./images/val/a.png", "..", "labels/train/a.txt", "x" * 300]) | st.text(
    max_size=5
)
lists = st.binary(max_size=20) | st.lists(_line, max_size=3).map(
    lambda lines: "\n".join(lines).encode(errors="surrogatepass")
)


@fuzz(content=descriptions, listed=lists)
def test_any_data_yaml(content: bytes, listed: bytes) -> None:
    """Describes a data set, or is refused."""
    with data_set() as folder:
        (folder / "list.txt").write_bytes(listed)
        (folder / "data.yaml").write_bytes(content)
        check(YoloOptions(name="prepared", root=str(folder), path=str(folder)))


def document() -> dict[str, Any]:
    """A good annotation file."""
    return {
        "images": [
            {"id": n, "file_name": f"{name}/a.png", "width": WIDTH, "height": HEIGHT} for n, name in enumerate(NAMES)
        ],
        "categories": [{"id": 1, "name": "one"}, {"id": 3, "name": "two"}],
        "annotations": [{"id": n + 1, "image_id": n, "category_id": 3, "bbox": [1, 2, 3, 4]} for n in range(2)],
    }


def changed(places: list[tuple[int, Any]]) -> bytes:
    """A good annotation file with values in some places replaced."""
    content = document()
    for place, value in places:
        setters = list(_places(content))
        setters[place % len(setters)](value)
    return json.dumps(content).encode()


def _places(content: Any) -> Iterator[Callable[[Any], None]]:
    keys: Any = content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in keys:
        yield lambda value, key=key: content.__setitem__(key, value)
        yield from _places(content[key])


annotation_files = st.one_of(
    st.binary(max_size=60),
    values.map(lambda content: json.dumps(content).encode()),
    st.lists(st.tuples(st.integers(0, 100), values), min_size=1, max_size=3).map(changed),
)


@fuzz(content=annotation_files)
def test_any_coco_json(content: bytes) -> None:
    """Is read, or refused."""
    with data_set() as folder:
        (folder / "annotations.json").write_bytes(content)
        check(
            CocoJsonOptions(
                name="prepared",
                root=str(folder),
                path=str(folder),
                annotations="annotations.json",
                splits={"train": 1, "val": 1},
            )
        )


@contextmanager
def data_set() -> Iterator[Path]:
    """A good data set of one picture for training and one for validation."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "some", "folders", "down")  # "../.." is still ours
        for number, split in enumerate(NAMES):
            for kind in ("images", "labels"):
                (folder / kind / split).mkdir(parents=True)
            pixels = np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "images" / split / "a.png")
            (folder / "labels" / split / "a.txt").write_text(GOOD)
        yield folder


def check(options: DataOptions) -> None:
    """Prepare the data; what comes out can be evaluated on."""
    try:
        watched(options)
        data = ensure_prepared(options)
    except (DataError, ConfigError):  # the project's own: refused with a reason
        return
    for split in data.counts:
        truth = ground_truth(data, split)
        assert np.isfinite(truth.boxes_xyxy).all()
        assert (truth.boxes_xyxy >= -0.01).all()
        assert (truth.boxes_xyxy <= max(WIDTH, HEIGHT) + 0.01).all()
        assert set(truth.class_index.tolist()) <= set(range(len(data.class_names)))
    assert all(isinstance(name, str) for name in data.class_names)
    assert not math.isnan(sum(count.boxes for count in data.counts.values()))
