"""Objects that a task might return, the oddest ones included."""

import dataclasses
import datetime
import decimal
import enum
import fractions
import itertools
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st


class Colour(enum.Enum):
    RED = 1


class Hostile:
    """Raises whatever is asked of it."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def _fail(self, *_: Any) -> Any:
        raise self.error("hostile")

    __float__ = __str__ = __repr__ = __len__ = __iter__ = __eq__ = __hash__ = __bool__ = __getitem__ = _fail  # type: ignore[assignment]
    tolist = _fail


class Shy(dict):  # type: ignore[type-arg]
    """A mapping that does not keep its word."""

    def __getitem__(self, key: Any) -> Any:
        raise KeyError(key)


def _loop() -> list[Any]:
    loop: list[Any] = [1.0]
    loop.append(loop)
    return loop


ODD: list[Any] = [
    *(10**400, -(10**400), complex(1, 2), decimal.Decimal("1.5"), decimal.Decimal("NaN"), fractions.Fraction(1, 3)),
    *(b"x", bytearray(b"y"), memoryview(b"z"), range(3), range(10**30), object(), int, lambda: 0, Colour.RED, ...),
    *(datetime.datetime(2020, 1, 1), datetime.timedelta(1), Path("a"), frozenset({1}), NotImplemented),
    *(
        np.float32(1.5),
        np.int64(3),
        np.array([1.0, 2.0]),
        np.array(1.0),
        np.array([], dtype=object),
        np.bool_(True),
    ),
    *(np.datetime64("2020-01-01"), np.array(["a"]), np.float64("nan"), np.ma.masked, np.arange(10.0).reshape(2, 5)),
    *(Hostile(ValueError), Hostile(RuntimeError), Hostile(RecursionError), Hostile(MemoryError), Hostile(OSError)),
    *(Shy(value=1.0), iter([1.0]), map(str, [1]), itertools.count(), _loop(), "\udcff", "\x00", "x" * 70_000),
]


@dataclasses.dataclass(frozen=True)
class Odd:
    """One of `ODD`, of which Hypothesis would ask what some of them raise at."""

    place: int


def built(drawn: Any) -> Any:
    """What was drawn, with the odd objects themselves."""
    if isinstance(drawn, Odd):
        return ODD[drawn.place]
    if isinstance(drawn, dict):
        return {built(key): built(value) for key, value in drawn.items()}
    return type(drawn)(map(built, drawn)) if isinstance(drawn, list | tuple) else drawn


odd = st.builds(Odd, st.integers(0, len(ODD) - 1))
objects = st.recursive(
    odd | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers() | st.none() | st.tuples(st.integers()), inner, max_size=2)
    ),
    max_leaves=5,
)
results = objects | st.dictionaries(
    st.sampled_from(["value", "values", "constraints", "user_attrs", "value"]), objects, max_size=4
)
