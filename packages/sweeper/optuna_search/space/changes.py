"""What may change when a study is resumed.

Optuna itself refuses little: other choices under one name, and another kind or scale of range
(`check_distribution_compatibility`); from a new range it draws at once. A reader of the results copes with less: what
differs between trials has to be seen in their table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from optuna_search.space.parameter import Parameter
from optuna_search.space.space import Space

Description = Mapping[str, Any]

FIXED = "fixed"
CHOICE = "choice"
KINDS = {IntDistribution: "integers", FloatDistribution: "interval", CategoricalDistribution: CHOICE}

# samplers that model parameters together do so for those that had the same range in all trials
ALONE = "samplers that draw parameters together (gp, cmaes, multivariate tpe) draw this one on its own from now on"


@dataclass
class Changes:
    """The differences between two descriptions of a space, a line for each.

    Attributes:
        refused: Those with which the study cannot be resumed.
        adapted: The others, and what follows from them.
    """

    refused: list[str] = field(default_factory=list)
    adapted: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Change:
    """One difference: what it is, what follows, and whether the study cannot be resumed."""

    what: str
    consequence: str
    refused: bool = False


def describe_space(space: Space) -> dict[str, dict[str, Any]]:
    """The space in terms that JSON keeps: parameters by Optuna's name, fixed overrides by `KEY=`."""
    described = {name: _describe(parameter) for name, parameter in space.parameters.items()}
    for line in space.fixed:
        key = line.partition("=")[0]
        described.setdefault(f"{key}=", {"kind": FIXED, "key": key, "lines": []})["lines"].append(line)
    return described


def changes(stored: Mapping[str, Description], now: Mapping[str, Description], *, enumerated: bool = False) -> Changes:
    """Judge what has changed between two results of `describe_space`.

    Args:
        stored: What the study's trials were drawn from.
        now: What the next ones would be drawn from.
        enumerated: Whether the sampler goes through the space point by point (grid, brute_force): it cannot make use
            of the points of another space.
    """
    found = Changes()
    for change in _searched_changes(stored, now):
        if change.refused:
            found.refused.append(f"{change.what}: {change.consequence}")
        elif enumerated:
            found.refused.append(f"{change.what}: the sampler has begun to go through the old space point by point")
        else:
            found.adapted.append(f"{change.what}: {change.consequence}")
    searched = {**_by_key(stored), **_by_key(now)}  # of these it is told there
    for name in dict.fromkeys([*stored, *now]):
        before, after = stored.get(name), now.get(name)
        if name.endswith("=") and before != after and name.removesuffix("=") not in searched:
            what = f"{_lines(before)} → {_lines(after)}"
            found.adapted.append(f"{what}: values of old and new trials may not be comparable")
    return found


def _searched_changes(stored: Mapping[str, Description], now: Mapping[str, Description]) -> Iterator[_Change]:
    old, new = _by_key(stored), _by_key(now)
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key, {}), new.get(key, {})
        if not after:
            instead = f", but fixed ({_lines(now[f'{key}='])})" if f"{key}=" in now else ""
            reason = "finished trials would differ from new ones in something that no table shows"
            yield _Change(f"{key}: no longer searched{instead}", reason, refused=True)
        elif not before:
            had = _lines(stored[f"{key}="]) if f"{key}=" in stored else "the configured value"
            yield _Change(f"{key}: searched from now on", f"finished trials had {had}; {ALONE}")
        else:
            yield from (
                _judge(name, before[name], after[name])
                for name in before
                if name in after and before[name] != after[name]
            )
            if before.keys() != after.keys():
                what = f"{key}: {_cases(before)} → {_cases(after)}"
                yield _Change(what, "finished trials keep their values, of which Optuna learns nothing for other cases")


def _judge(name: str, before: Description, after: Description) -> _Change:
    what = f"{name}: {_text(before)} → {_text(after)}"
    if before["kind"] != after["kind"]:
        return _Change(what, "Optuna cannot change the kind of a parameter", refused=True)
    if before["choices"] != after["choices"]:
        return _Change(what, "Optuna cannot change the choices of a parameter", refused=True)
    if before["log"] != after["log"]:
        return _Change(what, "Optuna cannot change the scale of a parameter", refused=True)
    if _range(before) == _range(after):
        return _Change(what, "finished trials stay as they are")
    return _Change(what, f"Optuna draws from the new range, finished trials keep their values; {ALONE}")


def _describe(parameter: Parameter) -> dict[str, Any]:
    space = parameter.distribution
    is_choice = isinstance(space, CategoricalDistribution)
    return {
        "kind": KINDS[type(space)],
        "low": getattr(space, "low", None),
        "high": getattr(space, "high", None),
        "log": getattr(space, "log", None),
        "step": getattr(space, "step", None),
        "choices": list(parameter.texts) if is_choice else None,  # the texts tell '1' from 1, and JSON has no nan
        "key": parameter.key,
        "when": str(parameter.condition) if parameter.condition else None,
    }


def _by_key(described: Mapping[str, Description]) -> dict[str, dict[str, Description]]:
    """The searched parameters of each key, by Optuna's name."""
    found: dict[str, dict[str, Description]] = {}
    for name, entry in described.items():
        if entry["kind"] != FIXED:
            found.setdefault(entry["key"], {})[name] = entry
    return found


def _text(entry: Description) -> str:
    when = f" when {entry['when']}" if entry["when"] else ""
    if entry["kind"] == CHOICE:
        return f"choice({', '.join(entry['choices'])}){when}"
    steps = f" in steps of {entry['step']}" if entry["step"] not in (None, 1) else ""
    scale = " (log)" if entry["log"] else ""
    return f"{entry['kind']} {entry['low']} … {entry['high']}{steps}{scale}{when}"


def _range(entry: Description) -> tuple[Any, ...]:
    return entry["low"], entry["high"], entry["step"]


def _cases(entries: Mapping[str, Description]) -> str:
    return " | ".join(map(_text, entries.values()))


def _lines(entry: Description | None) -> str:
    return " ".join(entry["lines"]) if entry else "not set"
