"""A sampler that starts from values which the user prefers, and leaves them where the best trials lie elsewhere."""

import math
import statistics
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

WIDTH = 0.25  # standard deviation of a draw around a preferred number, as a share of the range on its own scale
KEPT = 0.5  # how often a preferred choice is taken as it is; else any choice is
TRUST = 10.0  # trials with a result after which the preferred values are followed half as often
BEST = 1 / 3  # the share of the trials that judge them


class PriorSampler(BaseSampler):
    """Draws some trials around preferred values, and all others as another sampler does, which learns from both.

    A trial is drawn around them with the probability s / (s + 1) · T / (T + n). T is `TRUST`, and n counts the trials
    with a result. s is how much likelier the best third of these is under a draw around the preferred values than under
    a uniform one, on average, the better ones counting more. So wrong values are soon left, and right ones give way to
    the other sampler, which is the more precise in the end.

    Source: PriorBand (Mallik et al., NeurIPS 2023), which weighs a prior by the best third of the trials; the decay
    in n is that of πBO (Hvarfner et al., ICLR 2022).
    """

    def __init__(self, sampler: BaseSampler, preferred: Mapping[str, Any], seed: int | None = None) -> None:
        """Make one.

        Args:
            sampler: Draws the other trials, and the parameters that nobody has a preference for.
            preferred: Values by Optuna's names of parameters.
            seed: Of this sampler's own draws; None for a different one each time.
        """
        self._sampler = sampler
        self._preferred = dict(preferred)
        self._random = Random(seed)
        self._near: int | None = None  # the number of the trial that is drawn around the preferred values

    def reseed_rng(self) -> None:
        """Draw differently from now on."""
        self._random = Random()
        self._sampler.reseed_rng()

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """What the other sampler draws together."""
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """What the other sampler draws, without the preferred parameters where the trial is drawn around these."""
        near = self._random.random() < self.probability(study)
        self._near = trial.number if near else None
        drawn = self._sampler.sample_relative(study, trial, search_space)
        return {name: value for name, value in drawn.items() if not (near and name in self._preferred)}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A value around the preferred one, or that of the other sampler."""
        if trial.number == self._near and param_name in self._preferred:
            return draw(param_distribution, self._preferred[param_name], self._random)
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Hand on."""
        self._sampler.before_trial(study, trial)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Hand on."""
        self._sampler.after_trial(study, trial, state, values)

    def probability(self, study: optuna.Study) -> float:
        """How likely the next trial is drawn around the preferred values; several objectives do not judge them."""
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        score = self._score(study, trials) if trials and len(study.directions) == 1 else 1.0
        return score / (score + 1) * TRUST / (TRUST + len(trials))

    def _score(self, study: optuna.Study, trials: Sequence[FrozenTrial]) -> float:
        sign = -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
        best = sorted(trials, key=lambda trial: sign * trial.values[0])[: math.ceil(BEST * len(trials))]
        return statistics.fmean(map(self._density, best), weights=range(len(best), 0, -1))

    def _density(self, trial: FrozenTrial) -> float:
        """How much likelier the trial's values are around the preferred ones than in a uniform draw."""
        return math.prod(
            density(trial.distributions[name], value, trial.params[name])
            for name, value in self._preferred.items()
            if name in trial.params
        )


def draw(distribution: BaseDistribution, preferred: Any, random: Random) -> Any:
    """A value of the distribution: normal around the preferred one within the range, or a choice."""
    if isinstance(distribution, CategoricalDistribution):
        return preferred if random.random() < KEPT else random.choice(distribution.choices)
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    place = -1.0
    while not 0 <= place <= 1:  # accepted at least every other time: the centre lies within
        place = random.gauss(_place(distribution, preferred), WIDTH)
    return _value(distribution, place)


def density(distribution: BaseDistribution, preferred: Any, value: Any) -> float:
    """The density of `draw` at a value, in units of that of a uniform draw."""
    if isinstance(distribution, CategoricalDistribution):
        return (1 - KEPT) + (KEPT * len(distribution.choices) if value == preferred else 0.0)
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    if distribution.single():
        return 1.0
    centre = _place(distribution, preferred)
    within = _below((1 - centre) / WIDTH) - _below(-centre / WIDTH)
    distance = (_place(distribution, value) - centre) / WIDTH
    return math.exp(-(distance**2) / 2) / math.sqrt(2 * math.pi) / WIDTH / within


def _place(distribution: FloatDistribution | IntDistribution, value: float) -> float:
    """Where a value lies in its range, from 0 to 1 on the range's own scale."""
    low, high, at = (math.log(v) if distribution.log else v for v in (distribution.low, distribution.high, value))
    return (at - low) / (high - low)


def _value(distribution: FloatDistribution | IntDistribution, place: float) -> float | int:
    """The value at a place, on the range's grid if it has one."""
    low, high = (math.log(v) if distribution.log else v for v in (distribution.low, distribution.high))
    at = low + place * (high - low)
    value = math.exp(at) if distribution.log else at
    if distribution.step is not None:
        value = distribution.low + round((value - distribution.low) / distribution.step) * distribution.step
    value = min(max(value, distribution.low), distribution.high)
    return int(value) if isinstance(distribution, IntDistribution) else float(value)


def _below(z: float) -> float:
    """The standard normal distribution function."""
    return (1 + math.erf(z / math.sqrt(2))) / 2
