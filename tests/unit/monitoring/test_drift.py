"""Which statistics have moved, and how often that is said of windows that are like the reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.monitoring.drift import ALPHA, changes, has_moved, holm, power, strangeness


def statistics(count, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=count)  # statistics of a picture are not independent
    columns = {name: shared + rng.normal(size=count) for name in "abcdefg"}
    return {**columns, "moving": rng.normal(size=count) + shift, "counts": rng.poisson(1.5, count).astype(float)}


def test_a_window_that_is_like_the_reference_alarms_no_more_often_than_stated():
    alarms = [has_moved(statistics(64, 2 * seed), statistics(50, 2 * seed + 1)) for seed in range(300)]

    assert np.mean(alarms) <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / len(alarms))


def test_what_has_moved_is_named_with_both_medians():
    found = {change.name: change for change in changes(statistics(64, 0), statistics(50, 1, shift=3.0))}

    assert [name for name, change in found.items() if change.has_moved] == ["moving"]
    assert found["moving"].reference == pytest.approx(0, abs=0.5)
    assert found["moving"].window == pytest.approx(3, abs=0.5)
    assert found["moving"].distance > 0.8


@pytest.mark.parametrize("value", [0.01234, -0.7269, 1.0, 123456.0, 1e-9])
def test_what_differs_in_its_last_digits_has_not_moved(value):
    """Another machine, or another number of threads, computes them otherwise."""
    reference, window = ({"score": np.full(50, value) * (1 + sign * 1e-7)} for sign in (-1, 1))

    assert [change.p for change in changes(reference, window)] == [1.0]
    [moved] = changes(reference, {"score": np.full(50, value * 1.01)})
    assert moved.has_moved


def test_a_statistic_that_hardly_any_picture_has_is_not_tested():
    window = statistics(50, 1)
    window["score"] = np.full(50, np.nan)
    reference = {**statistics(64, 0), "score": np.full(64, 0.5)}

    [score] = [change for change in changes(reference, window) if change.name == "score"]

    assert (score.window, score.distance, score.p, score.has_moved) == (None, None, None, False)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_corrected_values_lie_between_the_value_and_bonferronis(values):
    corrected = holm(values)

    assert all(own <= each <= min(1.0, own * len(values)) for own, each in zip(values, corrected, strict=True))


def test_holms_own_example():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_the_strangest_picture_is_named_by_the_statistic_that_makes_it_so():
    window = statistics(50, 1)
    window["c"][7] = 50.0
    distances, places = strangeness(statistics(64, 0), window)

    assert distances.argmax() == 7
    assert list(window)[places[7]] == "c"


def test_the_power_is_that_of_scenes_which_the_reference_does_not_have():
    clean = statistics(120, 0)

    assert power(clean, clean, scenes=50, repetitions=20) <= 0.1
    assert power(clean, {**clean, "moving": clean["moving"] + 3}, scenes=50, repetitions=20) == 1.0
