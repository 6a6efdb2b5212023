"""Replicates: one point of the space run several times, as one trial whose value is their mean.

A pruner sees the replicates' values one after the other, so that a Wilcoxon or median pruner can stop a hopeless
point after the first.
"""

import dataclasses
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna_search.attributes import REPLICATES, REPLICATES_STD
from optuna_search.ending import Ending, Outcome
from optuna_search.errors import SpaceError
from optuna_search.space.parameter import as_text
from optuna_search.trial.current import CurrentTrial, NullTrial, TrialFacts
from optuna_search.trial.returned import Result, read_result

REDUCTIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
    "max": max,
}


_FIELDS = {"over", "values", "reduce", "leaders"}


@dataclass(frozen=True)
class Repeats:
    """`hydra.sweeper.repeats`.

    Attributes:
        over: The override key that differs from replicate to replicate, e.g. `train.seed`.
        values: Its values.
        reduce: `mean`, `median`, `min` or `max` of the replicates' values is the trial's.
        leaders: Only so many leading points are repeated, each replicate as a trial of its own; None for all points.

    Raises:
        SpaceError: There is nothing to repeat over, or the reduction is unknown.
    """

    over: str
    values: tuple[Any, ...]
    reduce: str = "mean"
    leaders: int | None = None

    def __post_init__(self) -> None:
        if len(self.values) < 2 or len(set(map(str, self.values))) < len(self.values):
            raise SpaceError(
                f"hydra.sweeper.repeats.values={list(self.values)}: expected at least two different values of "
                f"{self.over}, one for each replicate."
            )
        if self.reduce not in REDUCTIONS:
            raise SpaceError(f"hydra.sweeper.repeats.reduce={self.reduce!r}: expected {', '.join(REDUCTIONS)}.")

        if self.leaders is not None and self.leaders < 1:
            raise SpaceError(f"hydra.sweeper.repeats.leaders={self.leaders}: expected how many points to repeat.")

    @classmethod
    def read(cls, setting: Mapping[str, Any] | None) -> "Repeats | None":
        """The setting as typed, or None for no repeats.

        Raises:
            SpaceError: A field is missing or unknown.
        """
        if setting is None:
            return None
        fields = set(setting) if isinstance(setting, Mapping) else set()
        listed = {"over", "values"} <= fields and isinstance(setting["values"], Sequence)
        if not listed or isinstance(setting["values"], str) or not fields <= _FIELDS:
            raise SpaceError(
                f"hydra.sweeper.repeats={setting}: expected {{over: KEY, values: [..], reduce: mean, leaders: N}}, "
                "where 'reduce' and 'leaders' may be left out."
            )
        leaders = setting.get("leaders")
        if leaders is not None and (isinstance(leaders, bool) or not isinstance(leaders, int)):
            raise SpaceError(f"hydra.sweeper.repeats.leaders={leaders!r}: expected a number.")
        return cls(str(setting["over"]), tuple(setting["values"]), str(setting.get("reduce", "mean")), leaders)

    @property
    def overrides(self) -> list[str]:
        """The override of each replicate."""
        return [f"{self.over}={as_text(value)}" for value in self.values]


class ReplicateTrial(NullTrial):
    """What `current_trial()` is in a replicate: progress within it is not the trial's, attributes are gathered.

    A pruner compares whole replicates, between which it decides; a step within one is no step of the trial.
    """

    def __init__(self, trial: CurrentTrial, override: str) -> None:
        super().__init__(**vars(TrialFacts.of(trial)) | {"replicate": override})
        self.attributes: dict[str, Any] = {}
        self.constraints: dict[str, float] = {}

    def set_user_attr(self, key: str, value: Any) -> None:
        """Kept until all replicates have run."""
        self.attributes[key] = value

    def set_constraint(self, key: str, value: float) -> None:
        """Likewise."""
        self.constraints[key] = value


def run_replicates(
    repeats: Repeats,
    trial: CurrentTrial,
    objectives: int,
    run_one: Callable[[str, CurrentTrial], Outcome],
    only: str | None = None,
) -> Outcome:
    """Run the replicates of a trial one after the other, until one fails or the pruner ends the trial.

    Numeric attributes of the replicates are averaged, of others the last holds; a constraint is as far from being kept
    as in its worst replicate. `replicates` and `replicates_std` keep what lies behind the trial's value.

    Args:
        repeats: What differs between them.
        trial: The trial.
        objectives: How many numbers the task returns.
        run_one: Runs the replicate of an override.
        only: The one override that is run, of a trial that is a single replicate; None for all.
    """
    overrides = repeats.overrides if only is None else [only]
    results: dict[str, Result] = {}
    gathered: list[Mapping[str, Any]] = []
    constraints: dict[str, float] = {}
    for step, override in enumerate(overrides):
        handle = ReplicateTrial(trial, override)
        outcome = run_one(override, handle)
        if outcome.ending in (Ending.INTERRUPTED, Ending.LOST):
            return outcome
        if outcome.ending.is_failure:
            return dataclasses.replace(outcome, reason=f"at {override}: {outcome.reason}")
        if outcome.ending is Ending.PRUNED:
            return Outcome.failed(f"at {override}: the task raised TrialPruned, although repeats decide about pruning")
        try:
            results[override] = read_result(outcome.value, objectives)
        except ValueError as problem:
            return Outcome.failed(f"at {override}: {problem}", ("ValueError",))
        gathered.append({**handle.attributes, **results[override].user_attrs})
        for key, value in {**handle.constraints, **results[override].constraints}.items():
            constraints[key] = max(value, constraints.get(key, value))
        for key, value in _attributes(results, gathered).items():
            trial.set_user_attr(key, value)
        trial.report(results[override].values[0], step)
        if step + 1 < len(overrides) and trial.should_prune():
            return Outcome.ended(Ending.PRUNED)
    columns = zip(*(result.values for result in results.values()), strict=True)
    return Outcome.completed(
        {"values": [REDUCTIONS[repeats.reduce](column) for column in columns], "constraints": constraints}
    )


def _attributes(results: Mapping[str, Result], gathered: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    values = {override: result.values for override, result in results.items()}
    attributes = {**_averaged(gathered), REPLICATES: values}
    if len(values) > 1:
        attributes[REPLICATES_STD] = [statistics.stdev(column) for column in zip(*values.values(), strict=True)]
    return attributes


def _averaged(gathered: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = dict.fromkeys(name for attributes in gathered for name in attributes)
    return {name: _average([attrs[name] for attrs in gathered if name in attrs]) for name in names}


def _average(values: Sequence[Any]) -> Any:
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return statistics.fmean(values) if len(set(values)) > 1 else values[0]
    if all(isinstance(value, Mapping) for value in values):
        return _averaged(values)
    return values[-1]
