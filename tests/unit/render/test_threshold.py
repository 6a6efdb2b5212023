import csv
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from src.core.interval import Interval
from src.documents.metrics import PointMetrics
from src.documents.threshold import NearestPoint, OnVal
from src.render.figures import Line
from src.render.threshold import draw_f1, draw_pairs, draw_precision_recall, draw_reliability, write_table
from src.thresholds.calibration import reliability
from src.thresholds.curve import sweep
from tests.support import documents
from tests.unit.thresholds.strategies import random_detections

UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))
NONE = Interval(0, 0, 0)


def line(detections=40, scale=1.0):
    curve = sweep(random_detections(0, images=5, classes=1, detections=detections, hit_rate=0.6))
    counts = curve.counts
    return Line(scale * curve.thresholds[1:], counts.precision[1:], counts.recall[1:], counts.f()[1:])


def is_picture(path):
    with Image.open(path) as picture:
        return picture.format == "PNG" and min(picture.size) > 300


@pytest.mark.parametrize(
    ("lines", "tuned"),
    [
        pytest.param({"val": line(), "test": line()}, Interval(0.4, 0.3, 0.6), id="linear"),
        pytest.param({"val": line(scale=0.04)}, Interval(0.01, 0.002, 0.02), id="small scores"),
        pytest.param({"val": line()}, UNKNOWN, id="an interval that is not known"),
        pytest.param({"val": line(0), "test": line(scale=0.04)}, None, id="no detections, no threshold"),
    ],
)
def test_f1_is_drawn_whatever_there_is(tmp_path, lines, tuned):
    draw_f1(tmp_path / "plots" / "f1.png", lines, tuned, 0.25)
    assert is_picture(tmp_path / "plots" / "f1.png")


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({}, id="points on val and test"),
        pytest.param({"val": None, "test": None, "ultralytics": None, "chosen": None}, id="no point"),
        pytest.param({"val": OnVal(PointMetrics(UNKNOWN, NONE, NONE), 4, 9)}, id="a point that keeps nothing"),
        pytest.param({"val": None, "nearest": NearestPoint(0.3, 0.7, 0.5, 0.5, 0.5, 1.0)}, id="a nearest point"),
    ],
)
def test_precision_and_recall_are_drawn_whatever_there_is(tmp_path, changed):
    draw_precision_recall(
        tmp_path / "pr.png", {"val": line(), "test": line(0)}, replace(documents.threshold(), **changed)
    )
    assert is_picture(tmp_path / "pr.png")


@pytest.mark.parametrize("detections", [pytest.param(0, id="none"), pytest.param(200, id="many")])
def test_reliability_is_drawn_whatever_there_is(tmp_path, detections):
    some = random_detections(0, images=20, classes=1, detections=detections, hit_rate=0.6)
    draw_reliability(tmp_path / "reliability.png", {"val": reliability(some, some.scores > 0.5)})
    assert is_picture(tmp_path / "reliability.png")


def test_pairs_of_images_of_different_shape_are_drawn(tmp_path):
    wide, high = np.zeros((100, 300, 3), np.uint8), np.zeros((300, 200, 3), np.uint8)
    draw_pairs(tmp_path / "pairs.png", [(("a", wide), ("b", wide)), (("c", high), ("d", high))])
    assert is_picture(tmp_path / "pairs.png")


def test_a_table_has_a_row_for_each_value(tmp_path):
    write_table(tmp_path / "t.csv", {"score": np.array([0.123456789, 0.5]), "kept": np.array([3, 4])})
    rows = list(csv.reader((tmp_path / "t.csv").read_text().splitlines()))
    assert rows == [["score", "kept"], ["0.123457", "3"], ["0.5", "4"]]
