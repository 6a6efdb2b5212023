"""Everything that a report says about a study, before it is put into words and pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna_search import StudyView

from src.documents.study_record import StudyTraining
from src.documents.training import Training
from src.study.comparison import SEED, Comparison, Scatter, compare
from src.study.difference import difference
from src.study.effects import Axis, Effect, Point, effects
from src.study.images import Images, untrained_values
from src.study.importance import Importance, importances
from src.study.leaderboard import Leaderboard, Resampled, is_known, leaderboard
from src.study.record import trainings_of
from src.study.repeats import same_results
from src.study.trials import ReportedStudy, ReportedTrial, read_study, training_of
from src.study.unified_space import short_names, unified_study


@dataclass(frozen=True, eq=False)
class Analysis:
    """A study, analysed.

    Attributes:
        study: The study.
        unified: A copy of it in which a parameter has one name and one distribution, for Optuna's plots.
        training: What one of its trainings wrote about its data and its start; None where none is at hand.
        comparisons: By objective, the settings over their seeds; empty without a result.
        board: The settings against the best one; None for several objectives, or without a result.
        front: The numbers of the trials that no other beats in everything; of one objective, the best trial.
        importances: By objective, those of the parameters; or why there are none.
        effects: What each parameter did.
        images: How many images the results are measured on; None where that is not known.
        doubts: What could not be said, and why.
    """

    study: ReportedStudy
    unified: optuna.Study
    training: Training | None
    comparisons: Mapping[str, Comparison]
    board: Leaderboard | None
    front: tuple[int, ...]
    importances: Mapping[str, tuple[Importance, ...] | str]
    effects: tuple[Effect, ...]
    images: int | None
    doubts: tuple[str, ...]


def analyse(study: StudyView) -> Analysis:
    """Analyse a study.

    It does so for every study: without results, without detections on this machine, or without starting weights there
    is less to say.
    """
    reported, unified = read_study(study), unified_study(study)
    judged = [trial for trial in reported.complete if trial.is_feasible]
    shares = {name: importances(unified.get_trials(deepcopy=False), i) for i, name in enumerate(reported.objectives)}
    comparisons: dict[str, Comparison] = {}
    for name, maximize in zip(reported.objectives, reported.maximize, strict=True):
        runs = [run for trial in judged for run in trainings_of(trial, reported.objectives)]
        compared = compare(runs, name, candidate=None, half_width=None, smaller_is_better=not maximize)
        comparisons |= {} if compared is None else {name: compared}
    objective = reported.objectives[0]
    comparison, board, doubts, count = comparisons.get(objective), None, [], None
    evidence = _Evidence((), {}, None)
    if reported.is_single and comparison is not None:
        images = Images(objective, judged)
        resampled = images.of(comparison.settings)
        numbered = {trial.number: trial for trial in judged}
        untrained = untrained_values(comparison.settings, numbered, objective)
        board = leaderboard(comparison, resampled, untrained, maximize=reported.maximize[0])
        evidence = _Evidence(_points(comparison, numbered), resampled, comparison.scatter)
        doubts, count = images.doubts, images.count
    return Analysis(
        study=reported,
        unified=unified,
        training=training_of(reported),
        comparisons=comparisons,
        board=board,
        front=tuple(sorted(trial.number for trial in study.best_trials)) if judged else (),
        importances=shares,
        effects=_effects(reported, evidence, shares[reported.objectives[0]]),
        images=count,
        doubts=tuple(doubts),
    )


@dataclass(frozen=True, eq=False)
class _Evidence:
    """The settings as points of the space, and what tells their results apart."""

    points: Sequence[Point]
    resampled: Mapping[int, Resampled]
    scatter: Scatter | None

    def differ(self, a: Point, b: Point, confidence: float) -> bool | None:
        """Whether two settings' results differ by more than noise; None where that cannot be said."""
        on_a, on_b = (self.resampled.get(point.place, Resampled()).value for point in (a, b))
        interval = difference(
            a.mean - b.mean, a=on_a, b=on_b, scatter=self.scatter, counts=(a.count, b.count), confidence=confidence
        )
        return interval.excludes_zero if is_known(interval) else None


def _points(comparison: Comparison, trials: Mapping[int, ReportedTrial]) -> tuple[Point, ...]:
    points = []
    for place, setting in enumerate(comparison.settings):
        numbers = tuple(sorted({trial.number for trial in setting.trials if trial.number is not None}))
        params = {name: value for name, value in trials[numbers[0]].params.items() if name != SEED}
        points.append(Point(place, numbers, params, setting.mean, len(setting.trials)))
    return tuple(points)


def _effects(study: ReportedStudy, evidence: _Evidence, shares: tuple[Importance, ...] | str) -> tuple[Effect, ...]:
    short = short_names(study.space)
    known = {} if isinstance(shares, str) else {share.param: share.is_real for share in shares}
    return effects(
        evidence.points,
        {name: _axis(distribution) for name, distribution in study.space.items() if not distribution.single()},
        evidence.differ,
        _identical(study),
        {name: known[short[name]] for name in study.space if short[name] in known},
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
