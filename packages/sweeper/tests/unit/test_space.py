"""Override text becomes Optuna distributions, and every drawn value goes back as the override that was meant."""

import string
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna_search.errors import SpaceError
from optuna_search.space.parameter import as_text
from optuna_search.space.space import parse_space


def parse(*arguments: str, **params: Any):
    return parse_space(params, list(arguments))


def read_back(override: str) -> Any:
    return OverridesParser.create().parse_override(override).value()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("x=interval(0,1)", FloatDistribution(0, 1), id="interval is float even with int bounds"),
        pytest.param("x=int(interval(1,8))", IntDistribution(1, 8), id="int interval"),
        pytest.param("x=tag(log,interval(1e-5,1e-1))", FloatDistribution(1e-5, 1e-1, log=True), id="log"),
        pytest.param("x=tag(log,int(interval(1,64)))", IntDistribution(1, 64, log=True), id="log int"),
        pytest.param("x=tag(log,range(1,65))", IntDistribution(1, 64, log=True), id="log range"),
        pytest.param("x=range(1,5)", IntDistribution(1, 4), id="the stop is not part of a range"),
        pytest.param("x=range(320,641,32)", IntDistribution(320, 640, step=32), id="stepped range"),
        pytest.param("x=range(10,0,-2)", IntDistribution(2, 10, step=2), id="descending range"),
        pytest.param("x=range(0,1,0.25)", FloatDistribution(0, 0.75, step=0.25), id="float range"),
        pytest.param("x=choice(a,b)", CategoricalDistribution(["a", "b"]), id="choice"),
        pytest.param("x=a,b", CategoricalDistribution(["a", "b"]), id="simple choice"),
        pytest.param("x=null,1", CategoricalDistribution([None, 1]), id="null in a choice"),
        pytest.param("x=choice(true,false)", CategoricalDistribution([True, False]), id="booleans"),
        pytest.param("x=choice(1,'1')", CategoricalDistribution([1, "1"]), id="a quoted number is a string"),
        pytest.param("x=choice([1,2],[3])", CategoricalDistribution(["[1,2]", "[3]"]), id="lists by their text"),
        pytest.param("x=shuffle(range(1,4))", CategoricalDistribution([1, 2, 3]), id="shuffle has a stable order"),
        pytest.param("x=shuffle(a,b,c)", CategoricalDistribution(["a", "b", "c"]), id="shuffled choice"),
    ],
)
def test_override_text_becomes_the_distribution_that_hydra_means(text, expected):
    assert parse(text).unconditional == {"x": expected}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("x=tag(log,interval(0,1))", "must begin above 0", id="log from zero"),
        pytest.param("x=tag(log,range(1,64,2))", "no logarithmic range with step", id="log with step"),
        pytest.param("x=tag(log,choice(1,2))", "a choice has no scale", id="log choice"),
        pytest.param("x=tag(lgo,interval(1,2))", "unknown tag", id="misspelt tag"),
        pytest.param("x=range(5,5)", "is empty", id="empty range"),
        pytest.param("x=interval(2,1)", "from a lower to a higher", id="reversed interval"),
        pytest.param("x=choice(1,true)", "named twice", id="elements that are equal in Python"),
        pytest.param("x=choice(a,a)", "named twice", id="twice the same"),
    ],
)
def test_a_sweep_that_optuna_cannot_draw_from_is_refused(text, problem):
    with pytest.raises(SpaceError, match=problem):
        parse(text)


def test_the_command_line_wins_over_params_and_fixed_values_are_passed_on_as_given():
    space = parse("lr=0.1", "+note='a, b'", "~old", lr="interval(0,1)", depth="choice(1,2)")
    assert list(space.parameters) == ["depth"]
    assert space.overrides({"depth": 2}) == ["lr=0.1", "+note='a, b'", "~old", "depth=2"]


def test_params_may_hold_plain_values_and_lists_of_choices():
    space = parse(imgsz=[320, 416], seed=1, name=["a,b", "c"], freeze=[None, 10], one=["x"])
    assert space.unconditional["freeze"] == CategoricalDistribution([None, 10])
    assert space.unconditional["one"] == CategoricalDistribution(["x"])
    assert space.unconditional["imgsz"] == CategoricalDistribution([320, 416])
    assert space.overrides({"imgsz": 416, "name": "a,b"}) == ["seed=1", "imgsz=416", r"name=a\,b"]


@pytest.mark.parametrize("key", ["+w", "db", "db@backup", "a.b.c", "+db@backup"])
def test_prefix_and_package_of_a_key_stay_with_it(key):
    space = parse(f"{key}=choice(1,2)")
    assert space.overrides({key: 1}) == [f"{key}=1"]


def test_a_stepped_float_is_written_without_optunas_rounding_error():
    space = parse("x=range(0,1,0.1)")
    assert space.overrides({"x": 0.30000000000000004}) == ["x=0.3"]


def test_probes_touch_every_edge_and_every_category():
    probes = parse("x=interval(0,1)", "y=a,b,c").probes()
    assert {probe["y"] for probe in probes} == {"a", "b", "c"}
    assert {probe["x"] for probe in probes} == {0.0, 1.0}


def test_a_grid_over_a_continuous_range_is_refused():
    with pytest.raises(SpaceError, match="can be counted"):
        parse("x=interval(0,1)").grid()


def test_a_point_outside_the_space_is_not_admitted():
    parameter = parse("x=choice([1,2],[3])").parameters["x"]
    assert parameter.admit([1, 2]) == "[1,2]"
    with pytest.raises(SpaceError, match="outside"):
        parameter.admit([4])


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(alphabet=string.printable.replace("\x0b", "").replace("\x0c", "").replace("\r", ""), max_size=12)
values = st.recursive(scalars | texts, lambda inner: st.lists(inner, max_size=3), max_leaves=4)


@given(values)
def test_whatever_is_written_is_read_back_as_it_was(value):
    """No value, however odd its characters, changes its type or text on its way through Hydra's grammar."""
    back = read_back(f"x={as_text(value)}")
    assert back == value
    assert type(back) is type(value)


@given(st.lists(texts, min_size=1, max_size=4, unique=True))
def test_every_category_of_a_choice_is_read_back_as_it_was(categories):
    space = parse(x=categories)
    for category in categories:
        (override,) = space.overrides({"x": category})
        assert read_back(override) == category


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-7, 7).filter(bool))
def test_a_range_holds_exactly_what_hydras_range_holds(start, stop, step):
    if not range(start, stop, step):
        with pytest.raises(SpaceError):
            parse(f"x=range({start},{stop},{step})")
        return
    assert parse(f"x=range({start},{stop},{step})").parameters["x"].values() == sorted(range(start, stop, step))


@pytest.mark.parametrize("text", ["choice(null,1,a)", "shuffle(null,1,a)", "null,1,a", "[null,1,a]"])
def test_null_is_an_element_of_a_choice(text):
    """Hydra's own function refuses it, although a list without the function may have it."""
    value = [None, 1, "a"] if text == "[null,1,a]" else text
    space = parse_space({"x": value}, [])
    assert space.parameters["x"].distribution.choices == (None, 1, "a")
    assert space.overrides({"x": None}) == ["x=null"]
