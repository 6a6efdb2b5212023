import dataclasses

import numpy as np
import pytest

from src.core.errors import DataError
from src.core.interval import Interval
from src.evaluation.average_precision import average_precision
from src.evaluation.bootstrap import interval, paired_difference
from tests.unit.evaluation.strategies import random_records

GOOD = random_records(3, images=12, classes=2, detections=120, hit_rate=0.95)


def worse(records, drop=0.4):
    """The same detections, of which a share no longer hits."""
    kept = np.random.default_rng(0).random(len(records.scores)) > drop
    return dataclasses.replace(records, true_positive=records.true_positive & kept[:, None])


def test_the_interval_surrounds_the_estimate():
    """The estimate is the plain metric and lies between the ends."""
    result = interval(GOOD, "mAP50")
    assert result.estimate == average_precision(GOOD).map50
    assert result.low < result.estimate < result.high


def test_the_same_seed_gives_the_same_interval():
    """Resampling is reproducible, and another seed draws other images."""
    assert interval(GOOD, "mAP50", seed=4) == interval(GOOD, "mAP50", seed=4)
    assert interval(GOOD, "mAP50", seed=4) != interval(GOOD, "mAP50", seed=5)


def test_a_model_does_not_differ_from_itself():
    """The paired difference of a model with itself is exactly zero in every resample."""
    assert paired_difference(GOOD, GOOD, "mAP50-95") == Interval(0.0, 0.0, 0.0)
    assert not paired_difference(GOOD, GOOD, "mAP50-95").excludes_zero


def test_a_clear_difference_is_told_and_has_a_sign():
    """Losing many hits is seen, in either direction of the question."""
    loss = paired_difference(worse(GOOD), GOOD, "mAP50")
    gain = paired_difference(GOOD, worse(GOOD), "mAP50")
    assert loss.high < 0 < gain.low
    assert loss.excludes_zero
    assert gain.excludes_zero
    assert gain.estimate == -loss.estimate


def test_pairing_narrows_the_interval():
    """What both models share cancels out: the difference is surer than the two figures are."""
    other = worse(GOOD, drop=0.05)
    difference, alone = paired_difference(GOOD, other, "mAP50"), interval(GOOD, "mAP50")
    assert difference.high - difference.low < alone.high - alone.low


def test_other_images_cannot_be_compared():
    """Records of another data set are refused with the counts of both."""
    other = random_records(8, images=11, classes=2, detections=50, hit_rate=0.5)
    with pytest.raises(DataError, match=r"12 images with .* 11 with"):
        paired_difference(GOOD, other, "mAP50")


@pytest.mark.parametrize(
    ("setting", "message"),
    [({"resamples": 0}, "resamples is 0"), ({"confidence": 1.0}, "confidence is 1.0")],
)
def test_settings_out_of_range_are_refused(setting, message):
    """The error names the setting and its value."""
    with pytest.raises(DataError, match=message):
        interval(GOOD, "mAP50", **setting)


def test_resamples_without_ground_truth_are_left_out():
    """With boxes on one image of many, the resamples that miss it do not count."""
    positives = np.zeros_like(GOOD.positives)
    positives[0] = GOOD.positives[0] + 1
    on_first = GOOD.true_positive & (GOOD.image_index == 0)[:, None]
    sparse = dataclasses.replace(GOOD, true_positive=on_first, positives=positives)
    assert np.isfinite(interval(sparse, "mAP50").low)


def test_an_interval_is_printed_with_its_ends():
    """It reads like a table's cell, and takes the format of a number."""
    assert str(Interval(0.004, -0.06, 0.07)) == "0.004 [-0.060, 0.070]"
    assert f"{Interval(0.004, -0.06, 0.07):+.2f}" == "+0.00 [-0.06, +0.07]"
