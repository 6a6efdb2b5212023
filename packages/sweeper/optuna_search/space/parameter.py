"""One dimension of a search space, and the override text that sets it."""

import functools
import math
from dataclasses import dataclass
from typing import Any

import optuna
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from optuna_search.errors import SpaceError
from optuna_search.hydra_internals import override_text
from optuna_search.optuna_internals import contains
from optuna_search.space.condition import Condition

CASE = " | "  # between a key and its condition, in Optuna's name of one of several cases


@dataclass(frozen=True)
class Parameter:
    """One dimension of the search space.

    Attributes:
        key: The left side of the override, prefix and package included: `train.lr0`, `+w`, `db@backup`.
        distribution: What Optuna draws from.
        texts: The right side of the override for each choice of a categorical parameter.
        exact: The values of a range of floats as Hydra has them; Optuna's low + k·step carries rounding errors.
        condition: When the parameter is searched; None for always.
        is_case: Whether other parameters have the same key, under other conditions.
    """

    key: str
    distribution: BaseDistribution
    texts: tuple[str, ...] = ()
    exact: tuple[float, ...] = ()
    condition: Condition | None = None
    is_case: bool = False

    @property
    def name(self) -> str:
        """What Optuna calls the parameter.

        Cases of one key are parameters of their own: samplers compare all values that they find under one name, so
        that a learning rate that was good for one optimizer would count as good for another.
        """
        return f"{self.key}{CASE}{self.condition}" if self.is_case else self.key

    @property
    def described(self) -> str:
        """What is drawn from, as a person would write it."""
        return describe(self.distribution)

    @property
    def is_continuous(self) -> bool:
        """Whether a draw hits a given value by chance only."""
        space = self.distribution
        return isinstance(space, FloatDistribution) and space.step is None and not space.single()

    def suggest(self, trial: optuna.Trial) -> Any:
        """Let Optuna draw a value for `trial`."""
        space = self.distribution
        if isinstance(space, IntDistribution):
            return trial.suggest_int(self.name, space.low, space.high, step=space.step, log=space.log)
        if isinstance(space, FloatDistribution):
            return trial.suggest_float(self.name, space.low, space.high, step=space.step, log=space.log)
        assert isinstance(space, CategoricalDistribution)
        return trial.suggest_categorical(self.name, space.choices)

    def override(self, value: Any) -> str:
        """The override that sets this parameter to `value`, such that Hydra reads back what was meant."""
        return f"{self.key}={self._text(value)}"

    def admit(self, value: Any) -> Any:
        """The value under which Optuna knows `value`; a list or a mapping is known by its text.

        Raises:
            SpaceError: `value` is not in the parameter's space.
        """
        space = self.distribution
        if isinstance(space, CategoricalDistribution):
            text = as_text(value)
            for choice, known in zip(space.choices, self.texts, strict=True):
                if known == text or _equal(choice, value):
                    return choice
        elif _is_number(value) and math.isfinite(value) and (value == int(value) or not _holds_integers(space)):
            internal = space.to_internal_repr(value)
            if contains(space, internal):
                return space.to_external_repr(internal)
        raise SpaceError(f"{self.key}: {value!r} is outside its search space, {self.described}.")

    def admits(self, value: Any) -> bool:
        """Whether `value` is in the parameter's space."""
        try:
            self.admit(value)
        except SpaceError:
            return False
        return True

    def extremes(self) -> list[Any]:
        """The values at the edges of the space; all values of a categorical parameter."""
        if isinstance(self.distribution, IntDistribution | FloatDistribution):
            return [self.distribution.low, self.distribution.high]
        assert isinstance(self.distribution, CategoricalDistribution)
        return list(self.distribution.choices)

    def values(self) -> list[Any]:
        """All values of a parameter that can be counted, for a grid.

        Raises:
            SpaceError: The parameter is continuous.
        """
        if isinstance(self.distribution, CategoricalDistribution):
            return list(self.distribution.choices)
        if self.exact:
            return list(self.exact)
        if isinstance(self.distribution, IntDistribution) and not self.distribution.log:
            return list(range(self.distribution.low, self.distribution.high + 1, self.distribution.step))
        raise SpaceError(
            f"{self.key}: a grid needs values that can be counted, but {self.described} has too many. "
            f"Name them, as in '{self.key}=choice(…)' or '{self.key}=range(…)', or take another sampler."
        )

    def _text(self, value: Any) -> str:
        if isinstance(self.distribution, CategoricalDistribution):
            return self.texts[int(self.distribution.to_internal_repr(value))]
        if self.exact:
            nearest = min(self.exact, key=lambda exact: abs(exact - value))
            if math.isclose(nearest, value, rel_tol=1e-9, abs_tol=1e-9 * abs(self.exact[-1] - self.exact[0])):
                return as_text(nearest)
        return as_text(value)


def key_of(name: str) -> str:
    """The override key of what Optuna calls `name`."""
    return name.partition(CASE)[0]


def as_text(value: Any) -> str:
    """`value` in Hydra's override grammar, quoted where it would be read as something else.

    Raises:
        SpaceError: The grammar has no text for it.
    """
    if isinstance(value, str):
        return _string_text(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(as_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_key_text(key)}:{as_text(item)}" for key, item in value.items()) + "}"
    if value is None or isinstance(value, int | float):
        return override_text(value)
    raise SpaceError(f"{value!r}: expected a text, a number, a boolean, null, or a list or mapping of such.")


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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(left: Any, right: Any) -> bool:
    same_kind = (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str))
    return same_kind and bool(left == right)


def _holds_integers(distribution: BaseDistribution) -> bool:
    return isinstance(distribution, IntDistribution)


@functools.lru_cache(maxsize=10_000)
def _string_text(text: str) -> str:
    """`text` bare where Hydra reads it back as the same string, else in quotes."""
    bare = override_text(text)
    quoted = (QuotedString(text, quote).with_quotes() for quote in Quote)
    for candidate in (bare, *quoted):
        if _read(f"[{candidate}]") == [text]:
            return candidate
    raise SpaceError(f"{text!r}: Hydra's override grammar has no text that is read back as this one.")


def _key_text(key: Any) -> str:
    """A mapping's key, which the grammar does not allow to be quoted."""
    text = override_text(key)
    if [*_read(f"{{{text}:0}}", {}).items()] != [(key, 0)]:
        raise SpaceError(
            f"{key!r} as a mapping's key: Hydra's override grammar has no text that is read back as this one. Put the "
            "mapping into a config group and search the group."
        )
    return text


def _read(text: str, default: Any = None) -> Any:
    try:
        return OverridesParser.create().parse_override(f"key={text}").value()
    except HydraException:
        return default
