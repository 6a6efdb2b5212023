"""What may change between two runs of a study, held against what Optuna really does with it."""

import json
from typing import Any

import optuna
import pytest
from omegaconf import OmegaConf
from optuna_search.space.changes import changes, describe_space
from optuna_search.space.space import Space, parse_space

EMPTY = OmegaConf.create({})


def compare(before: dict[str, Any], after: dict[str, Any], *, enumerated: bool = False):
    return changes(stored(parse_space(before, [])), describe_space(parse_space(after, [])), enumerated=enumerated)


def stored(space: Space) -> dict[str, Any]:
    """A description as a study's user attribute gives it back."""
    return json.loads(json.dumps(describe_space(space), allow_nan=False))


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"x": "interval(0,1)", "y": "range(0,1,0.1)", "z": "tag(log,int(interval(1,9)))"}, id="ranges"),
        pytest.param({"x": [None, True, "a", 2, "2", [2], float("nan"), float("inf")]}, id="choices"),
        pytest.param({"a": "1,2", "x": {"when": {"a=1": "1,2", "a=2": 5}}}, id="conditions"),
        pytest.param({"+a": 5, "x": "1,2"}, id="fixed values"),
    ],
)
def test_the_same_space_is_no_change(params):
    found = compare(params, params)
    assert not found.refused
    assert not found.adapted


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        pytest.param(
            "tag(log,interval(1e-4,1e-2))",
            "tag(log,interval(1e-4,1e-1))",
            "x: interval 0.0001 … 0.01 (log) → interval 0.0001 … 0.1 (log): Optuna draws from the new range",
            id="another range",
        ),
        pytest.param(
            "range(0,11,2)", "range(0,11)", "x: integers 0 … 10 in steps of 2 → integers 0 … 10", id="another step"
        ),
    ],
)
def test_a_range_may_change(before, after, line):
    found = compare({"x": before}, {"x": after})
    assert not found.refused
    assert found.adapted[0].startswith(line)


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        pytest.param(
            "choice(SGD,AdamW)",
            "choice(SGD,AdamW,Adam)",
            "x: choice(SGD, AdamW) → choice(SGD, AdamW, Adam): Optuna cannot change the choices",
            id="another choice",
        ),
        pytest.param("1,2", "2,1", "x: choice(1, 2) → choice(2, 1): Optuna cannot change the choices", id="order"),
        pytest.param("1,2", "'1',2", "x: choice(1, 2) → choice('1', 2): Optuna cannot change the choices", id="type"),
        pytest.param(
            "interval(1,2)", "int(interval(1,2))", "x: interval 1.0 … 2.0 → integers 1 … 2: Optuna cannot", id="kind"
        ),
        pytest.param(
            "interval(1,2)",
            "tag(log,interval(1,2))",
            "x: interval 1.0 … 2.0 → interval 1.0 … 2.0 (log): Op",
            id="scale",
        ),
    ],
)
def test_what_optuna_cannot_change_is_refused(before, after, line):
    found = compare({"x": before}, {"x": after})
    assert found.refused[0].startswith(line)
    assert not found.adapted


SPACES = ["interval(1,2)", "interval(0,9)", "tag(log,interval(1,2))", "range(1,3,0.5)", "int(interval(1,2))"]
CHOICES = ["1,2", "2,1", "choice(1,2,3)", "'1',2", "choice(nan,1)"]


@pytest.mark.parametrize("before", SPACES + CHOICES, ids=str)
@pytest.mark.parametrize("after", SPACES + CHOICES, ids=str)
def test_the_verdict_is_optunas(before, after):
    """A study that has drawn from one space is resumed with another exactly if that is not refused."""
    old, new = parse_space({"x": before}, []), parse_space({"x": after}, [])
    study = optuna.create_study()
    trial = study.ask()
    old.suggest(trial, EMPTY)
    study.tell(trial, 1.0)
    try:
        new.suggest(study.ask(), EMPTY)
        refused_by_optuna = False
    except ValueError:
        refused_by_optuna = True
    assert bool(changes(stored(old), describe_space(new)).refused) == refused_by_optuna


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        pytest.param({"x": "1,2", "y": "1,2"}, {"x": "1,2"}, "y: no longer searched: finished trials", id="gone"),
        pytest.param(
            {"x": "1,2", "y": "1,2"}, {"x": "1,2", "y": 1}, "y: no longer searched, but fixed (y=1):", id="now fixed"
        ),
        pytest.param(
            {"a": "1,2", "y": {"when": {"a=1": "1,2", "a=2": "3,4"}}}, {"a": "1,2"}, "y: no longer", id="all cases gone"
        ),
    ],
)
def test_what_no_table_would_show_is_refused(before, after, line):
    found = compare(before, after)
    assert len(found.refused) == 1
    assert found.refused[0].startswith(line)
    assert not found.adapted


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        pytest.param({}, {"y": "1,2"}, "y: searched from now on: finished trials had the configured value", id="new"),
        pytest.param({"y": 5}, {"y": "1,2"}, "y: searched from now on: finished trials had y=5", id="no longer fixed"),
        pytest.param({"e": 5}, {"e": 10}, "e=5 → e=10: values of old and new trials may not be comparable", id="fixed"),
        pytest.param({"e": 5}, {}, "e=5 → not set: values", id="no longer set"),
        pytest.param({}, {"+e": [1]}, "+e: searched from now on", id="a list is a choice"),
        pytest.param({}, {"+e": 1}, "not set → +e=1: values", id="newly set"),
        pytest.param(
            {"y": {"when": {"a=1": "1,2"}}},
            {"y": {"when": {"a=1,2": "1,2"}}},
            "y: choice(1, 2) when a=1 → choice(1, 2) when a=1,2: finished trials stay",
            id="another condition",
        ),
        pytest.param(
            {"y": "interval(1,2)"},
            {"y": {"when": {"a=1": "interval(1,2)", "a=2": 5}}},
            "y: interval 1.0 … 2.0 → interval 1.0 … 2.0 when a=1 | choice(5) when a=2: finished trials keep",
            id="cut into cases",
        ),
    ],
)
def test_other_changes_are_told(before, after, line):
    found = compare({"a": "1,2,3", **before}, {"a": "1,2,3", **after})
    assert not found.refused
    assert len(found.adapted) == 1
    assert found.adapted[0].startswith(line)


def test_a_sampler_that_enumerates_resumes_with_the_same_points_only():
    other_points = compare({"x": "range(0,3)"}, {"x": "range(0,5)"}, enumerated=True)
    assert other_points.refused == [
        "x: integers 0 … 2 → integers 0 … 4: the sampler has begun to go through the old space point by point"
    ]
    other_setting = compare({"x": "range(0,3)", "e": 1}, {"x": "range(0,3)", "e": 2}, enumerated=True)
    assert not other_setting.refused
    assert len(other_setting.adapted) == 1


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_brute_force_itself_refuses_other_points():
    """The reason for the rule above: the sampler's tree of points does not take another range."""
    study = optuna.create_study(sampler=optuna.samplers.BruteForceSampler(seed=0))
    trial = study.ask()
    parse_space({"x": "range(0,3)"}, []).suggest(trial, EMPTY)
    study.tell(trial, 1.0)
    with pytest.raises(ValueError, match="search_space mismatch"):
        parse_space({"x": "range(0,5)"}, []).suggest(study.ask(), EMPTY)


def test_a_joint_sampler_draws_a_changed_range_on_its_own():
    """As the line about a changed range says."""
    study = optuna.create_study()
    for text in ("interval(0,1)", "interval(0,2)"):
        trial = study.ask()
        parse_space({"x": text, "y": "interval(0,1)"}, []).suggest(trial, EMPTY)
        study.tell(trial, 1.0)
    assert set(optuna.search_space.intersection_search_space(study.trials)) == {"y"}
