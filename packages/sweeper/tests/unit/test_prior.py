"""Draws around preferred values: where they fall, how likely they are, and when they are given up."""

from random import Random

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna_search.study.prior import PriorSampler, density, draw

SPACES = [
    pytest.param(FloatDistribution(1e-4, 1e-1, log=True), 0.002, id="log"),
    pytest.param(FloatDistribution(-1, 3), 3, id="at the edge"),
    pytest.param(FloatDistribution(0, 1, step=0.25), 0.5, id="steps"),
    pytest.param(IntDistribution(4, 10), 4, id="whole"),
    pytest.param(IntDistribution(32, 640, step=32), 320, id="whole steps"),
    pytest.param(IntDistribution(1, 1000, log=True), 10, id="whole log"),
    pytest.param(CategoricalDistribution(("SGD", "AdamW", "Adam")), "AdamW", id="choice"),
    pytest.param(CategoricalDistribution((None, 10)), None, id="none"),
]


@pytest.mark.parametrize(("space", "preferred"), SPACES)
def test_every_draw_is_in_the_space_and_the_preferred_value_is_the_most_likely(space, preferred):
    random = Random(0)
    drawn = [draw(space, preferred, random) for _ in range(300)]
    assert all(space._contains(space.to_internal_repr(value)) for value in drawn)
    assert len(set(drawn)) > 1
    assert all(density(space, preferred, value) <= density(space, preferred, preferred) for value in drawn)


@pytest.mark.parametrize(("space", "preferred"), SPACES[:2])
def test_a_density_is_in_units_of_a_uniform_draw(space, preferred):
    """So that its mean over uniform draws is 1."""
    ends = np.log([space.low, space.high]) if space.log else np.array([space.low, space.high])
    places = np.linspace(*ends, 2001)
    values = np.exp(places) if space.log else places
    assert np.mean([density(space, preferred, float(value)) for value in values]) == pytest.approx(1, abs=2e-3)


def test_the_density_of_a_choice_has_the_mean_1():
    space = CategoricalDistribution(("a", "b", "c", "d"))
    assert sum(density(space, "b", choice) for choice in space.choices) / 4 == pytest.approx(1)


def search(optimum: float, preferred: float, n_trials: int) -> tuple[optuna.Study, PriorSampler]:
    sampler = PriorSampler(optuna.samplers.RandomSampler(seed=0), {"x": preferred}, seed=0)
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1) - optimum) ** 2, n_trials=n_trials)
    return study, sampler


def test_a_wrong_value_is_given_up_and_a_right_one_is_followed_less_with_every_trial():
    right, followed = search(optimum=0.2, preferred=0.2, n_trials=10)
    wrong, left = search(optimum=1.0, preferred=0.0, n_trials=10)
    assert followed.probability(optuna.create_study()) == 0.5
    assert followed.probability(right) > 0.27
    assert left.probability(wrong) < 0.1
    later, sampler = search(optimum=0.2, preferred=0.2, n_trials=60)
    assert sampler.probability(later) < 0.1


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_what_nobody_has_a_preference_for_is_drawn_by_the_other_sampler():
    """Also where that draws all parameters of a trial together."""

    def points(sampler):
        study = optuna.create_study(sampler=sampler)
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1) + trial.suggest_float("y", 0, 1), n_trials=12)
        return [trial.params for trial in study.trials]

    def tpe():
        return optuna.samplers.TPESampler(seed=3, multivariate=True, n_startup_trials=2)

    plain, mixed = points(tpe()), points(PriorSampler(tpe(), {"x": 0.1}, seed=1))
    assert points(PriorSampler(tpe(), {"z": 0.1}, seed=1)) == plain
    assert [point["x"] for point in mixed] != [point["x"] for point in plain]


def test_of_several_objectives_no_trial_judges_the_values():
    sampler = PriorSampler(optuna.samplers.RandomSampler(seed=0), {"x": 0.0}, seed=0)
    study = optuna.create_study(sampler=sampler, directions=["minimize", "maximize"])
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), trial.number), n_trials=10)
    assert sampler.probability(study) == 0.25
