"""What is written is read back as it was; what is broken is refused with its key."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import DataError
from src.core.interval import Interval
from src.documents.codec import by_name, decode, encode, named

T = TypeVar("T")


class Colour(StrEnum):
    """An enumeration."""

    RED = "red"
    GREEN = "green"


@dataclass(frozen=True)
class Pair(Generic[T]):
    """A generic dataclass."""

    first: T
    second: T | None


@dataclass(frozen=True)
class Sample:
    """Every kind of field."""

    count: int
    share: float
    text: str | None
    colour: Colour
    path: Path
    f1: Interval = field(metadata=named("F1"))
    pair: Pair[Interval]
    many: tuple[int, ...]
    two: tuple[float, str]
    table: Mapping[str, tuple[float, ...]]
    argument: bool | int | float | str | None
    free: Any


SAMPLE = Sample(
    count=3,
    share=0.5,
    text=None,
    colour=Colour.RED,
    path=Path("a/b"),
    f1=Interval(0.5, 0.4, math.nan),
    pair=Pair(Interval(1, 1, 1), None),
    many=(1, 2),
    two=(0.5, "x"),
    table={"a": (1.0,)},
    argument=True,
    free={"any": [1, None]},
)

numbers = st.floats(allow_nan=False, allow_infinity=False)
intervals = st.builds(Interval, *[st.one_of(numbers, st.just(math.nan))] * 3)
samples = st.builds(
    Sample,
    count=st.integers(),
    share=numbers,
    text=st.none() | st.text(),
    colour=st.sampled_from(Colour),
    path=st.sampled_from([Path("a/b"), Path("/x.pt")]),
    f1=intervals,
    pair=st.builds(Pair, intervals, st.none() | intervals),
    many=st.lists(st.integers()).map(tuple),
    two=st.tuples(numbers, st.text()),
    table=st.dictionaries(st.text(), st.lists(numbers).map(tuple)),
    argument=st.none() | st.booleans() | st.integers() | numbers | st.text(),
    free=st.none() | st.dictionaries(st.text(), st.integers()),
)


@given(samples)
def test_what_is_encoded_is_decoded_as_it_was(sample):
    text = json.dumps(encode(sample), allow_nan=False)
    again = decode(Sample, json.loads(text))
    assert repr(again) == repr(sample)  # NaN is not equal to itself


def test_a_number_that_is_not_known_is_null_in_an_interval_only():
    assert encode(SAMPLE)["F1"] == {"estimate": 0.5, "low": 0.4, "high": None}
    with pytest.raises(DataError, match=r"^share: expected a number, found null$"):
        decode(Sample, {**encode(SAMPLE), "share": None})


def test_names_in_json_may_differ():
    assert list(by_name(SAMPLE))[5:7] == ["F1", "pair"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("count",), 3.5, "count: expected a whole number, found 3.5"),
        (("count",), True, "count: expected a whole number, found true"),
        (("share",), "0.5", "share: expected a number, found '0.5'"),
        (("share",), math.inf, "share: expected a finite number, found inf"),
        (("text",), 3, "text: expected a text, found 3"),
        (("colour",), "gren", "colour: expected one of red, green, found 'gren'. Did you mean 'green'?"),
        (("F1",), None, "F1: expected an object, found null"),
        (("F1", "low"), "a", "F1.low: expected a number, found 'a'"),
        (("pair", "first", "estimate"), [], "pair.first.estimate: expected a number, found a list"),
        (("many",), {}, "many: expected a list, found an object"),
        (("two",), [1.0], "two: expected 2 values, found 1"),
        (("table", "a"), [1, "b"], "table.a[1]: expected a number, found 'b'"),
        (
            ("argument",),
            [],
            "argument: expected true or false or a whole number or a number or a text or null, found a list",
        ),
    ],
)
def test_another_type_is_refused_with_its_key(path, value, message):
    content = encode(SAMPLE)
    *parents, last = path
    place = content
    for key in parents:
        place = place[key]
    place[last] = value
    with pytest.raises(DataError) as error:
        decode(Sample, content)
    assert str(error.value) == message


def test_a_missing_key_is_refused():
    content = encode(SAMPLE)
    del content["pair"]["first"]
    with pytest.raises(DataError, match=r"^pair\.first: missing$"):
        decode(Sample, content)


def test_an_unknown_key_is_refused_with_the_nearest_name():
    content = encode(SAMPLE)
    content["pair"]["frist"] = 1
    with pytest.raises(DataError, match=r"^pair\.frist: unknown key\. Did you mean 'first'\?$"):
        decode(Sample, content)
