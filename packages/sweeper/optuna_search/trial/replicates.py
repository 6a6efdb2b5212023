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


@dataclass(frozen=True)
class Repeats:
    """`hydra.sweeper.repeats`.

    Attributes:
        over: The override key that differs from replicate to replicate, e.g. `train.seed`.
        values: Its values.
        reduce: `mean`, `median`, `min` or `max` of the replicates' values is the trial's.

    Raises:
        SpaceError: There is nothing to repeat over, or the reduction is unknown.
    """

    over: str
    values: tuple[Any, ...]
    reduce: str = "mean"

    def __post_init__(self) -> None:
        if len(self.values) < 2 or len(set(map(str, self.values))) < len(self.values):
            raise SpaceError(
                f"hydra.sweeper.repeats.values={list(self.values)}: expected at least two different values of "
                f"{self.over}, one for each replicate."
            )
        if self.reduce not in REDUCTIONS:
            raise SpaceError(f"hydra.sweeper.repeats.reduce={self.reduce!r}: expected {', '.join(REDUCTIONS)}.")

    @classmethod
    def read(cls, setting: Mapping[str, Any] | None) -> "Repeats | None":
        """The setting as typed, or None for no repeats.

        Raises:
            SpaceError: A field is missing or unknown.
        """
        if setting is None:
            return None
        if not isinstance(setting, Mapping) or not {"over", "values"} <= set(setting) <= {"over", "values", "reduce"}:
            raise SpaceError(
                f"hydra.sweeper.repeats={setting}: expected {{over: KEY, values: [..], reduce: mean}}, where "
                "'reduce' may be left out."
            )
        return cls(str(setting["over"]), tuple(setting["values"]), str(setting.get("reduce", "mean")))

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
    repeats: Repeats, trial: CurrentTrial, objectives: int, run_one: Callable[[str, CurrentTrial], Outcome]
) -> Outcome:
    """Run the replicates of a trial one after the other, until one fails or the pruner ends the trial.

    Numeric attributes of the replicates are averaged, of others the last holds; a constraint is as far from being kept
    as in its worst replicate. `replicates` and `replicates_std` keep what lies behind the trial's value.

    Args:
        repeats: What differs between them.
        trial: The trial.
        objectives: How many numbers the task returns.
        run_one: Runs the replicate of an override.
    """
    results: dict[str, Result] = {}
    gathered: list[Mapping[str, Any]] = []
    constraints: dict[str, float] = {}
    for step, override in enumerate(repeats.overrides):
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
        if step + 1 < len(repeats.values) and trial.should_prune():
            return Outcome.ended(Ending.PRUNED)
    reduce = REDUCTIONS[repeats.reduce]
    columns = zip(*(result.values for result in results.values()), strict=True)
    return Outcome.completed({"values": [reduce(column) for column in columns], "constraints": constraints})


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
