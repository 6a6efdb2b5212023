"""Whether leading settings keep what they promised."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import DataError
from src.study.confirmation import Retrained, confirm
from src.study.noise import Measured


def setting(trial, values, searched=0.5, unseen=None, measured=None):
    fresh = None if unseen is None else dict(enumerate(unseen, start=1))
    return Retrained(trial, searched, dict(enumerate(values, start=1)), fresh, measured)


def on_images(spread, runs=2, count=20, seed=0):
    """What so many images contribute to each run of a setting, alike in all runs."""
    found = np.random.default_rng(seed).normal(0, 1, count)
    found -= found.mean()
    return np.tile(spread * found / np.sqrt((found**2).sum()), (runs, 1))


def test_the_winner_is_the_best_mean_minus_one_standard_error_not_the_luckiest():
    steady = setting(4, [0.50, 0.51, 0.52])
    wild = setting(7, [0.30, 0.55, 0.70])  # the greater mean, and the greatest value of all
    outcome = confirm([wild, steady])
    assert wild.mean > steady.mean
    assert outcome.settings[outcome.winner].trial == 4
    assert outcome.scores[1] == pytest.approx(0.51 - 0.01 / math.sqrt(3))
    assert not outcome.survived


def test_where_less_is_better_the_error_counts_against_a_setting_too():
    outcome = confirm([setting(0, [2.0, 2.2]), setting(1, [1.0, 1.2])], maximize=False)
    assert outcome.winner == 1
    assert outcome.scores[1] == pytest.approx(1.1 + 0.1)
    assert outcome.advantages[0].difference.estimate == pytest.approx(1.0)


def test_a_difference_far_beyond_the_scatter_is_as_good_as_sure():
    outcome = confirm([setting(0, [0.80, 0.81, 0.82]), setting(1, [0.10, 0.11, 0.12])])
    assert outcome.survived
    assert outcome.advantages == (None, outcome.advantages[1])
    assert outcome.advantages[1].probability > 0.99
    assert outcome.advantages[1].difference.excludes_zero


def test_equal_settings_are_a_coin_toss():
    outcome = confirm([setting(0, [0.4, 0.6]), setting(1, [0.4, 0.6])])
    assert outcome.advantages[1].probability == pytest.approx(0.5, abs=0.03)
    assert not outcome.advantages[1].difference.excludes_zero


def test_the_interval_over_seeds_is_that_of_students_t():
    outcome = confirm([setting(0, [0.50, 0.52, 0.54]), setting(1, [0.40, 0.42, 0.44])])
    half = 2.7764 * 0.02 * math.sqrt(2 / 3)  # four degrees of freedom
    assert outcome.advantages[1].difference.low == pytest.approx(0.1 - half, abs=0.005)
    assert outcome.advantages[1].difference.high == pytest.approx(0.1 + half, abs=0.005)


def test_images_that_decide_everything_make_the_interval_wider():
    values = ([0.50, 0.51], [0.40, 0.41])
    alone = confirm([setting(place, values[place]) for place in range(2)]).advantages[1]
    both = confirm([setting(p, values[p], measured=Measured(on_images(0.2, seed=p))) for p in range(2)]).advantages[1]
    assert (alone.sources, both.sources) == (("seeds",), ("images", "seeds"))
    assert both.difference.low < alone.difference.low
    assert both.probability < alone.probability


def test_what_moves_both_models_alike_on_an_image_cancels_out():
    shared, values = on_images(0.3), ([0.50, 0.52], [0.40, 0.42])
    with_images = confirm(
        [setting(p, values[p], measured=Measured(shared + on_images(1e-6, seed=1 + p))) for p in range(2)]
    )
    without = confirm([setting(place, values[place]) for place in range(2)])
    assert "images" in with_images.advantages[1].sources
    assert with_images.advantages[1].difference.low == pytest.approx(without.advantages[1].difference.low, abs=0.01)


def test_settings_are_judged_on_images_that_chose_nothing_and_chosen_on_the_others():
    """The one that is better on val wins, whatever test says; how much better it is, test says."""
    settings = [setting(0, [0.50, 0.51], unseen=[0.45, 0.46]), setting(1, [0.40, 0.41], unseen=[0.44, 0.45])]
    outcome = confirm(settings, untrained=0.30, searched=50, epochs=10)
    assert outcome.winner == 0
    assert outcome.advantages[1].difference.estimate == pytest.approx(0.01)
    assert outcome.over_untrained.difference.estimate == pytest.approx(0.155)


def test_on_the_images_of_the_search_its_luck_is_carried_over():
    """Fresh seeds do not renew the luck with the images that a setting was chosen by."""
    start = on_images(0.01, seed=9)[0]
    settings = [setting(p, [0.5, 0.51], measured=Measured(on_images(0.02, seed=p), start)) for p in range(2)]
    alone, of_fifty = (confirm(settings, untrained=0.48, searched=k).over_untrained for k in (2, 50))
    assert of_fifty.difference.estimate < alone.difference.estimate
    assert of_fifty.difference.low < alone.difference.low
    assert of_fifty.probability < alone.probability


def test_one_that_was_picked_from_equals_is_not_called_better_for_it():
    """Of 400 confirmations of equal settings hardly any is 95 % sure; the difference alone would make it one in ten."""
    rng = np.random.default_rng(0)
    sure = []
    for _ in range(100):
        outcome = confirm([setting(p, rng.normal(0.5, 0.01, 3)) for p in range(3)])
        sure += [advantage.probability > 0.95 for advantage in outcome.advantages if advantage is not None]
    assert np.mean(sure) < 0.03


def test_one_seed_each_says_who_is_ahead_but_not_how_surely():
    outcome = confirm([setting(0, [0.4]), setting(1, [0.5])], untrained=0.3)
    assert outcome.winner == 1
    assert outcome.advantages[0].probability is None
    assert math.isnan(outcome.advantages[0].difference.low)
    assert outcome.over_untrained.difference.estimate == pytest.approx(0.2)


def test_the_untrained_weights_have_no_seeds_to_scatter_over():
    outcome = confirm([setting(0, [0.50, 0.52, 0.54])], untrained=0.50)
    half = 4.3027 * 0.02 / math.sqrt(3)
    assert outcome.over_untrained.difference.high == pytest.approx(0.02 + half, abs=0.005)
    assert outcome.advantages == (None,)


@given(
    st.lists(
        st.lists(st.floats(0, 1, width=16), min_size=2, max_size=5),
        min_size=2,
        max_size=4,
    )
)
def test_the_winner_is_at_least_as_likely_better_as_not_when_all_have_as_many_seeds(groups):
    count = min(len(values) for values in groups)
    settings = [setting(place, values[:count]) for place, values in enumerate(groups)]
    outcome = confirm(settings)
    best = outcome.settings[outcome.winner]
    for other, advantage in zip(outcome.settings, outcome.advantages, strict=True):
        if advantage is None:
            assert other is best
        elif best.mean >= other.mean:
            assert advantage.probability >= 0.47
        assert advantage is None or advantage.difference.estimate == pytest.approx(best.mean - other.mean)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda: confirm([]), "no setting to confirm", id="nothing to confirm"),
        pytest.param(lambda: setting(3, []), "Trial 3 has no training", id="a setting without trainings"),
        pytest.param(
            lambda: setting(3, [0.5], measured=Measured(np.ones((2, 11)))), "2 rows", id="images of other seeds"
        ),
        pytest.param(lambda: setting(3, [0.5], unseen=[0.5, 0.6]), "on other images", id="other seeds on test"),
    ],
)
def test_what_cannot_be_judged_is_refused(make, message):
    with pytest.raises(DataError, match=message):
        make()
