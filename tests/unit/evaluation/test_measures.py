import json
import math
from dataclasses import asdict, replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from src.core.detections import DEFAULT_CONFIDENCE
from src.core.errors import DataError
from src.documents.codec import decode, encode
from src.documents.detections import write_detections
from src.documents.evaluation import AveragePrecisions, EvaluatedSplit
from src.evaluation.error_types import KINDS
from src.evaluation.headline import headline_intervals
from src.evaluation.measures import differences, measure
from tests.unit.evaluation.scenes import detected, ground_truth, random_scene


def write_table(measures, path):
    taken, iou = measures.matches.truth_index[:, 0], measures.matches.iou
    write_detections(path, measures.detections, measures.truth, taken=taken, iou=iou, kinds=measures.kinds)


def differ(a, b):
    return differences(a, b, exchanges=200, seed=0)


SCENE = random_scene(4, images=12, classes=2, truths=40, detections=90)


@pytest.fixture(scope="module")
def measured():
    return measure(*SCENE)


def test_the_counts_of_a_split_add_up(measured):
    found = measured.evaluated()
    assert (found.images, found.boxes) == (12, 40)
    for interval in found.metrics.by_name().values():
        assert interval.low < interval.estimate < interval.high
    assert sum(part.boxes for part in found.per_class.values()) == 40
    assert sum(part.boxes for part in found.per_size.values()) == 40
    mean = np.mean([part.ap50_95 for part in found.per_class.values()])
    assert found.metrics.map50_95.estimate == pytest.approx(mean)
    confusion, errors = np.array(found.confusion), asdict(found.errors)
    assert confusion[:-1].sum() == 40
    assert errors["missed"] == 40 - np.diag(confusion).sum()
    kept = (SCENE[0].scores >= 0.25).sum()
    assert confusion[:, :-1].sum() == kept
    assert sum(errors.values()) - errors["missed"] == kept - np.diag(confusion).sum()


def test_intervals_are_about_the_metrics_that_the_library_computes(measured):
    own = headline_intervals(measured.records, DEFAULT_CONFIDENCE)
    for name in ("mAP50", "mAP50-95"):
        assert measured.metrics.by_name()[name].estimate == pytest.approx(own[name].estimate, abs=1e-12)


def test_a_model_does_not_differ_from_itself_but_may_on_other_images(measured):
    for interval in differ(measured, measured).by_name().values():
        assert interval.estimate == 0.0
        assert interval.low == -interval.high < 0


def test_a_model_that_finds_more_is_better_beyond_doubt(measured):
    """Half of the detections gone, on the same images."""
    detections, truth = SCENE
    half = measure(detections.where(np.arange(len(detections)) % 2 == 0), truth)
    difference = differ(measured, half).recall
    assert difference.estimate == pytest.approx(measured.metrics.recall.estimate - half.metrics.recall.estimate)
    assert difference.low > 0


def test_models_on_other_images_are_not_compared(measured):
    other = measure(*random_scene(5, images=12, classes=2, truths=41, detections=9))
    with pytest.raises(DataError, match=r"not measured on the same images \(12 images with 40 boxes.* with 41 boxes"):
        differ(measured, other)


def test_classes_on_few_images_are_named_and_no_part_of_map():
    detections, truth = random_scene(7, images=12, classes=2, truths=60, detections=90)
    class_index = np.where(truth.image_index == truth.image_index[0], 2, truth.class_index)
    with_rare = replace(truth, class_index=class_index, class_names=("class 0", "class 1", "class 2"))
    found = measure(detections, with_rare).evaluated()
    assert found.rare_classes == ("class 2",)
    mean = np.mean([found.per_class[name].ap50 for name in ("class 0", "class 1")])
    assert found.metrics.map50.estimate == pytest.approx(mean)


def test_where_all_classes_are_rare_map_is_about_all_of_them_and_has_no_interval():
    measures = measure(SOME, replace(TRUTH, class_index=np.array([0, 1])))
    assert measures.evaluated().rare_classes == ("class 0", "class 1")
    assert measures.metrics.map50.estimate == 0.5
    assert math.isnan(measures.metrics.map50.low)


def test_curves_are_there_for_each_class_and_for_all(measured):
    assert list(measured.curves) == ["all", "class 0", "class 1"]
    single = measure(*random_scene(0, images=3, classes=1, truths=5, detections=9))
    assert list(single.curves) == ["all"]


def test_the_table_has_a_row_for_every_detection(measured, tmp_path):
    """With the score, the box, what it was matched with and what is wrong with it."""
    write_table(measured, tmp_path / "detections" / "val.parquet")
    assert [path.name for path in (tmp_path / "detections").iterdir()] == ["val.parquet"]
    table = pq.read_table(tmp_path / "detections" / "val.parquet").to_pydict()
    assert list(table) == [
        *("image", "file", "class", "class_name", "score", "x1", "y1", "x2", "y2", "iou", "truth_index", "kind")
    ]
    detections, truth = SCENE
    assert table["score"] == detections.scores.tolist()
    assert set(table["kind"]) <= set(KINDS)
    for image, file, class_, name, taken, kind in zip(
        *(table[column] for column in ("image", "file", "class", "class_name", "truth_index", "kind")), strict=True
    ):
        assert file == truth.files[image]
        assert name == truth.class_names[class_]
        assert (taken is None) == (kind != "hit")
        assert taken is None or truth.image_index[taken] == image


NONE = detected([], [], [], [])
SOME = detected([0, 1], [0, 0], [0.9, 0.1], [[0, 0, 9, 9], [0, 0, 9, 9]])
TRUTH = ground_truth([0, 1], [0, 0], [[0, 0, 9, 9], [50, 50, 70, 80]], images=2, classes=2)
BACKGROUNDS = ground_truth([], [], [], images=2, classes=2)


@pytest.mark.parametrize(
    ("detections", "truth", "unknown"),
    [
        pytest.param(NONE, TRUTH, {"precision"}, id="no detections"),
        pytest.param(SOME, BACKGROUNDS, {"mAP50", "mAP50-95", "recall", "F1"}, id="backgrounds only"),
        pytest.param(
            NONE, BACKGROUNDS, {"mAP50", "mAP50-95", "precision", "recall", "F1"}, id="nothing on either side"
        ),
        pytest.param(SOME, TRUTH, set(), id="one class missing"),
    ],
)
def test_what_there_is_not_is_unknown_rather_than_an_error(detections, truth, unknown, tmp_path):
    """JSON without NaN, a table that can be written, and a figure for all that has one."""
    measures = measure(detections, truth)
    found = measures.evaluated()
    assert decode(EvaluatedSplit, json.loads(json.dumps(encode(found), allow_nan=False))).per_size == found.per_size
    assert {name for name, value in found.metrics.by_name().items() if math.isnan(value.estimate)} == unknown
    assert found.per_class["class 1"] == found.per_size["large"] == AveragePrecisions(None, None, 0)
    write_table(measures, tmp_path / "table.parquet")
    assert pq.read_table(tmp_path / "table.parquet").num_rows == len(detections)
    differ(measures, measures)


def test_a_split_without_images_is_refused():
    with pytest.raises(DataError, match="no images"):
        measure(NONE, ground_truth([], [], [], images=0))
