"""What a task may return or say of its trial, and what the study makes of it.

A task is anybody's code: whatever it returns is a value for the study, or the reason why its trial has failed, and
never an error of the sweep.
"""

import math
import reprlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

LONGEST_NAME = 512  # characters, in the databases that Optuna uses
LAST_STEP = 2**31 - 1  # likewise
MOST_ITEMS = 100_000  # of a list that a trial keeps
RETURNED = ("value", "values", "constraints", "user_attrs")


@dataclass(frozen=True)
class Result:
    """What a task returned, taken apart.

    Attributes:
        values: One number for each direction.
        constraints: Kept where at most 0.
        user_attrs: To keep on the trial.
    """

    values: list[float]
    constraints: Mapping[str, float]
    user_attrs: Mapping[str, Any]


def plain(value: Any) -> Any:
    """`value` in terms that JSON keeps: of numbers of other libraries, arrays and tensors the Python numbers.

    Raises:
        ValueError: It holds something that is none of these; the message says what.
    """
    try:
        return _plain(value)
    except RecursionError:
        raise ValueError("it contains itself, or is nested too deeply to be kept") from None
    except ValueError:
        raise
    except Exception as error:  # a class of anybody's making
        raise _not_kept(value, error) from error


def step_number(step: Any) -> int:
    """A step of a trial as every storage keeps it.

    Raises:
        ValueError: Databases could not keep it.
    """
    number = int(step)
    if not 0 <= number <= LAST_STEP:
        raise ValueError(f"step {reprlib.repr(number)}: expected a whole number from 0 to {LAST_STEP}")
    return number


def attribute_name(name: Any) -> str:
    """The name of an attribute as every storage keeps it.

    Raises:
        ValueError: Databases could not keep it.
    """
    text = str(name)
    if len(text) > LONGEST_NAME or "\0" in text or not text.isprintable():
        raise ValueError(
            f"{reprlib.repr(text)} cannot be the name of an attribute or a constraint; expected at most {LONGEST_NAME}"
            " characters that can be printed"
        )
    return text


def _plain(value: Any) -> Any:
    if value is None or type(value) in (str, bool, int, float):
        return value
    for kind in (str, int, float):  # their subclasses, such as members of enums
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | Set) and not isinstance(value, bytes | bytearray | memoryview):
        if len(value) > MOST_ITEMS:
            raise ValueError(f"a {type(value).__name__} of {len(value)} items is too much to be kept on a trial")
        return [_plain(item) for item in value]
    try:
        listed = value.tolist() if hasattr(value, "tolist") else value
        return float(value) if type(listed) is type(value) else _plain(listed)
    except Exception as error:
        raise _not_kept(value, error) from error


def _not_kept(value: Any, error: Exception) -> ValueError:
    return ValueError(
        f"a {type(value).__name__} cannot be kept ({type(error).__name__}: {error}); expected a number, a text, or a"
        " list or mapping of such"
    )


def read_result(returned: Any, objectives: int) -> Result:
    """Take apart what a task returned: a number, a sequence of them, or a mapping with `value` or `values`.

    Raises:
        ValueError: It is something else; the message is the trial's reason to fail.
    """
    if not isinstance(returned, Mapping):
        return Result(_numbers(returned, objectives), {}, {})
    if unknown := sorted(set(map(str, returned)) - set(RETURNED)):
        raise ValueError(f"the task returned a mapping with {', '.join(unknown)}; expected {', '.join(RETURNED)}")
    if ("value" in returned) == ("values" in returned):
        raise ValueError("the task returned a mapping that needs either 'value' or 'values'")
    constraints = returned.get("constraints") or {}
    if not isinstance(constraints, Mapping):
        raise ValueError(f"the task returned {reprlib.repr(constraints)} as constraints; expected a mapping")
    for key, value in constraints.items():
        if not isinstance(value, int | float) or _is_too_large(value) or math.isnan(value):
            raise ValueError(
                f"the task returned {reprlib.repr(value)} for the constraint '{key}'; expected a number, kept if ≤ 0"
            )
    values = _numbers(returned["value"] if "value" in returned else returned["values"], objectives)
    return Result(values, _named(constraints), _named(_attributes(returned.get("user_attrs"))))


def _named(items: Mapping[Any, Any]) -> dict[str, Any]:
    return {attribute_name(key): value for key, value in items.items()}


def _attributes(returned: Any) -> Mapping[str, Any]:
    if returned is not None and not isinstance(returned, Mapping):
        raise ValueError(f"the task returned {reprlib.repr(returned)} as user_attrs; expected a mapping")
    return returned or {}


def _is_too_large(number: float) -> bool:
    try:
        float(number)
    except OverflowError:
        return True
    return False


def _numbers(returned: Any, objectives: int) -> list[float]:
    values = list(returned) if isinstance(returned, list | tuple) else [returned]
    if len(values) != objectives:
        raise ValueError(f"the task returned {len(values)} values, but the study has {objectives} directions")
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError, OverflowError) as error:
        wanted = "the study needs a number for each direction"
        raise ValueError(f"the task returned {reprlib.repr(returned)}, but {wanted} ({str(error)[:80]})") from error
    if any(math.isnan(number) for number in numbers):
        raise ValueError("the task returned NaN")
    return numbers
