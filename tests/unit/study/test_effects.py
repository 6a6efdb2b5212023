import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.study.effects import FAR, NEAR, Axis, Point, Verdict, effects

AXES = {"lr0": Axis(1e-4, 1e-1, log=True), "optimizer": Axis()}
values = st.floats(1e-4, 1e-1)


def point(place, mean, **params):
    return Point(place, (place,), params, mean)


def beyond(limit):
    """Results differ when they are further apart than this."""
    return lambda a, b, _: abs(a.mean - b.mean) > limit


def judged(points, differ, identical=None, real=None):
    return {effect.param: effect for effect in effects(points, AXES, differ, identical or {}, real or {})}


@given(a=values, b=values)
def test_a_distance_is_a_share_of_the_range_either_way(a, b):
    axis = AXES["lr0"]
    assert 0 <= axis.distance(a, b) <= 1 + 1e-9
    assert axis.distance(a, b) == axis.distance(b, a)
    assert axis.distance(1e-4, 1e-1) == pytest.approx(1)


def test_a_logarithmic_range_is_measured_by_factors():
    assert AXES["lr0"].distance(1e-4, 1e-3) == pytest.approx(1 / 3)
    assert Axis(1e-4, 1e-1).distance(1e-4, 1e-3) < NEAR


@pytest.mark.parametrize("pair", [("SGD", "AdamW"), (None, 10), (True, "x")])
def test_choices_are_the_same_or_not(pair):
    assert Axis().distance(*pair) == 1
    assert Axis().distance(pair[0], pair[0]) == 0


def test_a_parameter_that_changes_nothing_had_no_effect():
    points = [point(i, 0.5 + i / 1000, lr0=1e-2, optimizer=name) for i, name in enumerate(("SGD", "AdamW", "RMS"))]
    found = judged(points, beyond(0.01))
    assert (found["optimizer"].verdict, found["optimizer"].pairs) == (Verdict.NO_EFFECT, 3)
    assert found["optimizer"].largest == pytest.approx(0.002)
    assert found["lr0"].verdict == Verdict.UNKNOWN


def test_a_single_pair_proves_no_absence():
    points = [point(0, 0.5, lr0=1e-2, optimizer="SGD"), point(1, 0.5, lr0=1e-2, optimizer="AdamW")]
    assert judged(points, beyond(0.01))["optimizer"].verdict == Verdict.UNKNOWN


def test_one_pair_beyond_noise_is_an_effect():
    points = [point(0, 0.5, lr0=1e-2, optimizer="SGD"), point(1, 0.1, lr0=1e-2, optimizer="AdamW")]
    assert judged(points, beyond(0.01))["optimizer"].verdict == Verdict.MATTERS


def test_hardly_another_learning_rate_is_the_same_one():
    points = [point(i, 0.5, lr0=1e-2 * (1 + i / 10), optimizer=str(i)) for i in range(3)]
    found = judged(points, beyond(0.01))
    assert (found["optimizer"].pairs, found["optimizer"].verdict) == (3, Verdict.NO_EFFECT)
    assert found["lr0"].pairs == 0


def test_what_hardly_another_learning_rate_may_have_done_is_no_proof():
    """An effect of the one is not told from an effect of the other; that there is none cannot be said either."""
    points = [point(i, i / 10, lr0=1e-2 * (1 + i / 10), optimizer=str(i)) for i in range(3)]
    assert judged(points, beyond(0.01))["optimizer"].verdict == Verdict.UNKNOWN


def test_settings_of_other_parameters_are_no_pair():
    """Under a condition one of them has a parameter that the other does not have."""
    points = [point(0, 0.5, optimizer="SGD"), point(1, 0.1, lr0=1e-2, optimizer="AdamW")]
    assert judged(points, beyond(0.01))["optimizer"].pairs == 0


def test_identical_results_are_death_unless_something_says_otherwise():
    identical = {"lr0": [(0, 1)]}
    assert judged([], beyond(0.01), identical)["lr0"].verdict == Verdict.DEAD
    assert judged([], beyond(0.01), identical, {"lr0": True})["lr0"].verdict == Verdict.MATTERS


def test_an_importance_beyond_chance_is_an_effect():
    assert judged([], beyond(0.01), real={"lr0": True, "optimizer": False})["lr0"].verdict == Verdict.MATTERS
    assert judged([], beyond(0.01), real={"optimizer": False})["optimizer"].verdict == Verdict.UNKNOWN


def test_where_noise_is_not_known_nothing_is_said():
    points = [point(i, i / 10, lr0=1e-2, optimizer=str(i)) for i in range(3)]
    assert judged(points, lambda *_: None)["optimizer"].verdict == Verdict.UNKNOWN


@given(count=st.integers(2, 12))
def test_many_pairs_are_judged_more_strictly(count):
    """Bernoulli's luck: among many pairs without any difference some seem to have one at 95 %."""
    asked = []

    def differ(a, b, confidence):
        asked.append(confidence)
        return False

    judged([point(i, 0.5, lr0=1e-2, optimizer=str(i)) for i in range(count)], differ)
    assert set(asked) == {1 - 0.05 / math.comb(count, 2)}


def test_near_is_less_than_far():
    assert 0 < NEAR < FAR < 1
