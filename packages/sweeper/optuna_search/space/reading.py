"""Reads a search space from `hydra.sweeper.params` and the command line."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf

from optuna_search.errors import SpaceError
from optuna_search.hydra_internals import take_null
from optuna_search.space.conditions import NEEDS_QUOTES, parse_condition, resolve
from optuna_search.space.parameter import Parameter, as_text
from optuna_search.space.sweeps import choice, parameter, parse_line

WHEN = "when"
LONGEST_NAME = 512  # of a parameter in the databases that Optuna uses


@dataclasses.dataclass(frozen=True)
class _Entry:
    """One override, as it was given.

    Attributes:
        override: The parsed override; for a value of YAML one with its key and no value.
        parameters: What it searches; empty for a fixed value.
    """

    override: Override
    parameters: tuple[Parameter, ...] = ()


def read_space(
    params: Mapping[str, Any], arguments: Sequence[str], loader: ConfigLoader | None
) -> tuple[dict[str, Parameter], tuple[str, ...], dict[str, Any]]:
    """The fields of a `Space`; see `parse_space`."""
    take_null()
    parser = OverridesParser.create(config_loader=loader)
    given = [_entry(override) for override in parser.parse_overrides(list(arguments))]
    set_there = {_target(entry.override) for entry in given}
    configured = [_from_yaml(str(key), _plain(value), parser) for key, value in params.items()]
    entries = [*(entry for entry in configured if _target(entry.override) not in set_there), *given]
    _refuse_contradictions(entries)
    fixed = [entry.override for entry in entries if not entry.parameters]
    settings = {
        override.key_or_group if override.package is None else f"{override.key_or_group}@{override.package}": (
            override.value()
        )
        for override in fixed
        if not override.is_delete()
    }
    return (
        _resolved([found for entry in entries for found in entry.parameters]),
        tuple(override.input_line or "" for override in fixed),
        settings,
    )


def _entry(override: Override) -> _Entry:
    return _Entry(override, (parameter(override),) if override.is_sweep_override() else ())


def _from_yaml(key: str, value: Any, parser: OverridesParser) -> _Entry:
    if isinstance(value, list):
        override = parse_line(parser, f"{key}=")
        return _Entry(override, (choice(override.get_key_element(), value),))
    if isinstance(value, dict):
        return _conditional(key, value, parser)
    return _entry(parse_line(parser, f"{key}={value if isinstance(value, str) else as_text(value)}"))


def _conditional(key: str, value: Mapping[Any, Any], parser: OverridesParser) -> _Entry:
    cases = value.get(WHEN)
    if set(value) != {WHEN} or not isinstance(cases, dict) or not cases:
        raise SpaceError(
            f"hydra.sweeper.params: {key} is the mapping {dict(value)}; expected a text, a list, or "
            f"'{WHEN}: {{CONDITION: TEXT}}' with at least one condition. (A mapping that is the value itself is "
            f'written as a text, as in "{{a: 1}}".)'
        )
    override = parse_line(parser, f"{key}=")
    found = []
    for text, case in cases.items():
        condition = parse_condition(str(text), parser, key)
        try:
            drawn = _case(key, case, parser)
        except HydraException as error:
            raise SpaceError(f"{key} where '{condition}': {error}\n{NEEDS_QUOTES}") from error
        found.append(dataclasses.replace(drawn, condition=condition, is_case=len(cases) > 1))
    return _Entry(override, tuple(found))


def _case(key: str, value: Any, parser: OverridesParser) -> Parameter:
    """What to draw in one case; a single value is a choice of one, so that the trial shows it."""
    if isinstance(value, list):
        return choice(parse_line(parser, f"{key}=").get_key_element(), value)
    if isinstance(value, dict):
        raise SpaceError(
            f"{key}: a case is the mapping {value}; expected a text or a list. Conditions do not nest in each "
            "other, but are joined, as in 'a=1 and b=2'."
        )
    return parameter(parse_line(parser, f"{key}={value if isinstance(value, str) else as_text(value)}"))


def _resolved(parameters: Sequence[Parameter]) -> dict[str, Parameter]:
    cases: dict[str, list[Parameter]] = {}
    for found in parameters:
        cases.setdefault(found.key.lstrip("+"), []).append(found)
    resolved: dict[str, Parameter] = {}
    for found in parameters:
        condition = found.condition and resolve(found.condition, cases, found.key)
        settled = dataclasses.replace(found, condition=condition)
        if settled.name in resolved:
            raise SpaceError(f"{found.key}: the condition '{condition}' is given twice.")
        if len(settled.name) > LONGEST_NAME:
            raise SpaceError(
                f"{settled.name}: Optuna's databases keep names of up to {LONGEST_NAME} characters, and this one has "
                f"{len(settled.name)}. Put the condition in fewer words, or on another searched key."
            )
        resolved[settled.name] = settled
    return resolved


def _refuse_contradictions(entries: Sequence[_Entry]) -> None:
    """Refuse what would come out otherwise than Hydra has it, as trials get the fixed overrides before the others."""
    for i, entry in enumerate(entries):
        for later in entries[i + 1 :] if entry.parameters else ():
            if _undoes(later, entry):
                raise SpaceError(
                    f"'{entry.override.get_key_element()}' is searched, and '{later.override.get_key_element()}' sets "
                    "it again after that; leave one of the two out."
                )


def _undoes(later: _Entry, searched: _Entry) -> bool:
    key, other = searched.override.key_or_group, later.override.key_or_group
    if _target(later.override) == _target(searched.override):
        return True
    if later.parameters:
        return False  # they keep their order
    above = key.startswith(f"{other}.") and (
        later.override.is_delete() or isinstance(later.override.value(), dict | list)
    )
    below = other.startswith(f"{key}.") and any(_is_container(found) for found in searched.parameters)
    return above or below


def _is_container(found: Parameter) -> bool:
    """Whether the parameter sets a list or a mapping, rather than a config group or a scalar."""
    return any(text.startswith(("[", "{")) for text in found.texts)


def _target(override: Override) -> tuple[str, str | None]:
    return override.key_or_group, override.package


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
