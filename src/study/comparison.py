"""The candidate against the other settings of its study: means over seeds, and which differences are noise.

Runs with the same parameters but for their seed are repeats of one setting. How far repeats scatter says which
differences of means are noise: the standard deviations over seeds of all settings with two runs or more are pooled, and
a difference counts when it is beyond the interval of Student's t (two means, pooled variance) that holds for all pairs
of settings at once in 95 % of cases (Bonferroni): the candidate was chosen among them. Where no setting was repeated,
what is noise is not known, whatever the images say: what scatters is the seed.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from src.core.jackknife import student_t
from src.documents.study_record import StudyTraining

SEED = "train.seed"
UNTRAINED = "untrained/"
LATENCIES = ("latency_ms", "onnx_latency_ms")  # of which the first that was measured counts


@dataclass(frozen=True)
class Setting:
    """All trials with the same parameters but for their seed.

    Attributes:
        varied: The parameters in which the settings of the study differ, as text.
        trials: At least one.
        mean: Of the metric.
        std: Its standard deviation over seeds (n - 1); None for a single trial.
        difference: The candidate's mean minus this one; None for the candidate, or where the candidate is not known.
        within_noise: Whether that difference is too small to count; None where it cannot be said.
    """

    varied: Mapping[str, str]
    trials: tuple[StudyTraining, ...]
    mean: float
    std: float | None
    difference: float | None = None
    within_noise: bool | None = None

    @property
    def seconds(self) -> float | None:
        """The mean duration of a trial; None where it is not known."""
        known = [trial.seconds for trial in self.trials if trial.seconds is not None]
        return sum(known) / len(known) if known else None

    @property
    def latency_ms(self) -> float | None:
        """The mean time for one image of its models, where the search measured it (`src.detector.figures`)."""
        for name in LATENCIES:
            known = [trial.metrics[name] for trial in self.trials if name in trial.metrics]
            if known:
                return sum(known) / len(known)
        return None


@dataclass(frozen=True)
class Scatter:
    """How far runs of one setting lie from each other, learnt from all repeated settings together.

    Attributes:
        std: The standard deviation over seeds, pooled.
        freedom: Its degrees of freedom; infinite for one that is stated.
        differs: Whether some settings evidently scatter more than others, although one number is taken for all.
    """

    std: float
    freedom: float
    differs: bool = False

    def noise(self, count: int, other_count: int, pairs: int) -> float:
        """How large the difference of two settings' means may be by chance, with so many runs each.

        Args:
            count: Runs of the one.
            other_count: Runs of the other.
            pairs: From how many pairs of settings these two may have been picked.
        """
        reach = student_t(self.freedom, 1 - 0.05 / pairs)
        return reach * self.std * math.sqrt(1 / count + 1 / other_count)


@dataclass(frozen=True)
class Comparison:
    """A study's settings, best first.

    Attributes:
        metric: What they are compared by.
        settings: All of them, by their mean less one standard error over seeds: of settings with as many runs by their
            mean, and one lucky run does not win over the mean of several.
        candidate: Which of them is the candidate's, by its place; None where none is.
        judged_by: A sentence that says how differences were told from noise.
        untrained: The metric of the starting weights, as (lowest, highest) over the trials (it depends on the image
            size); None where they were not evaluated.
        scatter: How far repeats of a setting lie from each other; None where none was repeated.
    """

    metric: str
    settings: tuple[Setting, ...]
    candidate: int | None
    judged_by: str
    untrained: tuple[float, float] | None
    scatter: "Scatter | None" = None

    @property
    def runners_up(self) -> tuple[Setting, ...]:
        """All settings but the candidate's, best first."""
        return tuple(setting for place, setting in enumerate(self.settings) if place != self.candidate)


def compare(
    trials: Sequence[StudyTraining],
    metric: str,
    *,
    candidate: int | None,
    smaller_is_better: bool = False,
) -> Comparison | None:
    """Compare the settings of a study.

    Args:
        trials: Its finished trials.
        metric: What to compare, such as `val/mAP50-95`; trials without it are left out.
        candidate: The number of the trial that the candidate was trained after.
        smaller_is_better: Whether the metric is a loss, or seconds.

    Returns:
        None where no trial has the metric.
    """
    judged = [trial for trial in trials if not math.isnan(trial.metrics.get(metric, math.nan))]
    if not judged:
        return None
    settings = _settings(judged, metric)
    scatter = scatter_of([trial.metrics[metric] for trial in setting.trials] for setting in settings)
    sign, std = -1.0 if smaller_is_better else 1.0, 0.0 if scatter is None else scatter.std
    settings.sort(key=lambda setting: std / math.sqrt(len(setting.trials)) - sign * setting.mean)
    place = next((i for i, s in enumerate(settings) if any(t.number == candidate for t in s.trials)), None)
    if candidate is None:
        place = None
    if place is not None:
        best, pairs = settings[place], math.comb(len(settings), 2)
        settings = [setting if setting is best else _against(best, setting, scatter, pairs) for setting in settings]
    untrained = [t.metrics[UNTRAINED + metric] for t in judged if UNTRAINED + metric in t.metrics]
    return Comparison(
        metric=metric,
        settings=tuple(settings),
        candidate=place,
        judged_by=_judged_by(scatter),
        untrained=(min(untrained), max(untrained)) if untrained else None,
        scatter=scatter,
    )


def setting_of(trial: StudyTraining) -> Mapping[str, str]:
    """Its parameters but for the seed."""
    return {name: value for name, value in trial.params.items() if name != SEED}


def varied_params(trials: Sequence[StudyTraining]) -> list[str]:
    """The parameters that are not the same in all trials, the seed left out."""
    names = sorted({name for trial in trials for name in setting_of(trial)})
    return [name for name in names if len({trial.params.get(name) for trial in trials}) > 1]


def _settings(trials: Sequence[StudyTraining], metric: str) -> list[Setting]:
    names = varied_params(trials)
    groups: dict[tuple[tuple[str, str], ...], list[StudyTraining]] = {}
    for trial in trials:
        groups.setdefault(tuple(sorted(setting_of(trial).items())), []).append(trial)
    return [_setting(group, names, metric) for group in groups.values()]


def _setting(trials: Sequence[StudyTraining], names: Sequence[str], metric: str) -> Setting:
    values = [trial.metrics[metric] for trial in trials]
    mean = math.fsum(values) / len(values)
    varied = {name: trials[0].params[name] for name in names if name in trials[0].params}
    return Setting(varied, tuple(trials), mean, _std(values, mean))


def _std(values: Sequence[float], mean: float) -> float | None:
    if len(values) < 2:
        return None
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def scatter_of(groups: Iterable[Sequence[float]]) -> Scatter | None:
    """How far the values within groups lie from each other, pooled over all groups of two or more.

    Returns:
        None where there is no such group.
    """
    repeated = [(statistics.variance(group), len(group) - 1) for group in groups if len(group) > 1]
    if not repeated:
        return None
    freedom = sum(degrees for _, degrees in repeated)
    pooled = math.fsum(variance * degrees for variance, degrees in repeated) / freedom
    return Scatter(math.sqrt(pooled), freedom, _differ(repeated, pooled, freedom))


def _differ(repeated: Sequence[tuple[float, int]], pooled: float, freedom: int) -> bool:
    """Whether variances with these degrees of freedom differ by more than chance does in one of twenty cases.

    Reference: Bartlett, Properties of Sufficiency and Statistical Tests, 1937.
    """
    if len(repeated) < 2 or min(variance for variance, _ in repeated) == 0:
        return False  # runs that are alike to the last digit are none that were repeated
    from scipy.special import chdtri  # a third of a second

    apart = math.fsum(degrees * math.log(pooled / variance) for variance, degrees in repeated)
    shrink = 1 + (math.fsum(1 / degrees for _, degrees in repeated) - 1 / freedom) / (3 * (len(repeated) - 1))
    return bool(apart / shrink > chdtri(len(repeated) - 1, 0.05))


def _against(candidate: Setting, other: Setting, scatter: Scatter | None, pairs: int) -> Setting:
    difference = candidate.mean - other.mean
    within = None
    if scatter is not None:
        within = abs(difference) <= scatter.noise(len(candidate.trials), len(other.trials), pairs)
    return Setting(other.varied, other.trials, other.mean, other.std, difference, within)


def _judged_by(scatter: Scatter | None) -> str:
    if scatter is None:
        return "No setting was repeated with another seed: which differences are noise cannot be said."
    degrees = "1 degree" if scatter.freedom == 1 else f"{scatter.freedom:g} degrees"
    return (
        f"A difference is called noise when it lies within the 95 % interval of Student's t from the standard"
        f" deviation over seeds, {scatter.std:.4f}, pooled over the repeated settings ({degrees} of freedom), for all"
        " pairs of settings together. What other images would say comes on top."
    )
