import numpy as np
import pytest

from src.thresholds.curve import sweep
from src.thresholds.outline import outline
from tests.unit.thresholds.strategies import random_detections


@pytest.mark.parametrize("detections", [pytest.param(0, id="none"), pytest.param(1, id="one"), pytest.param(40)])
def test_a_short_curve_is_drawn_whole(detections):
    curve = sweep(random_detections(0, images=3, classes=1, detections=detections, hit_rate=0.5))
    np.testing.assert_array_equal(outline(curve), np.arange(1, detections + 1))


def test_a_long_curve_keeps_its_ends_and_the_point_asked_for():
    curve = sweep(random_detections(0, images=50, classes=1, detections=5000, hit_rate=0.5))
    drawn = outline(curve, most=100, keep=1234)
    assert len(drawn) <= 100
    assert {1, 1234, 5000} <= set(drawn.tolist())
    assert (np.diff(drawn) > 0).all()


def test_the_best_f1_is_hardly_lowered():
    curve = sweep(random_detections(1, images=50, classes=1, detections=5000, hit_rate=0.5))
    f1 = curve.counts.f()
    assert f1[outline(curve, most=200)].max() == pytest.approx(f1.max(), abs=0.01)
