"""What scores let one expect of the precision, and what labels say."""

import numpy as np
import pytest

from src.core.interval import Interval
from src.documents.metrics import PointMetrics
from src.monitoring.estimated import calibrated, shares
from src.monitoring.labelled import change, fallen, pictures_for
from src.thresholds.operating_point import intervals


def test_calibrated_scores_are_the_shares_that_are_right():
    rng = np.random.default_rng(0)
    scores = rng.random(5000)
    known = calibrated(scores, rng.random(5000) < scores**2)

    found = shares(np.array([0.0, 0.3, 0.6, 0.9, 1.0]), known)

    assert found == pytest.approx([0.0, 0.09, 0.36, 0.81, 1.0], abs=0.08)
    assert (np.diff(found) >= 0).all()
    assert len(known.scores) == len(known.shares) < 300


def test_without_detections_there_is_nothing_to_calibrate():
    assert calibrated(np.zeros(0), np.zeros(0, bool)).scores == ()


def figures(hits, boxes, kept, images, seed):
    rng = np.random.default_rng(seed)
    found = rng.binomial(boxes, hits, images)
    return intervals(np.stack([found + rng.binomial(2, kept, images), found, np.full(images, boxes)], axis=1))


def test_figures_of_other_pictures_of_the_same_kind_have_seldom_fallen():
    alarms = [
        bool(fallen(change(figures(0.6, 3, 0.3, 50, 2 * seed), figures(0.6, 3, 0.3, 64, 2 * seed + 1))))
        for seed in range(200)
    ]

    assert np.mean(alarms) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(alarms))


def test_a_recall_that_falls_is_named():
    found = change(figures(0.3, 3, 0.3, 100, 0), figures(0.7, 3, 0.3, 100, 1))

    assert "recall" in fallen(found)
    assert found.recall.estimate == pytest.approx(-0.4, abs=0.1)


def test_figures_that_are_not_known_have_not_fallen():
    unknown = Interval(np.nan, np.nan, np.nan)

    assert fallen(change(PointMetrics(unknown, unknown, unknown), figures(0.6, 3, 0.3, 50, 0))) == ()


def test_half_the_difference_takes_four_times_the_pictures():
    needed = pictures_for(Interval(0.0, -0.1, 0.1), 50)

    assert needed == {"0.02": 1250, "0.05": 200, "0.1": 50}
    assert pictures_for(Interval(0.0, np.nan, np.nan), 50) == {}
