"""What a sweep varies: the way from Hydra's override text to Optuna's trials, and back to overrides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import optuna
from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig
from optuna.distributions import BaseDistribution

from optuna_search.errors import SpaceError
from optuna_search.space.condition import Clause
from optuna_search.space.conditions import (
    NOTHING,
    clauses_of,
    configured,
    parents_first,
    refuse_overlaps,
    ways,
)
from optuna_search.space.parameter import Parameter, as_text
from optuna_search.space.reading import read_space


@dataclass(frozen=True)
class Space:
    """What a sweep varies and what it holds fixed.

    Attributes:
        parameters: The dimensions by Optuna's names for them. A key has several where its range depends on a condition.
        fixed: Overrides that every trial gets, in the order in which they were given.
        settings: The values that `fixed` sets, by key.

    Raises:
        SpaceError: The conditions of the parameters cannot work together.
    """

    parameters: Mapping[str, Parameter]
    fixed: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in self._order:
            refuse_overlaps(self._cases[key], self._cases)

    @property
    def keys(self) -> frozenset[str]:
        """The searched override keys."""
        return frozenset(parameter.key for parameter in self.parameters.values())

    @property
    def unconditional(self) -> dict[str, BaseDistribution]:
        """What is drawn for each trial, by Optuna's names."""
        return {name: found.distribution for name, found in self.parameters.items() if found.condition is None}

    def suggest(self, trial: optuna.Trial, config: DictConfig) -> None:
        """Draw every parameter of the trial whose condition holds; a queued trial's values are what Optuna draws then.

        Args:
            trial: The trial.
            config: The sweep's configuration, for conditions on keys that are not searched.

        Raises:
            SpaceError: Two cases of one parameter hold at once.
        """
        self._walk(lambda parameter: parameter.suggest(trial), config)

    def overrides(self, params: Mapping[str, Any]) -> list[str]:
        """The overrides of one trial; parameters that a custom search space added are written by their value."""
        varied = [found.override(params[name]) for name, found in self.parameters.items() if name in params]
        added = [f"{name}={as_text(value)}" for name, value in params.items() if name not in self.parameters]
        return [*self.fixed, *varied, *added]

    def example(self, config: DictConfig) -> list[str]:
        """The overrides of one point: what is mandatory in the configuration may have no value but a searched one."""
        return self.overrides(next(iter(self.probes(config)), {}))

    def by_key(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """A trial's values by override key, whatever Optuna calls them."""
        return {self.parameters[name].key if name in self.parameters else name: value for name, value in params.items()}

    def admit(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """A point that a user has named, in Optuna's terms.

        Where the point leaves open which case of a key will hold, its value is meant for each that has it.

        Args:
            point: Values by override key, or by Optuna's name.

        Raises:
            SpaceError: A key is not searched, not searched under the point's conditions, or has not that value.
        """
        admitted, problems = self._fit(point)
        if problems:
            raise problems[0]
        return admitted

    def admissible(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """As much of `point` as the space has, e.g. of another study's trial."""
        bare = {name if name in self.parameters else name.partition(" | ")[0]: value for name, value in point.items()}
        return self._fit(bare)[0]

    def preferred(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values that a user prefers, by Optuna's names; a key's value is meant for each of its cases that has it.

        Args:
            values: By override key, or by Optuna's name of a case.

        Raises:
            SpaceError: A key is not searched, or none of its cases has the value.
        """
        found: dict[str, Any] = {}
        for key, value in values.items():
            named = [self.parameters[key]] if key in self.parameters else self._cases.get(_bare(key), [])
            if not named:
                raise self._unknown(key)
            having = [parameter for parameter in named if parameter.admits(value)]
            for parameter in having or named:
                found[parameter.name] = parameter.admit(value)
        return found

    def grid(self) -> dict[str, list[Any]]:
        """The values of every parameter.

        Raises:
            SpaceError: A parameter is continuous, or has a condition.
        """
        for name, parameter in self.parameters.items():
            if parameter.condition is not None:
                raise SpaceError(
                    f"{name}: a grid is a full product and has no place for conditions. Take "
                    "hydra/sweeper/sampler=brute_force, which goes through every combination that can occur."
                )
        return {name: parameter.values() for name, parameter in self.parameters.items()}

    def probes(self, config: DictConfig | None = None) -> list[dict[str, Any]]:
        """Few points that together touch both edges of every range and every category, of each case.

        Args:
            config: For conditions on keys that are not searched; without it these do not hold.
        """
        count = max((len(parameter.extremes()) for parameter in self.parameters.values()), default=0)
        points = [self._walk(partial(_edge, place=place), config) for place in range(count)]
        for parameter in self.parameters.values():
            met: Mapping[str, Any] = next(ways(clauses_of([parameter]), self._cases), {})
            for edge in parameter.extremes() if parameter.condition else ():
                points.append(self._walk(partial(_pinned, pinned={**met, _bare(parameter.key): edge}), config))
        return [point for i, point in enumerate(points) if point and point not in points[:i]]

    def where_searched(self, parameter: Parameter) -> list[str]:
        """Overrides under which the conditions of a parameter hold, those that every trial gets included."""
        met = next(ways(clauses_of([parameter]), self._cases), {})
        lines = []
        for key, value in met.items():
            case = next((case for case in self._cases.get(key, ()) if case.admits(value)), None)
            lines.append(case.override(value) if case else f"{key}={as_text(value)}")
        return [*self.fixed, *lines]

    def value_at(self, clause: Clause, config: DictConfig | None) -> Any:
        """What a condition on a key that is not searched is judged by."""
        if clause.key in self.settings:
            return self.settings[clause.key]
        return NOTHING if config is None else configured(config, clause.key)

    @cached_property
    def _cases(self) -> dict[str, list[Parameter]]:
        """The parameters by the keys that conditions use."""
        cases: dict[str, list[Parameter]] = {}
        for parameter in self.parameters.values():
            cases.setdefault(_bare(parameter.key), []).append(parameter)
        return cases

    @cached_property
    def _order(self) -> tuple[str, ...]:
        return parents_first(self._cases)

    def _walk(self, draw: Callable[[Parameter], Any], config: DictConfig | None) -> dict[str, Any]:
        """Draw the parameters whose conditions hold, those that others depend on first."""
        drawn: dict[str, Any] = {}
        point = {}
        for key in self._order:
            active = [case for case in self._cases[key] if self._holds(case, drawn, config)]
            if len(active) > 1:
                names = "' and '".join(str(case.condition) for case in active)
                raise SpaceError(f"{key}: the cases '{names}' hold at once; only one of them can say what to draw.")
            for case in active:
                drawn[key] = point[case.name] = draw(case)
        return point

    def _holds(self, parameter: Parameter, drawn: Mapping[str, Any], config: DictConfig | None) -> bool:
        def value_of(clause: Clause) -> Any:
            return drawn.get(clause.key, NOTHING) if clause.searched else self.value_at(clause, config)

        return parameter.condition is None or parameter.condition.holds(value_of)

    def _fit(self, point: Mapping[str, Any]) -> tuple[dict[str, Any], list[SpaceError]]:
        """What the space has of a point, and why the rest does not fit."""
        given = {_bare(name): value for name, value in point.items()}
        known: dict[str, Any] = {}  # by key, NOTHING for a value that the space has not; absent where the point is open
        admitted: dict[str, Any] = {}
        problems = [
            self._unknown(name) for name in point if name not in self.parameters and _bare(name) not in self._cases
        ]
        for key in self._order:
            cases = self._cases[key]
            wanted = {case.name: given.get(_bare(case.name), given.get(key, NOTHING)) for case in cases}
            wanted = {name: value for name, value in wanted.items() if value is not NOTHING}
            possible = [case for case in cases if not _excluded(case, known)]
            named = [case for case in possible if case.name in wanted]
            found = {case.name: case.admit(wanted[case.name]) for case in named if case.admits(wanted[case.name])}
            admitted |= found
            if found:
                known[key] = next(iter(found.values()))
            elif wanted or not possible:
                known[key] = NOTHING
            if wanted and not found:
                problems.append(_misfit(cases, named, wanted))
        return admitted, problems

    def _unknown(self, name: str) -> SpaceError:
        return SpaceError(f"'{name}' is not searched; searched are {', '.join(sorted(self.keys))}.")


def parse_space(params: Mapping[str, Any], arguments: Sequence[str], loader: ConfigLoader | None = None) -> Space:
    """Read a search space from the sweeper's `params` and the command line; the command line wins.

    Args:
        params: Override text by key. A list stands for a choice between its elements, `{when: {CONDITION: text}}` for
            a parameter that is searched, or searched otherwise, under conditions.
        arguments: Overrides as given on the command line.
        loader: Lists the options of a config group, which `glob()` needs.

    Raises:
        SpaceError: A sweep that Optuna cannot draw from.
        hydra.errors.OverrideParseException: Text that is no override.
    """
    return Space(*read_space(params, arguments, loader))


def _bare(key: str) -> str:
    return key.lstrip("+")


def _edge(parameter: Parameter, place: int) -> Any:
    edges = parameter.extremes()
    return edges[min(place, len(edges) - 1)]


def _pinned(parameter: Parameter, pinned: Mapping[str, Any]) -> Any:
    value = pinned.get(_bare(parameter.key), NOTHING)
    return value if value is not NOTHING and parameter.admits(value) else parameter.extremes()[0]


def _excluded(case: Parameter, known: Mapping[str, Any]) -> bool:
    return any(
        clause.searched and clause.key in known and not clause.met_by(known[clause.key])
        for clause in clauses_of([case])
    )


def _misfit(cases: Sequence[Parameter], named: Sequence[Parameter], wanted: Mapping[str, Any]) -> SpaceError:
    """Why a value fits no case that can hold."""
    key, value = cases[0].key, next(iter(wanted.values()))
    if not named:
        conditions = "' or '".join(str(case.condition) for case in cases)
        return SpaceError(f"{key}: searched only where '{conditions}', which is not so at this point.")
    spaces = " or ".join(dict.fromkeys(case.described for case in named))
    return SpaceError(f"{key}: {value!r} is outside its search space, {spaces}.")
