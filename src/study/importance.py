"""How much of a study's results each parameter explains, how sure that is, and what chance alone would give.

The measure is fANOVA (Hutter, Hoos and Leyton-Brown, An Efficient Approach for Assessing Hyperparameter Importance,
ICML 2014): the share of a random forest's variance over the search space that is due to a parameter alone. Optuna's
default, PED-ANOVA, asks what sets the best tenth of the trials apart, which is one trial of a study of ten: it gave
94 % to the learning rate in a study whose results were those of the image size alone.

A forest explains any numbers, also random ones, and a study has tens of trials, not thousands. Therefore two more
figures stand beside each share:

- an interval over resamples of the trials (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13):
  what other trials of the same search would have said. Other seeds of the forest on the same trials would not do; they
  agree with each other however few the trials are;
- the largest share that the parameter gets when the results are dealt out to the trials anew, 19 times. A parameter
  without effect exceeds all 19 in one study of twenty (Altmann et al., Permutation importance: a corrected feature
  importance measure, Bioinformatics 26, 2010; a Monte Carlo test at 5 %).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from src.core.quiet import quiet_optuna

FEWEST = 6  # completed trials; with fewer the shuffled results are hardly ever others than the real ones
RESAMPLES = 20
SHUFFLES = 19
NOTHING = 0.01  # a share that is none
TREES, FEWER_TREES = 32, 4  # of the estimate, and of each resample, whose number makes up for it
MANY = 100  # trials, from which on each tree takes long and says more: fewer still


@dataclass(frozen=True)
class Importance:
    """A parameter's share.

    Attributes:
        param: Its name.
        share: Of the variance, in [0, 1]; the rest is due to other parameters and to parameters acting together.
        low: Lower end of the interval that holds 90 % of the resamples.
        high: Its upper end.
        by_chance: The largest share among shuffled results.
    """

    param: str
    share: float
    low: float
    high: float
    by_chance: float

    @property
    def is_real(self) -> bool:
        """Whether it is more than chance gives, and would be so with other trials: some in twenty are by luck alone."""
        return self.share > self.by_chance and self.low > NOTHING


def importances(trials: Sequence[FrozenTrial], objective: int = 0, seed: int = 0) -> tuple[Importance, ...] | str:
    """The importances of the parameters that all completed trials have, greatest first; or why there are none.

    Args:
        trials: Of a study, each parameter with the same distribution in all of them.
        objective: Which value is explained.
        seed: Of everything that is drawn.
    """
    done = [trial for trial in trials if trial.state == TrialState.COMPLETE and trial.values is not None]
    values = np.array([trial.values[objective] for trial in done], dtype=np.float64)
    done, values = (
        [t for t, finite in zip(done, np.isfinite(values), strict=True) if finite],
        values[np.isfinite(values)],
    )
    if len(done) < FEWEST:
        return (
            f"{len(done)} trials have a result: importances of so few would mean nothing. With {FEWEST} they can be"
            " computed, with a few times as many as there are parameters they begin to mean something."
        )
    if len(set(values)) < 2:
        return "All results are equal: there is nothing to explain."
    shared = [name for name in done[0].params if all(name in trial.params for trial in done)]
    space = {name: done[0].distributions[name] for name in shared if not done[0].distributions[name].single()}
    if not space:
        return "No parameter was varied in all trials."
    rows = [{name: _evenly(trial.params[name], space[name]) for name in space} for trial in done]
    even_space = {name: _even(distribution) for name, distribution in space.items()}
    rng = np.random.default_rng(seed)
    order, fewer = np.arange(len(done)), max(1, FEWER_TREES * MANY // max(MANY, len(done)))
    shares = _shares(rows, values, even_space, TREES, seed)
    resampled = [
        _shares([rows[i] for i in drawn], values[drawn], even_space, fewer, seed + k)
        for k in range(RESAMPLES)
        if len(set(values[drawn := rng.choice(order, len(order))])) > 1
    ]
    shuffled = [_shares(rows, rng.permutation(values), even_space, fewer, seed + k) for k in range(SHUFFLES)]
    found = []
    for name, share in shares.items():
        low, high = np.quantile([one[name] for one in resampled] or [share], [0.05, 0.95])
        by_chance = max(one[name] for one in shuffled)
        found.append(Importance(name, share, min(float(low), share), max(float(high), share), by_chance))
    return tuple(sorted(found, key=lambda importance: -importance.share))


def _shares(
    rows: Sequence[dict[str, object]],
    values: np.ndarray,
    space: dict[str, BaseDistribution],
    trees: int,
    seed: int,
) -> dict[str, float]:
    with quiet_optuna():
        study = optuna.create_study(storage=None)
    study.add_trials(
        [
            create_trial(params=dict(row), distributions=space, value=float(value))
            for row, value in zip(rows, values, strict=True)
        ]
    )
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=trees, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # forests of resamples without any variance
        found = evaluator.evaluate(study, params=list(space))
    return {name: float(np.nan_to_num(share)) for name, share in found.items()}


def _evenly(value: object, distribution: BaseDistribution) -> object:
    """A value as searched: fANOVA weighs the space as it is given, and a learning rate was drawn from its logarithm."""
    return float(np.log10(float(value))) if _is_log(distribution) else value  # type: ignore[arg-type]


def _even(distribution: BaseDistribution) -> BaseDistribution:
    if not _is_log(distribution):
        return distribution
    return FloatDistribution(float(np.log10(distribution.low)), float(np.log10(distribution.high)))  # type: ignore[attr-defined]


def _is_log(distribution: BaseDistribution) -> bool:
    return bool(getattr(distribution, "log", False))
