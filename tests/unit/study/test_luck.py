"""What is taken off the best of several settings for having been chosen, where its luck is known."""

import math

import numpy as np
import pytest

from benchmarks.calibrating.studies import UNEQUAL
from src.study.comparison import Scatter
from src.study.luck import luck_of_the_best, worth_of_choosing
from src.study.noise import Noise

REPETITIONS = 300
EIGHT = Noise(range(8), [1] * 8, None, Scatter(1.0, math.inf))


@pytest.mark.parametrize("worth", [(0.0,) * 8, *UNEQUAL.values()], ids=["equal", *UNEQUAL])
def test_the_luck_of_the_best_is_taken_off_whatever_the_settings_are_worth(worth):
    """In standard errors of a mean; the luck itself is 1.4, 1.0, 0.9 and 0.2."""
    chance = np.random.default_rng(0).normal(0, 1, (REPETITIONS, 8))
    means = worth + chance
    luck = chance[np.arange(REPETITIONS), means.argmax(axis=1)]
    left = luck - [worth_of_choosing(EIGHT, each) for each in means]
    assert abs(left.mean()) < 0.35


def test_the_luck_of_equal_settings_is_that_of_the_greatest_of_normal_values():
    """1.424 of eight: Harter, Expected Values of Normal Order Statistics, 1961."""
    assert luck_of_the_best(EIGHT) == pytest.approx(1.424, abs=0.03)


def test_a_setting_alone_has_not_been_chosen():
    assert worth_of_choosing(Noise([0], [2], None, Scatter(1.0, 1)), np.array([0.5])) == pytest.approx(0, abs=1e-12)
