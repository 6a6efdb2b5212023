import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.documents.study_record import StudyTraining
from src.study.comparison import Scatter, compare
from src.study.difference import difference
from src.study.leaderboard import Resampled, Standing, is_known, leaderboard

METRIC = "val/mAP50-95"
finite = st.floats(-1, 1)


def comparison(**values):
    """Settings of lr0 with a run for each seed."""
    trials = [
        StudyTraining("", number, {"train.lr0": lr0, "train.seed": str(seed)}, {METRIC: value}, 10.0)
        for number, (lr0, per_seed) in enumerate(values.items())
        for seed, value in enumerate(per_seed)
    ]
    return compare(trials, METRIC, candidate=None, half_width=None)


def board(compared, resampled=None, untrained=None, maximize=True):
    return leaderboard(compared, resampled or {}, untrained or {}, maximize=maximize)


def on_images(value, spread=0.0, count=100):
    """A metric that moves by so much over resampled images."""
    return np.concatenate([[value], value + np.linspace(-spread, spread, count)])


@given(estimate=finite, counts=st.lists(st.integers(1, 9), min_size=1, max_size=2))
def test_nothing_known_is_no_interval(estimate, counts):
    interval = difference(estimate, a=None, b=None, scatter=None, counts=counts)
    assert interval.estimate == estimate
    assert not is_known(interval)
    assert not interval.excludes_zero


@given(values=st.lists(finite, min_size=5, max_size=50), shift=st.floats(0.01, 1))
def test_what_moves_all_models_alike_is_no_uncertainty(values, shift):
    """The images that are hard for both cancel out: the bootstrap is paired."""
    a = np.array(values)
    interval = difference(shift, a=a + shift, b=a, scatter=None, counts=(1, 1))
    assert (interval.low, interval.high) == (pytest.approx(shift), pytest.approx(shift))


def test_seeds_alone_give_students_interval():
    scatter = Scatter(0.01, 4)
    interval = difference(0.0, a=None, b=None, scatter=scatter, counts=(3, 3))
    assert interval.high == pytest.approx(scatter.noise(3, 3), rel=0.1)
    assert interval.low == pytest.approx(-interval.high, rel=0.1)


@given(std=st.floats(0.001, 0.1), spread=st.floats(0.001, 0.1))
def test_both_sources_together_are_wider_than_either(std, spread):
    a, b = on_images(0.0, spread), on_images(0.0)
    intervals = [
        difference(0.0, a=x, b=y, scatter=scatter, counts=(2, 2))
        for x, y, scatter in ((a, b, None), (None, None, Scatter(std, 6)), (a, b, Scatter(std, 6)))
    ]
    widths = [interval.high - interval.low for interval in intervals]
    assert widths[2] >= 0.95 * max(widths[:2])


def test_fewer_runs_leave_more_doubt():
    def width(n):
        return difference(0.0, a=None, b=None, scatter=Scatter(0.01, 8), counts=(n, n)).high

    assert width(1) > width(3)


def test_resamples_without_any_ground_truth_are_left_out():
    a = np.array([0.5, math.nan, 0.6, 0.6])
    interval = difference(0.5, a=a, b=np.zeros(4), scatter=None, counts=(1, 1))
    assert (interval.low, interval.high) == (pytest.approx(0.6), pytest.approx(0.6))


def test_the_images_tell_the_second_best_from_the_third():
    found = board(
        comparison(a=[0.9], b=[0.89], c=[0.5]),
        {0: Resampled(on_images(0.9)), 1: Resampled(on_images(0.89, 0.05)), 2: Resampled(on_images(0.5, 0.05))},
    )
    assert [entry.standing for entry in found.entries] == [Standing.BEST, Standing.TIED, Standing.WORSE]
    assert found.sources == ("images",)
    assert [entry.numbers for entry in found.tied] == [(1,)]


def test_seconds_are_better_when_they_are_fewer():
    trials = [StudyTraining("", n, {"x": str(n)}, {"s": value}) for n, value in enumerate((10.0, 20.0))]
    compared = compare(trials, "s", candidate=None, half_width=None, smaller_is_better=True)
    resampled = {0: Resampled(on_images(10.0, 1)), 1: Resampled(on_images(20.0, 1))}
    assert board(compared, resampled, maximize=False).entries[1].standing == Standing.WORSE


def test_the_gain_over_the_untrained_weights_is_paired_too():
    images = np.array([0.5, 0.1, 0.9, 0.3])
    found = board(comparison(a=[0.6]), {0: Resampled(images + 0.1, images)}, {0: 0.5})
    gain = found.best.to_untrained
    assert (gain.estimate, gain.low) == (pytest.approx(0.1), pytest.approx(0.1))


@pytest.mark.parametrize(
    ("seconds", "sizes", "cheapest"),
    [
        pytest.param((60, 20), ("224", "224"), 1, id="the quicker one"),
        pytest.param((20, 60), ("224", "160"), 0, id="time counts more than the image size"),
        pytest.param((60.0, 59.0), ("224", "160"), 1, id="about as quick: the smaller images"),
        pytest.param((60.0, 59.0), ("160", "160"), 0, id="about as quick, as small: the better one"),
        pytest.param((None, None), ("224", "160"), 1, id="times not known: the smaller images"),
    ],
)
def test_the_cheapest_of_those_that_compete(seconds, sizes, cheapest):
    trials = [
        StudyTraining("", n, {"train.imgsz": sizes[n], "x": str(n)}, {METRIC: value}, seconds[n])
        for n, value in enumerate((0.9, 0.9 - 1e-9))
    ]
    compared = compare(trials, METRIC, candidate=None, half_width=None)
    resampled = {place: Resampled(on_images(0.9, place / 10)) for place in range(2)}
    assert board(compared, resampled).cheapest.numbers == (cheapest,)
