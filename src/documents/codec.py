"""Dataclasses as JSON and back, strictly, by their type hints.

A document's types may hold: bool, int, float, str, None, `StrEnum`, `Path`, `Interval`, other dataclasses (generic
ones too), `tuple[X, ...]`, `Mapping[str, X]`, unions with None, unions of plain values, and `Any` for JSON as it is.
An interval's unknown numbers are NaN in Python and null in JSON; any other number is finite.
"""

import dataclasses
import functools
import math
import operator
import types
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from src.core.errors import DataError, did_you_mean
from src.core.interval import Interval

_NAME = "json"
_PLAIN = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", type(None): "null"}
_KINDS = {list: "a list", dict: "an object", **_PLAIN}


def named(name: str) -> dict[str, str]:
    """The metadata of a field whose name in JSON is no identifier of Python, such as `mAP50-95`."""
    return {_NAME: name}


def by_name(value: Any) -> dict[str, Any]:
    """The values of a dataclass by their names in JSON, in the order of its fields."""
    return {json_name(field): getattr(value, field.name) for field in dataclasses.fields(value)}


def encode(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Interval):
        return {name: None if math.isnan(number) else float(number) for name, number in vars(value).items()}
    if dataclasses.is_dataclass(value):
        return {name: encode(own) for name, own in by_name(value).items()}
    if isinstance(value, Path | StrEnum):
        return str(value)
    if isinstance(value, tuple | list):
        return [encode(each) for each in value]
    if isinstance(value, Mapping):
        return {key: encode(each) for key, each in value.items()}
    return value


def decode(kind: Any, content: Any, key: str = "") -> Any:
    """The value of a type that JSON stands for.

    Args:
        kind: The type.
        content: The JSON.
        key: Where it lies in its file, such as `test.metrics.recall`.

    Raises:
        DataError: it stands for no value of that type; the message begins with the key.
    """
    origin = get_origin(kind) or kind
    decoder = _DECODERS.get(origin) or (_dataclass if dataclasses.is_dataclass(origin) else _made)
    return decoder(origin, get_args(kind), content, key)


def _dataclass(kind: Any, args: tuple[Any, ...], content: Any, key: str) -> Any:
    given = _fields(kind, content, key)
    hints = get_type_hints(kind)
    if args:
        variables = dict(zip(kind.__parameters__, args, strict=True))
        hints = {name: _filled(hint, variables) for name, hint in hints.items()}
    values = {
        field.name: decode(hints[field.name], given[json_name(field)], _below(key, json_name(field)))
        for field in dataclasses.fields(kind)
    }
    return kind(**values)


def _interval(kind: Any, args: tuple[Any, ...], content: Any, key: str) -> Interval:
    numbers = _fields(kind, content, key).items()
    return Interval(*(math.nan if n is None else _plain(float, args, n, _below(key, name)) for name, n in numbers))


def _mapping(_: Any, args: tuple[Any, ...], content: Any, key: str) -> dict[str, Any]:
    if args[1] is str and type(content) is dict and set(map(type, content.values())) <= {str}:
        return content  # a manifest has an entry for each file
    return {name: decode(args[1], each, _below(key, name)) for name, each in _expect(dict, content, key).items()}


def _fields(kind: Any, content: Any, key: str) -> dict[str, Any]:
    """The JSON of each field, once it is sure that there are all of them and no others."""
    given: dict[str, Any] = _expect(dict, content, key)
    names = [json_name(field) for field in dataclasses.fields(kind)]
    for name in given:
        if name not in names:
            raise _broken(_below(key, name), f"unknown key.{did_you_mean(name, names)}")
    for name in names:
        if name not in given:
            raise _broken(_below(key, name), "missing")
    return {name: given[name] for name in names}


def _filled(hint: Any, variables: Mapping[TypeVar, Any]) -> Any:
    """A type hint with the variables of a generic dataclass filled in."""
    if isinstance(hint, TypeVar):
        return variables[hint]
    args = tuple(_filled(arg, variables) for arg in get_args(hint))
    if not args:
        return hint
    return functools.reduce(operator.or_, args) if isinstance(hint, types.UnionType) else get_origin(hint)[args]


def _one_of(_: Any, kinds: tuple[Any, ...], content: Any, key: str) -> Any:
    if content is None and type(None) in kinds:
        return None
    others = [kind for kind in kinds if kind is not type(None)]
    if len(others) == 1:
        return decode(others[0], content, key)
    if type(content) not in others:
        raise _broken(key, f"expected {' or '.join(_PLAIN[kind] for kind in kinds)}, found {_said(content)}")
    return content


def _tuple(_: Any, args: tuple[Any, ...], content: Any, key: str) -> tuple[Any, ...]:
    items = _expect(list, content, key)
    kinds = [args[0]] * len(items) if args[-1] is Ellipsis else list(args)
    if len(kinds) != len(items):
        raise _broken(key, f"expected {len(kinds)} values, found {len(items)}")
    return tuple(decode(kind, each, f"{key}[{i}]") for i, (kind, each) in enumerate(zip(kinds, items, strict=True)))


def _plain(kind: Any, _: tuple[Any, ...], content: Any, key: str) -> Any:
    if kind is float and type(content) is int:
        return float(content)
    _expect(kind, content, key)
    if kind is float and not math.isfinite(content):
        raise _broken(key, f"expected a finite number, found {content}")
    return content


def _made(kind: Any, _: tuple[Any, ...], content: Any, key: str) -> Any:
    """A path, or a member of an enumeration."""
    try:
        return kind(_expect(str, content, key))
    except ValueError:
        valid = [str(member.value) for member in kind]
        hint = did_you_mean(content, valid)
        raise _broken(key, f"expected one of {', '.join(valid)}, found {_said(content)}.{hint}") from None


def _expect(kind: type, content: Any, key: str) -> Any:
    if type(content) is not kind:
        raise _broken(key, f"expected {_KINDS[kind]}, found {_said(content)}")
    return content


def _said(content: Any) -> str:
    if content is None or isinstance(content, bool):
        return {None: "null", True: "true", False: "false"}[content]
    return repr(content) if type(content) in _PLAIN else _KINDS.get(type(content), type(content).__name__)


def json_name(field: "dataclasses.Field[Any]") -> str:
    """The name of a dataclass's field in JSON."""
    return str(field.metadata.get(_NAME, field.name))


def _below(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _broken(key: str, what: str) -> DataError:
    return DataError(f"{key}: {what}" if key else what)


_DECODERS: Mapping[Any, Callable[[Any, tuple[Any, ...], Any, str], Any]] = {
    Any: lambda _kind, _args, content, _key: content,
    Union: _one_of,
    types.UnionType: _one_of,
    Interval: _interval,
    tuple: _tuple,
    Mapping: _mapping,
    **dict.fromkeys((bool, int, float, str), _plain),
}
