from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.evaluation.error_types import KINDS, count_errors, error_kinds
from src.evaluation.matching import match
from tests.unit.evaluation.scenes import detected, ground_truth, scenes

BOX = [0, 0, 10, 10]
TRUTH = ground_truth([0, 0], [0, 1], [BOX, [50, 50, 60, 60]], images=1, classes=2)


@pytest.mark.parametrize(
    ("box", "class_", "expected"),
    [
        pytest.param(BOX, 0, "duplicate", id="a box that another one has taken"),
        pytest.param([50, 50, 60, 60], 0, "wrong_class", id="a box of another class"),
        pytest.param([0, 0, 10, 4], 0, "localisation", id="too small a part of a box"),
        pytest.param([50, 50, 60, 54], 0, "localisation", id="too small a part of a box of another class"),
        pytest.param([0, 0, 10, 0.5], 0, "background", id="nearly nothing of a box"),
        pytest.param([80, 80, 90, 90], 0, "background", id="nothing at all"),
        pytest.param([50, 50, 60, 60], 1, "hit", id="a free box"),
    ],
)
def test_every_kind_has_its_picture(box, class_, expected):
    """The second detection of a scene whose first one takes the first box."""
    detections = detected([0, 0], [0, class_], [0.9, 0.8], [BOX, box])
    assert error_kinds(detections, TRUTH).tolist() == ["hit", expected]


@given(scenes())
@settings(max_examples=60)
def test_every_detection_and_every_box_is_counted_once(scene):
    """Hits and errors add up to the detections, hits and misses to the boxes."""
    detections, truth = scene
    counts = asdict(count_errors(detections, truth))
    hits = int(match(detections, truth).hit.sum())
    assert counts.pop("missed") + hits == len(truth.boxes_xyxy)
    assert sum(counts.values()) + hits == len(detections)


@given(scenes(levels=4), st.floats(0, 1))
@settings(max_examples=40)
def test_a_kind_does_not_depend_on_the_confidence_threshold(scene, confidence):
    """So that the kinds of all detections answer for every threshold."""
    detections, truth = scene
    kept = detections.scores >= confidence
    np.testing.assert_array_equal(error_kinds(detections.where(kept), truth), error_kinds(detections, truth)[kept])


def test_without_detections_everything_is_missed():
    assert asdict(count_errors(detected([], [], [], []), TRUTH)) == dict.fromkeys(
        [kind for kind in KINDS if kind != "hit"], 0
    ) | {"missed": 2}


def test_on_backgrounds_every_detection_is_a_false_alarm():
    counts = count_errors(detected([0], [0], [0.5], [BOX]), ground_truth([], [], [], images=1))
    assert (counts.background, counts.missed) == (1, 0)
