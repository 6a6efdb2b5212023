import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from src.study.importance import FEWEST, importances

optuna.logging.set_verbosity(optuna.logging.ERROR)
SPACE = {
    "lr0": FloatDistribution(1e-4, 1e-1, log=True),
    "imgsz": CategoricalDistribution([160, 224]),
}


def trials(count, result, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        params = {"lr0": float(10 ** rng.uniform(-4, -1)), "imgsz": int(rng.choice([160, 224]))}
        found.append(create_trial(params=params, distributions=SPACE, value=float(result(params, rng))))
    return found


def by_name(found):
    return {importance.param: importance for importance in found}


def test_what_the_results_follow_is_important_and_the_rest_is_not():
    found = by_name(importances(trials(14, lambda p, rng: p["imgsz"] / 224 + rng.normal(0, 0.01))))
    assert found["imgsz"].share > 0.9
    assert found["imgsz"].is_real
    assert not found["lr0"].is_real


def test_a_learning_rate_counts_by_its_logarithm():
    """Nine tenths of a linear range are its last decade, where this result does not change any more."""
    found = by_name(importances(trials(30, lambda p, _: min(np.log10(p["lr0"]), -2))))
    assert found["lr0"].share > 0.8


def test_random_results_are_hardly_ever_more_than_chance():
    real = [
        importance.is_real
        for seed in range(3)
        for importance in importances(trials(10, lambda _, rng: rng.normal(), seed), seed=seed)
    ]
    assert sum(real) <= 1


def test_the_interval_holds_the_share():
    for importance in importances(trials(8, lambda _, rng: rng.normal())):
        assert 0 <= importance.low <= importance.share <= importance.high <= 1 + 1e-9


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param(trials(FEWEST - 1, lambda p, _: p["lr0"]), "importances of so few", id="too few trials"),
        pytest.param(trials(8, lambda *_: 0.5), "nothing to explain", id="equal results"),
        pytest.param(
            [create_trial(state=TrialState.PRUNED, params={}, distributions={}) for _ in range(9)],
            "0 trials have a result",
            id="pruned trials only",
        ),
        pytest.param(
            [create_trial(params={}, distributions={}, value=float(i)) for i in range(9)],
            "No parameter was varied",
            id="no common parameter",
        ),
    ],
)
def test_what_cannot_be_computed_is_said(found, reason):
    assert reason in importances(found)
