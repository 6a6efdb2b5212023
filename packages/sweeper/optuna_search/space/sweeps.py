"""From one sweep in Hydra's override grammar to one parameter.

    train.lr0=tag(log,interval(1e-4,1e-1))   →  FloatDistribution(1e-4, 1e-1, log=True)  →  train.lr0=0.0031
    db=choice(mysql,'a,b')                   →  CategoricalDistribution((mysql, a,b))    →  db='a,b'

Ranges follow Hydra: `range(1,5)` is 1, 2, 3, 4.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, cast

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    FloatRange,
    IntervalSweep,
    Override,
    RangeSweep,
    Sweep,
)
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from optuna_search.errors import SpaceError
from optuna_search.hydra_internals import parsed_value
from optuna_search.space.parameter import Parameter, as_text

MOST_VALUES = 10_000  # of a choice or a range of floats, all of which are kept
LARGEST = 2**53  # Optuna keeps integers as floats, which are exact up to here


def parse_line(parser: OverridesParser, line: str) -> Override:
    """One override; unlike `parse_override()`, with what `glob()` needs."""
    return parser.parse_overrides([line])[0]


def parameter(override: Override) -> Parameter:
    """What Optuna can draw for a sweep; the value of an override that is none becomes the only choice.

    Raises:
        SpaceError: Optuna cannot draw from it.
    """
    key = override.get_key_element()
    if override.is_delete():
        raise SpaceError(f"{override.input_line}: a deletion cannot be searched.")
    value = override.value()
    tags = value.tags if isinstance(value, Sweep) else set()
    if unknown := tags - {"log"}:
        raise SpaceError(f"{override.input_line}: unknown tag {sorted(unknown)}; the sweeper knows 'log'.")
    log = "log" in tags
    if isinstance(value, IntervalSweep):
        return _interval(key, value, log)
    if isinstance(value, RangeSweep) and not value.shuffle and not _casts(value):
        return _range(key, value, log)
    if log:
        raise SpaceError(
            f"{override.input_line}: 'log' needs an interval or a range of integers; a choice has no scale."
        )
    return choice(key, elements(override))


def choice(key: str, values: Sequence[Any]) -> Parameter:
    """One of `values`; a list or a mapping is known to Optuna by its text.

    Raises:
        SpaceError: There are none, or two that Optuna cannot tell apart.
    """
    choices: list[Any] = []
    texts: list[str] = []
    for value in values:
        # Hydra's functions drop the quotes of their arguments, so that a string gets the quotes that it needs again
        text = as_text(value)
        category = text if isinstance(value, list | dict) else value
        if text in texts or category in choices:
            raise SpaceError(
                f"{key}: {text} is named twice in choice(…), or equals another element; Optuna cannot tell them apart."
            )
        choices.append(category)
        texts.append(text)
    if not texts:
        raise SpaceError(f"{key}: a choice needs at least one element.")
    return Parameter(key, CategoricalDistribution(choices), texts=tuple(texts))


def elements(override: Override) -> list[Any]:
    """The elements of a choice; shuffling them would only make Optuna see another space in the next process.

    Raises:
        SpaceError: An interval has no elements.
    """
    value = override.value()
    if isinstance(value, IntervalSweep):
        raise SpaceError(f"{override.input_line}: expected single values, not an interval.")
    found: Sequence[Any]
    if isinstance(value, ChoiceSweep):
        found = value.list
    elif isinstance(value, RangeSweep):
        found = _values(override.get_key_element(), value)
    elif override.is_sweep_override():
        found = list(override.sweep_iterator())
    else:
        found = [value]
    if len(found) > MOST_VALUES:
        raise SpaceError(f"{override.input_line}: more than {MOST_VALUES} values are too many for a choice.")
    return [parsed_value(element) for element in found]


def _interval(key: str, sweep: IntervalSweep, log: bool) -> Parameter:
    low, high = sweep.start, sweep.end
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)) or low > high:
        raise SpaceError(f"{key}: an interval runs from a lower to a higher finite number, not from {low} to {high}.")
    _refuse_log_of_nothing(key, low, log)
    if isinstance(low, int) and isinstance(high, int):
        _refuse_inexact(key, low, high)
        return Parameter(key, IntDistribution(low, high, log=log))
    return Parameter(key, FloatDistribution(low, high, log=log))


def _range(key: str, sweep: RangeSweep, log: bool) -> Parameter:
    values = _values(key, sweep)
    low, high = min(values[0], values[-1]), max(values[0], values[-1])
    _refuse_log_of_nothing(key, low, log)
    step = abs(sweep.step)
    if log and step != 1:
        raise SpaceError(f"{key}: Optuna has no logarithmic range with step {step}; leave out the step or the 'log'.")
    if isinstance(values, range):
        _refuse_inexact(key, low, high)
        return Parameter(key, IntDistribution(low, high, log=log, step=int(step)))
    if log:
        raise SpaceError(f"{key}: 'log' over a range of floats has no steps to keep; use tag(log,interval(…)).")
    exact = tuple(sorted(values))
    return Parameter(key, _steps(key, exact, step), exact=exact)


def _steps(key: str, exact: Sequence[float], step: float) -> FloatDistribution:
    """As many steps as `exact` has.

    Optuna counts in decimal digits, and where these do not add up it would cut off the last step.
    """
    low, width = Decimal(str(exact[0])), Decimal(str(step))
    for high in (exact[-1], float(low + (len(exact) - 1) * width)):
        if (Decimal(str(high)) - low) == (len(exact) - 1) * width:
            return FloatDistribution(exact[0], high, step=step)
    raise SpaceError(
        f"{key}: Optuna cannot count from {exact[0]} to {exact[-1]} in steps of {step}, whose decimal digits do not "
        f"add up. Take a rounder step, or name the values, as in '{key}=choice(…)'."
    )


def _values(key: str, sweep: RangeSweep) -> Sequence[Any]:
    """The values as Hydra has them, in its order.

    Raises:
        SpaceError: There are none, or more than can be kept.
    """
    if not sweep.step or not all(isinstance(end, int) or math.isfinite(end or 0) for end in (sweep.start, sweep.stop)):
        raise SpaceError(f"{key}: a range needs finite ends and a step other than 0.")
    found: range | FloatRange = sweep.range()
    if _casts(sweep):
        values: Sequence[Any] = list(
            dict.fromkeys(itertools.islice(cast(Iterable[Any], sweep), MOST_VALUES + 1))
        )  # int() makes some equal
    else:
        values = found if isinstance(found, range) else list(itertools.islice(found, MOST_VALUES + 1))
    if not values:
        raise SpaceError(
            f"{key}: range({sweep.start},{sweep.stop},{sweep.step}) is empty; as everywhere in Hydra, the stop itself "
            "is not part of a range."
        )
    if isinstance(values, list) and len(values) > MOST_VALUES:
        raise SpaceError(
            f"{key}: range({sweep.start},{sweep.stop},{sweep.step}) has more than {MOST_VALUES} values; take a larger "
            f"step, or '{key}=interval({sweep.start},{sweep.stop})'."
        )
    return values


def _casts(sweep: RangeSweep) -> bool:
    """Whether values are cast one by one, as in `int(range(0,5,1.5))`; before 1.4 Hydra casts the ends and the step."""
    return bool(getattr(sweep, "transformers", ()))


def _refuse_log_of_nothing(key: str, low: float, log: bool) -> None:
    if log and low <= 0:
        raise SpaceError(f"{key}: a logarithmic range must begin above 0, not at {low}.")


def _refuse_inexact(key: str, low: int, high: int) -> None:
    if max(abs(low), abs(high)) > LARGEST:
        raise SpaceError(
            f"{key}: integers from {low} to {high} are beyond ±2^53, where Optuna cannot tell neighbours apart."
        )
