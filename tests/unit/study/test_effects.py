import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.interval import Interval
from src.study.effects import FAR, NEAR, Axis, Point, Verdict, effects

AXES = {"lr0": Axis(1e-4, 1e-1, log=True), "optimizer": Axis()}
values = st.floats(1e-4, 1e-1)


def point(place, mean, **params):
    return Point(place, (place,), params, mean)


def within(reach):
    """The interval of any sum of these points reaches so far to either side."""

    def contrast(points):
        means = {each.place: each.mean for each in points}

        def interval(weights, _):
            estimate = sum(weight * means[place] for place, weight in weights.items())
            return Interval(estimate, estimate - reach, estimate + reach)

        return interval

    return contrast


def judged(points, contrast, identical=None, real=None):
    found = effects(points, AXES, contrast(points), identical=identical or {}, real=real or {}, smallest=0.01)
    return {effect.param: effect for effect in found}


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


def optimizers(*means):
    names = ("SGD", "AdamW", "RMS")
    return [point(i, mean, lr0=1e-2, optimizer=names[i]) for i, mean in enumerate(means)]


def test_an_effect_smaller_than_anybody_would_act_on_is_none():
    found = judged(optimizers(0.500, 0.501, 0.502), within(0.005))
    assert (found["optimizer"].verdict, found["optimizer"].pairs) == (Verdict.NO_EFFECT, 3)
    assert found["optimizer"].change.estimate == pytest.approx(0.002)
    assert found["lr0"].verdict == Verdict.UNKNOWN


def test_that_none_was_seen_does_not_say_that_there_is_none():
    """The interval reaches beyond the smallest effect of interest: more pairs or seeds would tell."""
    assert judged(optimizers(0.5, 0.5), within(0.02))["optimizer"].verdict == Verdict.UNKNOWN


def test_an_effect_beyond_chance_matters():
    found = judged(optimizers(0.5, 0.1), within(0.02))["optimizer"]
    assert (found.verdict, found.change.estimate) == (Verdict.MATTERS, pytest.approx(-0.4))


def test_one_of_several_choices_that_differs_is_an_effect():
    found = judged(optimizers(0.5, 0.5, 0.1), within(0.02))["optimizer"]
    assert found.verdict == Verdict.MATTERS
    assert found.change.low == pytest.approx(-0.42)
    assert found.change.high == pytest.approx(0.02)


def test_several_choices_are_judged_more_strictly():
    asked = []

    def contrast(_):
        return lambda _, confidence: asked.append(confidence)

    judged(optimizers(0.5, 0.5, 0.5), contrast)
    assert asked == [pytest.approx(1 - 0.05 / 3)] * 3


def test_a_number_changes_the_result_from_its_smaller_to_its_greater_values():
    """The two pairs are averaged: noise of single pairs is not taken for the parameter's."""
    points = [
        point(0, 0.6, lr0=1e-2, optimizer="SGD"),
        point(1, 0.5, lr0=1e-4, optimizer="SGD"),
        point(2, 0.2, lr0=1e-4, optimizer="AdamW"),
        point(3, 0.5, lr0=1e-2, optimizer="AdamW"),
    ]
    found = judged(points, within(0.05))["lr0"]
    assert (found.pairs, found.change.estimate) == (2, pytest.approx(0.2))


def test_hardly_another_learning_rate_is_the_same_one():
    points = [point(i, 0.5, lr0=1e-2 * (1 + i / 10), optimizer=str(i)) for i in range(3)]
    found = judged(points, within(0.005))
    assert (found["optimizer"].pairs, found["optimizer"].verdict) == (3, Verdict.NO_EFFECT)
    assert found["lr0"].pairs == 0


def test_what_hardly_another_learning_rate_may_have_done_is_no_proof():
    """An effect of the one is not told from an effect of the other; that there is none cannot be said either."""
    points = [point(i, i / 10, lr0=1e-2 * (1 + i / 10), optimizer=str(i)) for i in range(3)]
    assert judged(points, within(0.005))["optimizer"].verdict == Verdict.UNKNOWN


def test_settings_of_other_parameters_are_no_pair():
    """Under a condition one of them has a parameter that the other does not have."""
    points = [point(0, 0.5, optimizer="SGD"), point(1, 0.1, lr0=1e-2, optimizer="AdamW")]
    assert judged(points, within(0.005))["optimizer"].pairs == 0


def test_identical_results_are_death_unless_something_says_otherwise():
    identical = {"lr0": [(0, 1)]}
    assert judged([], within(0.01), identical)["lr0"].verdict == Verdict.DEAD
    assert judged([], within(0.01), identical, {"lr0": True})["lr0"].verdict == Verdict.MATTERS


def test_an_importance_beyond_chance_is_an_effect():
    assert judged([], within(0.01), real={"lr0": True, "optimizer": False})["lr0"].verdict == Verdict.MATTERS
    assert judged([], within(0.01), real={"optimizer": False})["optimizer"].verdict == Verdict.UNKNOWN


def test_an_importance_on_these_images_is_none_where_others_may_say_otherwise():
    """Ten images told a grid of two image sizes apart; +0.070 [-0.038, +0.179] says that others need not."""
    found = judged(optimizers(0.5, 0.57), within(0.11), real={"optimizer": True})["optimizer"]
    assert found.verdict == Verdict.UNKNOWN


def test_where_chance_is_not_known_the_change_has_no_interval_and_nothing_is_said():
    found = judged(optimizers(0.5, 0.1), lambda _: lambda *_: None)["optimizer"]
    assert found.verdict == Verdict.UNKNOWN
    assert found.change.estimate == pytest.approx(-0.4)
    assert math.isnan(found.change.low)


def test_near_is_less_than_far():
    assert 0 < NEAR < FAR < 1
