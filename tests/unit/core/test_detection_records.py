import dataclasses

import numpy as np
import pytest

from src.core.detection_records import IOU_THRESHOLDS, DetectionRecords
from src.core.errors import DataError
from tests.unit.evaluation.strategies import random_records

RECORDS = random_records(1, images=3, classes=2, detections=7, hit_rate=0.8)


def test_thresholds_are_those_of_coco():
    """The ten IoU thresholds are 0.50 to 0.95."""
    assert IOU_THRESHOLDS == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def test_saved_records_come_back(tmp_path):
    """What was saved is loaded unchanged, and nothing else is left beside it."""
    path = tmp_path / "new folder" / "records.npz"
    RECORDS.save(path)
    loaded = DetectionRecords.load(path)
    for field in dataclasses.fields(RECORDS):
        np.testing.assert_array_equal(getattr(RECORDS, field.name), getattr(loaded, field.name))
    assert [path] == list(path.parent.iterdir())


@pytest.mark.parametrize("content", [None, b"", b"not an archive"])
def test_a_file_of_something_else_is_refused(tmp_path, content):
    """A missing, empty or foreign file is a data error that names the file."""
    path = tmp_path / "records.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"records\.npz is no file of detection records"):
        DetectionRecords.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"scores": np.zeros(6)}, "image_index has shape", id="lengths-differ"),
        pytest.param({"true_positive": np.zeros((7, 9), bool)}, r"expected \(7, 10\)", id="nine-thresholds"),
        pytest.param({"true_positive": np.zeros((7, 10))}, "expected bool", id="floats-for-bools"),
        pytest.param({"positives": np.zeros(3)}, r"expected \(images, classes\)", id="one-dimension"),
        pytest.param(
            {"image_index": np.full(7, 3)}, r"image_index\[0\] is 3; expected a value from 0 to 2", id="image"
        ),
        pytest.param({"class_index": np.full(7, -1)}, r"class_index\[0\] is -1", id="class"),
        pytest.param({"scores": np.full(7, np.nan)}, r"scores\[0\] is nan", id="nan"),
        pytest.param({"scores": np.full(7, 1.5)}, r"scores\[0\] is 1\.5", id="score-above-one"),
        pytest.param({"positives": np.full((3, 2), -1)}, r"positives\[0, 0\] is -1", id="negative-count"),
        pytest.param({"positives": np.zeros((3, 2), int)}, "each box can be matched once", id="matched-twice"),
    ],
)
def test_wrong_arrays_are_refused(change, message):
    """The error names the array, the place and what was expected."""
    with pytest.raises(DataError, match=message):
        dataclasses.replace(RECORDS, **change)
