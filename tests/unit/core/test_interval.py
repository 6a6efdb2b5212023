import math

import numpy as np
import pytest

from src.core.errors import DataError
from src.core.interval import Interval, expanded_confidence, image_weights, percentile_interval


def test_an_interval_is_printed_with_its_ends():
    """It reads like a table's cell, and takes the format of a number."""
    assert str(Interval(0.004, -0.06, 0.07)) == "0.004 [-0.060, 0.070]"
    assert f"{Interval(0.004, -0.06, 0.07):+.2f}" == "+0.00 [-0.06, +0.07]"


def test_resamples_without_a_value_are_left_out():
    interval = percentile_interval(np.array([0.5, *np.linspace(0, 1, 101), np.nan]), 0.9)
    assert (interval.estimate, interval.low, interval.high) == pytest.approx((0.5, 0.05, 0.95))
    assert math.isnan(percentile_interval(np.array([0.5, np.nan])).low)


def test_few_images_need_a_larger_share_of_the_resamples():
    """With ten images the normal quantile of 1.96 becomes 2.262 · sqrt(10 / 9) = 2.385."""
    assert expanded_confidence(10) == pytest.approx(0.9829, abs=1e-4)
    assert expanded_confidence(100_000) == pytest.approx(0.95, abs=1e-4)
    assert expanded_confidence(1) < 1


@pytest.mark.parametrize(("images", "resamples", "message"), [(3, 0, "resamples is 0"), (0, 3, "no images")])
def test_there_is_something_to_draw_and_to_draw_from(images, resamples, message):
    with pytest.raises(DataError, match=message):
        image_weights(images, resamples, 0)


@pytest.mark.parametrize("confidence", [0.0, 1.0])
def test_a_confidence_is_a_share(confidence):
    with pytest.raises(DataError, match="expected a share"):
        percentile_interval(np.zeros(3), confidence)
