import dataclasses

import numpy as np
import pytest

from src.core.errors import DataError
from src.evaluation.average_precision import average_precision
from src.evaluation.headline import headline_intervals
from src.evaluation.paired import headline_differences, map_differences
from tests.unit.evaluation.strategies import random_records

GOOD = random_records(3, images=12, classes=2, detections=120, hit_rate=0.95)


def worse(records, drop=0.4):
    """The same detections, of which a share no longer hits."""
    kept = np.random.default_rng(0).random(len(records.scores)) > drop
    return dataclasses.replace(records, true_positive=records.true_positive & kept[:, None])


def test_a_model_does_not_differ_from_itself():
    for interval in (map_differences(GOOD, GOOD) | headline_differences(GOOD, GOOD, 0.25)).values():
        assert interval.estimate == 0
        assert not interval.excludes_zero


def test_a_clear_difference_is_told_and_has_a_sign():
    """Losing many hits is seen, in either direction of the question."""
    loss, gain = map_differences(worse(GOOD), GOOD)["mAP50"], map_differences(GOOD, worse(GOOD))["mAP50"]
    assert loss.high < 0 < gain.low
    assert gain.estimate == -loss.estimate
    assert gain.estimate == average_precision(GOOD).map50 - average_precision(worse(GOOD)).map50


def test_a_model_that_loses_half_of_its_hits_is_worse_in_all():
    some = random_records(0, images=40, classes=1, detections=200, hit_rate=0.6)
    assert all(interval.high < 0 for interval in headline_differences(worse(some, 0.5), some, 0.25).values())


def test_pairing_narrows_the_interval():
    """What both models share cancels out: the difference is surer than the two figures are."""
    difference = headline_differences(GOOD, worse(GOOD, drop=0.05), 0.25)["mAP50"]
    alone = headline_intervals(GOOD, 0.25)["mAP50"]
    assert difference.high - difference.low < alone.high - alone.low


def test_the_same_seed_gives_the_same_interval():
    one, again, other = (headline_differences(GOOD, worse(GOOD, 0.1), 0.25, seed=seed)["F1"] for seed in (4, 4, 5))
    assert one == again
    assert one.estimate == other.estimate


def test_many_images_are_compared_without_exchanges():
    many = random_records(1, images=250, classes=1, detections=900, hit_rate=0.6)
    assert headline_differences(worse(many), many, 0.25, exchanges=1)["recall"].high < 0


def test_other_images_cannot_be_compared():
    """Records of another data set are refused with the counts of both."""
    other = random_records(8, images=11, classes=2, detections=50, hit_rate=0.5)
    with pytest.raises(DataError, match=r"12 images with .* 11 with"):
        map_differences(GOOD, other)
