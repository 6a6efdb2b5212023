"""When a parameter is searched: `train.optimizer=SGD and train.imgsz=320,640`.

A key that is searched itself is judged for each trial, and any other by the configuration.
"""

import enum
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from optuna_search.errors import SpaceError
from optuna_search.space.condition import Clause, Condition, same
from optuna_search.space.parameter import Parameter, as_text
from optuna_search.space.sweeps import elements, parse_line

NOTHING = object()  # no value at all, which meets no condition
NEEDS_QUOTES = "(In YAML's braces a text with a comma needs quotes.)"

_AND = re.compile(r"\s+and\s+(?=[\w.$/@+-]+\s*=)")


def parse_condition(text: str, parser: OverridesParser, owner: str) -> Condition:
    """Read a condition.

    Args:
        text: The condition.
        parser: Knows the options of config groups.
        owner: The key that has the condition.

    Raises:
        SpaceError: It is none.
    """
    clauses: list[Clause] = []
    rest, problem = "", ""
    for piece in _AND.split(text.strip()):
        rest = f"{rest} and {piece}" if rest else piece
        try:
            override = parse_line(parser, rest)
        except HydraException as error:  # what looks like the next clause may be within quotes
            problem = str(error)
            continue
        if override.is_delete():
            raise SpaceError(f"{owner}: the condition '{text}' deletes something; expected key=value.")
        values = elements(override)
        clauses.append(Clause(override.get_key_element().lstrip("+"), tuple(values), tuple(map(as_text, values))))
        rest = ""
    if rest or not clauses:
        raise SpaceError(
            f"{owner}: '{text}' is no condition; expected key=value or key=choice(a,b), several of them joined by "
            f"' and '. {NEEDS_QUOTES}\n{problem}"
        )
    return Condition(tuple(clauses))


def resolve(condition: Condition, cases_of: Mapping[str, Sequence[Parameter]], owner: str) -> Condition:
    """The condition with searched keys and their values as Optuna knows them.

    Args:
        condition: The condition as it was read.
        cases_of: The parameters by override key without its `+`.
        owner: The key that has the condition.

    Raises:
        SpaceError: A value that a searched key can never take.
    """
    return Condition(tuple(_resolve(clause, cases_of.get(clause.key, ()), owner) for clause in condition.clauses))


def ways(
    clauses: Sequence[Clause], cases_of: Mapping[str, Sequence[Parameter]], taken: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """All ways to meet `clauses` at once, the conditions of searched keys among them included.

    Yields:
        A value for each key that matters. Keys that are not searched may have any of the values named for them.
    """
    taken = taken or {}
    if not clauses:
        yield dict(taken)
        return
    first, *rest = clauses
    for value in first.values:
        if first.key in taken:
            if same(taken[first.key], value):
                yield from ways(rest, cases_of, taken)
        elif not first.searched:
            yield from ways(rest, cases_of, {**taken, first.key: value})
        else:
            for case in cases_of[first.key]:
                if case.admits(value):
                    needed = case.condition.clauses if case.condition else ()
                    yield from ways([*needed, *rest], cases_of, {**taken, first.key: value})


def parents_first(cases_of: Mapping[str, Sequence[Parameter]]) -> tuple[str, ...]:
    """The keys such that those of its condition come before each, and else in their own order.

    Raises:
        SpaceError: Parameters that wait for each other.
    """
    order: list[str] = []

    def visit(key: str, path: tuple[str, ...]) -> None:
        if key in path:
            circle = " → ".join([*path[path.index(key) :], key])
            raise SpaceError(f"The conditions go round in a circle: {circle}. One of them has to be searched always.")
        if key not in order:
            for clause in clauses_of(cases_of[key]):
                if clause.searched:
                    visit(clause.key, (*path, key))
            order.append(key)

    for key in cases_of:
        visit(key, ())
    return tuple(order)


def refuse_overlaps(cases: Sequence[Parameter], cases_of: Mapping[str, Sequence[Parameter]]) -> None:
    """Refuse cases of one parameter that hold never, or at once.

    What only the configuration can decide is seen when a trial is drawn.

    Raises:
        SpaceError: Names the conditions.
    """
    for i, case in enumerate(cases):
        if next(ways(clauses_of([case]), cases_of), None) is None:
            raise SpaceError(f"{case.key}: the condition '{case.condition}' can never hold.")
        for other in cases[:i]:
            both = next(ways(clauses_of([case, other]), cases_of), None)
            if both is not None and all(key in cases_of for key in both):
                at = ", ".join(f"{key}={as_text(value)}" for key, value in both.items())
                raise SpaceError(
                    f"{case.key}: the cases '{other.condition}' and '{case.condition}' hold at once, at {at}; only one "
                    "of them can say what to draw."
                )


def clauses_of(parameters: Iterable[Parameter]) -> list[Clause]:
    """All clauses of all conditions."""
    return [clause for parameter in parameters if parameter.condition for clause in parameter.condition.clauses]


def configured(config: DictConfig, key: str) -> Any:
    """What the configuration has at `key`, a config group's choice before a value; `NOTHING` if it has neither."""
    choices = OmegaConf.select(config, "hydra.runtime.choices", default=None) or {}
    if key in choices:
        return choices[key]
    # an interpolation that leads nowhere here may well do so in a trial
    value = OmegaConf.select(config, key, default=NOTHING, throw_on_resolution_failure=False)
    if OmegaConf.is_config(value):
        return OmegaConf.to_container(value)
    return value.name if isinstance(value, enum.Enum) else value


def _resolve(clause: Clause, cases: Sequence[Parameter], owner: str) -> Clause:
    if not cases:
        return clause
    values = []
    for value, text in zip(clause.values, clause.texts, strict=True):
        case = next((case for case in cases if case.admits(value)), None)
        if case is None:
            raise SpaceError(
                f"{owner}: the condition '{clause}' can never hold, because {cases[0].key} is never {text}. It is "
                f"searched in {' or '.join(case.described for case in cases)}."
            )
        if case.is_continuous:
            raise SpaceError(
                f"{owner}: the condition '{clause}' would hold by chance only, because {case.key} is drawn from "
                f"{case.described}. Give {case.key} values that can be named, as in '{case.key}=choice(…)'."
            )
        values.append(case.admit(value))
    return Clause(clause.key, tuple(values), clause.texts, searched=True)
