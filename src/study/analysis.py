"""Everything that a report says about a study, before it is put into words and pictures."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna_search import StudyView

from src.core.interval import Interval
from src.documents.study_record import StudyTraining
from src.documents.training import Training
from src.study.comparison import SEED, Comparison, Scatter, compare
from src.study.curves import last_epochs
from src.study.effects import SMALLEST_EFFECT, Axis, Contrast, Effect, Point, effects
from src.study.images import Images, untrained_values
from src.study.importance import Importance, importances
from src.study.leaderboard import Leaderboard, leaderboard
from src.study.noise import Array, Noise
from src.study.record import trainings_of
from src.study.repeats import same_results
from src.study.trials import ReportedStudy, ReportedTrial, read_study, starts_of, training_of
from src.study.unified_space import short_names, unified_study


@dataclass(frozen=True, eq=False)
class Analysis:
    """A study, analysed.

    Attributes:
        study: The study.
        unified: A copy of it in which a parameter has one name and one distribution, for Optuna's plots.
        training: What one of its trainings wrote about its data and its start; None where none is available.
        starts: What its trainings started from, each once.
        comparisons: By objective, the settings over their seeds; empty without a result.
        board: The settings against the best one; None for several objectives, or without a result.
        front: The numbers of the trials that no other beats in everything; of one objective, the best trial.
        importances: By objective, those of the parameters; or why there are none.
        effects: What each parameter did.
        scatter: How far runs of one setting lie from each other, from the study itself or from elsewhere; None where
            that is not known.
        smallest_effect: The smallest effect that matters in practice.
        images: How many images the results are measured on; None where that is not known.
        doubts: What could not be said, and why.
    """

    study: ReportedStudy
    unified: optuna.Study
    training: Training | None
    starts: tuple[str, ...]
    comparisons: Mapping[str, Comparison]
    board: Leaderboard | None
    front: tuple[int, ...]
    importances: Mapping[str, tuple[Importance, ...] | str]
    effects: tuple[Effect, ...]
    scatter: Scatter | None
    smallest_effect: float
    images: int | None
    doubts: tuple[str, ...]


def analyse(study: StudyView, scatter: Scatter | None = None, smallest_effect: float = SMALLEST_EFFECT) -> Analysis:
    """Analyse a study.

    It does so for every study: without results, without detections on this machine, or without starting weights there
    is less to say.

    Args:
        study: The study.
        scatter: How far runs of one setting lie from each other, where that is known from elsewhere; for a study none
            of whose own settings was repeated.
        smallest_effect: The smallest effect of a parameter on the first objective that matters in practice.
    """
    reported, unified = read_study(study), unified_study(study)
    judged = [trial for trial in reported.complete if trial.is_feasible]
    shares = {name: importances(unified.get_trials(deepcopy=False), i) for i, name in enumerate(reported.objectives)}
    comparisons: dict[str, Comparison] = {}
    for name, maximize in zip(reported.objectives, reported.maximize, strict=True):
        runs = [run for trial in judged for run in trainings_of(trial, reported.objectives)]
        compared = compare(runs, name, candidate=None, smaller_is_better=not maximize)
        comparisons |= {} if compared is None else {name: compared}
    objective = reported.objectives[0]
    comparison, board, doubts, count = comparisons.get(objective), None, [], None
    points: Sequence[Point] = ()
    contrast: Contrast = _nothing_known
    if reported.is_single and comparison is not None:
        images = Images(objective, judged)
        noise = Noise.of(comparison, images.of(comparison.settings), scatter)
        numbered = {trial.number: trial for trial in judged}
        untrained = untrained_values(comparison.settings, numbered, objective)
        maximize, curves = reported.maximize[0], {number: trial.curve for number, trial in numbered.items()}
        last = last_epochs(comparison, curves, maximize=maximize)
        board = leaderboard(comparison, noise, untrained, maximize=maximize, last=last)
        contrast = Contrasts(noise, np.array([setting.mean for setting in comparison.settings]))
        points = _points(comparison, numbered)
        doubts, count = images.doubts, images.count
    return Analysis(
        study=reported,
        unified=unified,
        training=training_of(reported),
        starts=starts_of(reported),
        comparisons=comparisons,
        board=board,
        front=tuple(sorted(trial.number for trial in study.best_trials)) if judged else (),
        importances=shares,
        effects=_effects(reported, points, contrast, shares[objective], smallest_effect),
        scatter=scatter if comparison is None else comparison.scatter or scatter,
        smallest_effect=smallest_effect,
        images=count,
        doubts=tuple(doubts),
    )


@dataclass(frozen=True, eq=False)
class Contrasts:
    """What chance leaves a weighted sum of settings.

    Attributes:
        noise: What is known of chance.
        means: Of all settings, by place.
    """

    noise: Noise
    means: Array

    def __call__(self, by_place: Mapping[int, float], confidence: float) -> Interval | None:
        """The interval of the sum; None without a scatter between seeds, or where a setting cannot be compared."""
        if self.noise.scatter is None or not set(by_place) <= set(self.noise.places):
            return None
        weights = np.array([by_place.get(place, 0.0) for place in self.noise.places])
        estimate = math.fsum(weight * self.means[place] for place, weight in by_place.items())
        reach = self.noise.contrast_reach(weights, confidence) * self.noise.contrast_error(weights)
        return Interval(estimate, estimate - reach, estimate + reach) if reach else None


def _nothing_known(_: Mapping[int, float], __: float) -> None:
    """The contrast of a study in which nothing is known of chance."""


def _points(comparison: Comparison, trials: Mapping[int, ReportedTrial]) -> tuple[Point, ...]:
    points = []
    for place, setting in enumerate(comparison.settings):
        numbers = tuple(sorted({trial.number for trial in setting.trials if trial.number is not None}))
        params = {name: value for name, value in trials[numbers[0]].params.items() if name != SEED}
        points.append(Point(place, numbers, params, setting.mean))
    return tuple(points)


def _effects(
    study: ReportedStudy,
    points: Sequence[Point],
    contrast: Contrast,
    shares: tuple[Importance, ...] | str,
    smallest: float,
) -> tuple[Effect, ...]:
    short = short_names(study.space)
    known = {} if isinstance(shares, str) else {share.param: share.is_real for share in shares}
    return effects(
        points,
        {name: _axis(found) for name, found in study.space.items() if not found.single()},
        contrast,
        identical=_identical(study),
        real={name: known[short[name]] for name in study.space if short[name] in known},
        smallest=smallest,
    )


def _identical(study: ReportedStudy) -> dict[str, list[tuple[int, ...]]]:
    """By parameter, the groups of trials with identical metrics in which it differs."""
    trials = [
        StudyTraining("", trial.number, {name: str(value) for name, value in trial.params.items()}, trial.metrics)
        for trial in study.complete
    ]
    found: dict[str, list[tuple[int, ...]]] = {}
    for group in same_results(trials):
        if not group.learnt_nothing:
            numbers = tuple(trial.number for trial in group.trials if trial.number is not None)
            for name in group.differing:
                found.setdefault(name, []).append(numbers)
    return found


def _axis(distribution: BaseDistribution) -> Axis:
    if isinstance(distribution, CategoricalDistribution):
        return Axis()
    return Axis(distribution.low, distribution.high, distribution.log)  # type: ignore[attr-defined]
