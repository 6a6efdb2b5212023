"""Trials with the same result to the last digit although their settings differ: what was varied had no effect."""

from collections.abc import Sequence
from dataclasses import dataclass

from src.documents.findings import Finding, Status
from src.documents.study_record import StudyTraining

NAME, TITLE = "identical_results", "Different settings give different results"
_FEWEST = 2  # metrics that have to agree: a single one may by chance


@dataclass(frozen=True)
class SameResult:
    """Trials that differ in a parameter and in nothing that was measured on val.

    Attributes:
        trials: At least two.
        differing: The parameters in which they differ, the seed included.
        learnt_nothing: Whether all of their results are 0, which says nothing about the parameters.
    """

    trials: tuple[StudyTraining, ...]
    differing: tuple[str, ...]
    learnt_nothing: bool


def same_results(trials: Sequence[StudyTraining]) -> list[SameResult]:
    """The groups of trials with equal results to the last digit although they differ in a parameter, largest first."""
    groups: dict[tuple[tuple[str, float], ...], list[StudyTraining]] = {}
    for trial in trials:
        groups.setdefault(_result(trial), []).append(trial)
    found = [
        SameResult(tuple(same), tuple(_differing(same)), all(value == 0 for _, value in result))
        for result, same in groups.items()
        if len(result) >= _FEWEST and _differing(same)
    ]
    return sorted(found, key=lambda group: -len(group.trials))


def check_repeats(trials: Sequence[StudyTraining] | None) -> Finding:
    """Look for trials that differ in a parameter, or in their seed, and in nothing that was measured on val.

    Args:
        trials: Those of the study; None where they are not available.
    """
    if trials is None or len(trials) < 2:
        reason = "The study's runs are not available" if trials is None else "There is no other run"
        return Finding(NAME, TITLE, Status.UNKNOWN, f"{reason}, so that no results can be compared.")
    suspicious = same_results(trials)
    if not suspicious:
        return Finding(NAME, TITLE, Status.OK, f"No two of {len(trials)} runs have the same results to the last digit.")
    runs = sum(len(same.trials) for same in suspicious)
    names = sorted({name for same in suspicious for name in same.differing})
    largest = suspicious[0]
    sentence = (
        f"{runs} of {len(trials)} runs have results equal to the last digit although they differ in"
        f" {', '.join(names)}; for instance {_said(_result(largest.trials[0]))} in {len(largest.trials)} of them."
    )
    if largest.learnt_nothing:
        return Finding(NAME, TITLE, Status.WARNING, sentence, "These runs learnt nothing; look at their training.")
    action = f"Find out why {', '.join(names)} had no effect before believing any comparison of runs."
    return Finding(NAME, TITLE, Status.WARNING, sentence, action)


def _result(trial: StudyTraining) -> tuple[tuple[str, float], ...]:
    return tuple(sorted((name, value) for name, value in trial.metrics.items() if name.startswith("val/")))


def _differing(trials: Sequence[StudyTraining]) -> list[str]:
    names = {name for trial in trials for name in trial.params}
    return sorted(name for name in names if len({trial.params.get(name) for trial in trials}) > 1)


def _said(result: Sequence[tuple[str, float]]) -> str:
    name, value = result[0]
    return f"{name} is {value!r}"
