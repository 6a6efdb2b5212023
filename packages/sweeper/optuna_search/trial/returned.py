"""What a task may return, and what the study makes of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    constraints = {str(key): value for key, value in (returned.get("constraints") or {}).items()}
    for key, value in constraints.items():
        if not isinstance(value, int | float) or math.isnan(value):
            raise ValueError(f"the task returned {value!r} for the constraint '{key}'; expected a number, kept if ≤ 0")
    values = _numbers(returned["value"] if "value" in returned else returned["values"], objectives)
    return Result(values, constraints, dict(returned.get("user_attrs") or {}))


def _numbers(returned: Any, objectives: int) -> list[float]:
    values = list(returned) if isinstance(returned, list | tuple) else [returned]
    if len(values) != objectives:
        raise ValueError(f"the task returned {len(values)} values, but the study has {objectives} directions")
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError) as error:
        wanted = "the study needs a number for each direction"
        raise ValueError(f"the task returned {returned!r}, but {wanted}") from error
    if any(math.isnan(number) for number in numbers):
        raise ValueError("the task returned NaN")
    return numbers
