"""From Hydra override text to Optuna distributions, and back to correctly quoted overrides.

    train.lr0=tag(log,interval(1e-4,1e-1))   →  FloatDistribution(1e-4, 1e-1, log=True)  →  train.lr0=0.0031
    db=choice(mysql,'a,b')                   →  CategoricalDistribution((mysql, a,b))    →  db='a,b'

Ranges follow Hydra: `range(1,5)` is 1, 2, 3, 4. An override that is no sweep is fixed and passed on as it is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, QuotedString, RangeSweep, Sweep
from omegaconf import ListConfig
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from hydra_plugins.optuna_sweeper._errors import SpaceError
from hydra_plugins.optuna_sweeper._parameter import Parameter, as_text


@dataclass(frozen=True)
class Space:
    """What a sweep varies and what it holds fixed.

    Attributes:
        parameters: The dimensions by their keys.
        fixed: Overrides that every trial gets, in the order in which they were given.
    """

    parameters: Mapping[str, Parameter]
    fixed: tuple[str, ...] = ()

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """What Optuna's `Study.ask()` takes."""
        return {key: parameter.distribution for key, parameter in self.parameters.items()}

    def overrides(self, params: Mapping[str, Any]) -> list[str]:
        """The overrides of one trial; parameters that a custom search space added are written by their value."""
        varied = [
            self.parameters[key].override(value) if key in self.parameters else f"{key}={as_text(value)}"
            for key, value in params.items()
        ]
        return [*self.fixed, *varied]

    def grid(self) -> dict[str, list[Any]]:
        """The values of every parameter.

        Raises:
            SpaceError: A parameter is continuous.
        """
        return {key: parameter.values() for key, parameter in self.parameters.items()}

    def probes(self) -> list[dict[str, Any]]:
        """Few points that together touch both edges of every range and every category."""
        edges = {key: parameter.extremes() for key, parameter in self.parameters.items()}
        count = max(map(len, edges.values()), default=0)
        return [{key: values[min(i, len(values) - 1)] for key, values in edges.items()} for i in range(count)]


def parse_space(params: Mapping[str, Any], arguments: Sequence[str], loader: ConfigLoader | None = None) -> Space:
    """Read a search space from the sweeper's `params` and the command line; the command line wins.

    Args:
        params: Override text by key. A list stands for a choice between its elements.
        arguments: Overrides as given on the command line.
        loader: Lists the options of a config group, which `glob()` needs.

    Raises:
        SpaceError: A sweep that Optuna cannot draw from.
        hydra.errors.OverrideParseException: Text that is no override.
    """
    lines = [f"{key}={_params_text(value)}" for key, value in params.items()]
    overrides = OverridesParser.create(config_loader=loader).parse_overrides([*lines, *arguments])
    latest = {(override.key_or_group, override.package): override for override in overrides}
    parameters = [_parameter(override) for override in latest.values() if override.is_sweep_override()]
    fixed = [override.input_line or "" for override in latest.values() if not override.is_sweep_override()]
    return Space({parameter.key: parameter for parameter in parameters}, tuple(fixed))


def _params_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | ListConfig):
        texts = [as_text(item) for item in value]
        return ",".join(texts) if len(texts) > 1 else f"choice({''.join(texts)})"  # choice() does not take null
    return as_text(value)


def _parameter(override: Override) -> Parameter:
    key = override.get_key_element()
    value = override.value()
    tags = value.tags if isinstance(value, Sweep) else set()
    if unknown := tags - {"log"}:
        raise SpaceError(f"{override.input_line}: unknown tag {sorted(unknown)}; the sweeper knows 'log'.")
    log = "log" in tags
    if isinstance(value, IntervalSweep):
        return _interval(key, value, log)
    if isinstance(value, RangeSweep) and not value.shuffle:
        return _range(key, value, log)
    if log:
        raise SpaceError(
            f"{override.input_line}: 'log' needs an interval or a range of integers; a choice has no scale."
        )
    return _choice(key, _elements(override, value))


def _interval(key: str, sweep: IntervalSweep, log: bool) -> Parameter:
    low, high = sweep.start, sweep.end
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)) or low > high:
        raise SpaceError(f"{key}: an interval runs from a lower to a higher finite number, not from {low} to {high}.")
    _refuse_log_of_nothing(key, low, log)
    if isinstance(low, int) and isinstance(high, int):
        return Parameter(key, IntDistribution(low, high, log=log))
    return Parameter(key, FloatDistribution(low, high, log=log))


def _range(key: str, sweep: RangeSweep, log: bool) -> Parameter:
    if not sweep.step:
        raise SpaceError(f"{key}: a range needs a step other than 0.")
    values = sorted(sweep.range())
    if not values:
        raise SpaceError(
            f"{key}: range({sweep.start},{sweep.stop},{sweep.step}) is empty; as everywhere in Hydra, the stop itself "
            "is not part of a range."
        )
    _refuse_log_of_nothing(key, values[0], log)
    step = abs(sweep.step)
    if log and step != 1:
        raise SpaceError(f"{key}: Optuna has no logarithmic range with step {step}; leave out the step or the 'log'.")
    if all(isinstance(value, int) for value in values):
        return Parameter(key, IntDistribution(values[0], values[-1], log=log, step=int(step)))
    if log:
        raise SpaceError(f"{key}: 'log' over a range of floats has no steps to keep; use tag(log, interval(…)).")
    texts = {value: as_text(value) for value in values}
    return Parameter(key, FloatDistribution(values[0], values[-1], step=step), texts)


def _elements(override: Override, value: Any) -> list[Any]:
    """The elements of a choice; shuffling them would only make Optuna see another space in the next process."""
    if isinstance(value, ChoiceSweep):
        return list(value.list)
    if isinstance(value, RangeSweep):
        return list(value.range())
    return list(override.sweep_iterator())


def _choice(key: str, elements: list[Any]) -> Parameter:
    """Hydra's functions drop the quotes of their arguments, so that a string gets the quotes it needs again."""
    texts: dict[Any, str] = {}
    for element in elements:
        category = element.text if isinstance(element, QuotedString) else element
        text = as_text(category) if isinstance(category, str) else Override._get_value_element_as_str(category)
        if isinstance(category, list | dict):
            category = text  # Optuna stores scalars only
        if category in texts:
            raise SpaceError(
                f"{key}: {text} is named twice in choice(…), or equals another element; Optuna cannot tell them apart."
            )
        texts[category] = text
    if not texts:
        raise SpaceError(f"{key}: a choice needs at least one element.")
    return Parameter(key, CategoricalDistribution(list(texts)), texts)


def _refuse_log_of_nothing(key: str, low: float, log: bool) -> None:
    if log and low <= 0:
        raise SpaceError(f"{key}: a logarithmic range must begin above 0, not at {low}.")
