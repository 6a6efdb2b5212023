"""One dimension of a search space, and the override text that sets it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from hydra_plugins.optuna_sweeper._errors import SpaceError


@dataclass(frozen=True)
class Parameter:
    """One dimension of the search space.

    Attributes:
        key: The left side of the override, prefix and package included: `train.lr0`, `+w`, `db@backup`.
        distribution: What Optuna draws from.
        texts: The right side of the override for each value of a categorical parameter or a stepped float; a value
            of another kind is written as a plain number.
    """

    key: str
    distribution: BaseDistribution
    texts: Mapping[Any, str] = field(default_factory=dict)

    def override(self, value: Any) -> str:
        """The override that sets this parameter to `value`, such that Hydra reads back what was meant."""
        return f"{self.key}={self._text(value)}"

    def admit(self, value: Any) -> Any:
        """The value under which Optuna knows `value`; a list or a mapping is known by its text.

        Raises:
            SpaceError: `value` is not in the parameter's space.
        """
        known = as_text(value) if isinstance(value, list | dict) else value
        try:
            if self.distribution._contains(self.distribution.to_internal_repr(known)):
                return known
        except (TypeError, ValueError) as error:  # of another type than the parameter
            raise self._outside(value) from error
        raise self._outside(value)

    def extremes(self) -> list[Any]:
        """The values at the edges of the space; all values of a categorical parameter."""
        if isinstance(self.distribution, IntDistribution | FloatDistribution):
            return [self.distribution.low, self.distribution.high]
        return list(self.texts)

    def values(self) -> list[Any]:
        """All values of a parameter that can be counted, for a grid.

        Raises:
            SpaceError: The parameter is continuous.
        """
        if self.texts:
            return list(self.texts)
        if isinstance(self.distribution, IntDistribution) and not self.distribution.log:
            return list(range(self.distribution.low, self.distribution.high + 1, self.distribution.step))
        raise SpaceError(
            f"{self.key}: a grid needs values that can be counted, but {describe(self.distribution)} has too many. "
            f"Name them, as in '{self.key}=choice(…)' or '{self.key}=range(…)', or take another sampler."
        )

    def _text(self, value: Any) -> str:
        if isinstance(self.distribution, CategoricalDistribution):
            return self.texts[value]
        if self.texts:  # Optuna's low + k·step carries rounding errors that Hydra's range has not
            return self.texts[min(self.texts, key=lambda exact: abs(float(exact) - value))]
        return as_text(value)

    def _outside(self, value: Any) -> SpaceError:
        return SpaceError(f"{self.key}: {value!r} is outside its search space, {describe(self.distribution)}.")


def as_text(value: Any) -> str:
    """`value` in Hydra's override grammar, quoted where it would be read as something else."""
    if isinstance(value, str):
        return _quoted_if_needed(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(as_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{as_text(key)}:{as_text(item)}" for key, item in value.items()) + "}"
    return Override._get_value_element_as_str(value)


def describe(distribution: BaseDistribution) -> str:
    """A distribution as a person would write it."""
    if isinstance(distribution, CategoricalDistribution):
        return "choice(" + ", ".join(map(str, distribution.choices)) + ")"
    if not isinstance(distribution, IntDistribution | FloatDistribution):
        return str(distribution)
    log = "log " if distribution.log else ""
    kind = "integers" if isinstance(distribution, IntDistribution) else "numbers"
    step = f" in steps of {distribution.step}" if distribution.step not in (None, 1) else ""
    return f"{log}{kind} from {distribution.low} to {distribution.high}{step}"


def _quoted_if_needed(text: str) -> str:
    """`text` bare where Hydra reads it back as the same string, else in quotes."""
    bare = Override._get_value_element_as_str(text)
    try:
        parsed: Any = OverridesParser.create().parse_override(f"key=[{bare}]").value()
    except HydraException:
        parsed = None
    return bare if parsed == [text] else QuotedString(text, Quote.single).with_quotes()
