"""Whatever Hydra accepts as an override reaches the job value for value, swept or not, or is refused with a reason.

The reference is Hydra itself: what it reads for `key=ELEMENT` when the element is not swept.
"""

import math
from decimal import Decimal
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hypothesis import assume, given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna_search.errors import SpaceError
from optuna_search.space.parameter import as_text
from optuna_search.space.space import Space, parse_space

PARSER = OverridesParser.create()


def read(override: str) -> Any:
    return PARSER.parse_override(override).value()


def identical(left: Any, right: Any) -> bool:
    """Equal in value and in type, all the way down; nan is nan, and 0.0 is not -0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(identical, left, right))
    if isinstance(left, dict):
        return identical(list(left.items()), list(right.items()))
    if isinstance(left, tuple):
        return identical(list(left), list(right))
    if isinstance(left, float):
        return (math.isnan(left) and math.isnan(right)) or (
            left == right and math.copysign(1, left) == math.copysign(1, right)
        )
    return bool(left == right)


def parse_or_refuse(params: dict[str, Any], arguments: list[str], *reasons: str) -> Space | None:
    """The space, or None if it is refused with one of `reasons`."""
    try:
        return parse_space(params, arguments)
    except SpaceError as error:
        if any(reason in str(error) for reason in reasons):
            return None
        raise


def swept(space: Space, key: str) -> list[Any]:
    """What the job gets for each value of a parameter."""
    parameter = space.parameters[key]
    return [read(space.overrides({key: value})[-1]) for value in parameter.extremes()]


# --- elements of the override grammar, as somebody might type them ---

keys = st.sampled_from(["lr", "train.lr0", "+w", "++w", "db", "db@backup", "+db@backup", "db@", "a/b@c.d", "$x", "a.0"])
numbers = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["1_000", "+5", "-0", "1.", ".5", "1e3", "1E-5", "nan", "NaN", "inf", "-inf", "0x10", "007", "1e"]),
)
words = st.one_of(
    st.sampled_from(
        ["null", "NULL", "true", "False", "TrUe", "${x}", "${a.b}", "${oc.env:HOME,me}", "$x", "a/b.c-d", "*"]
    ),
    st.from_regex(r"[a-zA-Z_][\w./@?|+*%-]{0,8}", fullmatch=True),
    st.from_regex(r"[a-z](\\[(),=:\[\]{} ]|\\\\|[a-z ]){0,6}[a-z]", fullmatch=True),  # escapes and inner blanks
    st.from_regex(r"\w{1,4}:\w{1,4}", fullmatch=True),
)
anything = st.text(max_size=10)  # quotes, newlines, emoji, backslashes
quoted = st.one_of(
    anything.map(lambda text: "'" + text.replace("'", r"\'") + "'"),
    anything.map(lambda text: '"' + text.replace('"', r"\"") + '"'),
    st.sampled_from(
        ["''", '""', r"'\\'", r"'a\\'", r"'\''", "'${x}'", "'1'", "'null'", "' '", "'a,b'", "'é'", r"'\n'"]
    ),
)
casts = st.one_of(
    st.integers(-99, 99).map(lambda number: f"str({number})"),
    st.integers(-99, 99).map(lambda number: f"float({number})"),
    st.just("str(true)"),
    st.just("bool('true')"),
    st.just("int('7')"),
)
scalars = st.one_of(numbers, words, quoted, casts)
dict_keys = st.one_of(words, numbers, st.from_regex(r"[a-z]\\[:, ][a-z]", fullmatch=True))


def lists(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]")


def dicts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(dict_keys, inner), max_size=2)
    return pairs.map(lambda items: "{" + ",".join(f"{key}:{value}" for key, value in items) + "}")


elements = st.recursive(scalars, lambda inner: lists(inner) | dicts(inner), max_leaves=4)


@given(keys, st.lists(elements, min_size=2, max_size=4), st.sampled_from(["{}={}", "{}=choice({})", "{}=shuffle({})"]))
def test_every_element_of_a_choice_arrives_as_if_it_were_not_swept(key, texts, form):
    override = form.format(key, ",".join(texts))
    try:
        expected = [read(f"{key}={text}") for text in texts]
        PARSER.parse_override(override)
    except HydraException:
        assume(False)  # Hydra itself does not accept it
    space = parse_or_refuse({}, [override], "named twice", "has no text")
    if space is None:
        return
    arrived = swept(space, key)
    assert len(arrived) == len(expected)
    assert all(map(identical, arrived, expected)), (arrived, expected)


@given(st.lists(st.tuples(keys, elements), min_size=1, max_size=4))
def test_fixed_overrides_are_passed_on_letter_by_letter_and_in_their_order(pairs):
    lines = [f"{key}={text}" for key, text in pairs]
    try:
        parsed = PARSER.parse_overrides(lines)
    except HydraException:
        assume(False)
    assume(not any(override.is_sweep_override() for override in parsed))
    assert parse_space({}, [*lines, "searched=1,2"]).overrides({"searched": 1}) == [*lines, "searched=1"]


@given(st.lists(elements, min_size=1, max_size=3))
def test_a_case_of_a_condition_arrives_as_if_it_stood_alone(texts):
    text = f"choice({','.join(texts)})"
    try:
        expected = [read(f"x={element}") for element in texts]
        PARSER.parse_override(f"x={text}")
    except HydraException:
        assume(False)
    space = parse_or_refuse({"a": "1,2", "x": {"when": {"a=1": text}}}, [], "named twice", "has no text")
    if space is None:
        return
    assert all(map(identical, swept(space, "x"), expected))


# --- values of YAML ---

yaml_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
yaml_values = st.recursive(
    yaml_scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=2),
    max_leaves=4,
)


@given(st.lists(yaml_values, min_size=1, max_size=4))
def test_every_element_of_a_list_in_yaml_arrives_as_it_was(values):
    space = parse_or_refuse({"x": values}, [], "named twice", "has no text")
    if space is None:
        return
    assert all(map(identical, swept(space, "x"), values))


@given(st.none() | st.booleans() | st.integers() | st.floats())
def test_a_single_value_in_yaml_is_fixed(value):
    (override,) = parse_space({"x": value}, []).overrides({})
    assert identical(read(override), value)


@given(yaml_values)
def test_what_is_written_is_read_back_or_refused(value):
    try:
        text = as_text(value)
    except SpaceError:
        return
    assert identical(read(f"x={text}"), value)
    assert identical(read(f"x=[{text},{text}]"), [value, value])


# --- ranges and intervals ---

decimals = st.one_of(
    st.integers(-1000, 1000).map(Decimal),
    st.decimals(-10, 10, places=3),
    st.floats(-100, 100, allow_nan=False).map(lambda value: Decimal(str(value))),
)


@given(decimals, decimals, st.integers(0, 30), st.sampled_from([Decimal(0), Decimal("0.0005")]))
def test_a_range_has_the_values_that_hydra_has(start, step, count, beyond):
    override = f"x=range({start},{start + count * step + beyond},{step})"
    space = parse_or_refuse({}, [override], "is empty", "step other than 0", "more than", "decimal digits")
    if space is None:
        return
    expected = sorted(PARSER.parse_override(override).sweep_iterator())
    parameter = space.parameters["x"]
    space_of_optuna = parameter.distribution
    assert isinstance(space_of_optuna, IntDistribution | FloatDistribution)
    low, width = space_of_optuna.low, space_of_optuna.step or 0
    drawn = [min(low + k * width, space_of_optuna.high) for k in range(len(expected))]  # how Optuna counts
    assert all(space_of_optuna._contains(value) for value in drawn)
    assert not space_of_optuna._contains(low + len(expected) * width)
    arrived = [read(parameter.override(value)) for value in drawn]
    assert arrived == expected
    assert {type(value) for value in arrived} == {type(value) for value in expected}


@given(decimals, decimals, st.booleans())
def test_an_interval_reaches_from_edge_to_edge(low, high, whole):
    override = f"x=int(interval({low},{high}))" if whole else f"x=interval({low},{high})"
    space = parse_or_refuse({}, [override], "from a lower to a higher")
    if space is None:
        return
    sweep = PARSER.parse_override(override).value()
    assert all(map(identical, swept(space, "x"), [sweep.start, sweep.end]))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_that_optuna_drew_arrives_to_the_last_bit(value):
    space = parse_space({}, ["x=interval(-1e308,1e308)"])
    assert identical(read(space.overrides({"x": value})[0]), value)


# --- what would come out otherwise ---


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(["+d={a:1}", "+d={b:2}"], ["+d={a:1}", "+d={b:2}"], id="mappings are merged"),
        pytest.param(["~d", "+d=1"], ["~d", "+d=1"], id="deleted and made anew"),
        pytest.param(["+x=1", "x=2"], ["+x=1", "x=2"], id="added and changed"),
        pytest.param(["d={a:1}", "d.a=1,2"], ["d={a:1}", "d.a=1"], id="a mapping, then a key of it searched"),
        pytest.param(["x=5", "x=1,2"], ["x=5", "x=1"], id="set, then searched"),
        pytest.param(["db=a,b", "db.port=1"], ["db.port=1", "db=a"], id="a group searched, and a value in it"),
        pytest.param(["x=", "y=1,2"], ["x=", "y=1"], id="an empty value"),
    ],
)
def test_every_override_of_the_command_line_stays_in_force(arguments, expected):
    space = parse_space({}, arguments)
    assert space.overrides({name: found.extremes()[0] for name, found in space.parameters.items()}) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["x=1,2", "x=5"], id="searched, then set"),
        pytest.param(["+x=1,2", "x=5"], id="searched with another prefix"),
        pytest.param(["x=1,2", "x=3,4"], id="searched twice"),
        pytest.param(["d.a=1,2", "d={a:7}"], id="the mapping around it set"),
        pytest.param(["d.a=1,2", "~d"], id="the mapping around it deleted"),
        pytest.param(["d={a:1},{a:2}", "d.a=7"], id="a key of the searched mapping set"),
    ],
)
def test_what_is_searched_and_then_set_again_is_refused(arguments):
    """Hydra would let the last one win in every job, so that nothing was searched."""
    with pytest.raises(SpaceError, match="sets it again"):
        parse_space({}, arguments)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(["~x=1,2"], "a deletion cannot be searched", id="deletion"),
        pytest.param(["x=range(0,1e9,0.1)"], "has more than 10000 values", id="endless range"),
        pytest.param(["x=shuffle(range(0,1000000))"], "too many for a choice", id="endless choice"),
        pytest.param(["x=range(0,inf,0.5)"], "finite ends", id="range to infinity"),
        pytest.param(["x=int(interval(0,1e18))"], "neighbours apart", id="integers beyond a float's"),
        pytest.param(["x=range(0,10000000000000000000)"], "neighbours apart", id="range beyond a float's integers"),
    ],
)
def test_what_optuna_cannot_keep_exactly_is_refused(arguments, reason):
    with pytest.raises(SpaceError, match=reason):
        parse_space({}, arguments)


def test_a_choice_of_all_kinds_is_known_to_optuna_by_value_or_by_text():
    space = parse_space({}, ["x=2,'2',true,null,[2,a],{a:'2'},nan"])
    expected = CategoricalDistribution([2, "2", True, None, "[2,a]", "{a:'2'}", float("nan")])
    assert space.unconditional == {"x": expected}
