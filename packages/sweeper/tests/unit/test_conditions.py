"""Conditional parameters are drawn where their condition holds, and conditions that cannot work are refused."""

import pickle
from typing import Any

import optuna
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from optuna_search.errors import SpaceError
from optuna_search.space.space import Space, parse_space

OPTIMIZERS = """
train.momentum: {when: {train.optimizer=SGD: "interval(0.6, 0.98)"}}
train.lr0:
  when:
    train.optimizer=SGD: tag(log, interval(1e-4, 2e-2))
    train.optimizer=AdamW: tag(log, interval(2e-5, 2e-3))
train.optimizer: choice(SGD, AdamW)
"""
SGD_LR0, ADAMW_LR0 = "train.lr0 | train.optimizer=SGD", "train.lr0 | train.optimizer=AdamW"
EMPTY = OmegaConf.create({})


def space_of(text: str, *arguments: str) -> Space:
    return parse_space(yaml.safe_load(text), list(arguments))


def drawn(space: Space, fixed: dict[str, Any], config: Any = EMPTY) -> dict[str, Any]:
    """What one trial draws, with some values queued."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.enqueue_trial(fixed)
    trial = study.ask()
    space.suggest(trial, config)
    return trial.params


@pytest.fixture
def optimizers() -> Space:
    return space_of(OPTIMIZERS)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        pytest.param("SGD", {"train.optimizer", "train.momentum", SGD_LR0}, id="SGD has a momentum"),
        pytest.param("AdamW", {"train.optimizer", ADAMW_LR0}, id="AdamW has its own learning rates"),
    ],
)
def test_a_trial_draws_what_its_other_values_ask_for(optimizers, optimizer, expected):
    assert set(drawn(optimizers, {"train.optimizer": optimizer})) == expected


def test_a_queued_value_of_a_case_is_what_the_trial_draws(optimizers):
    assert drawn(optimizers, {"train.optimizer": "AdamW", ADAMW_LR0: 1e-3})[ADAMW_LR0] == 1e-3


def test_overrides_carry_keys_and_not_the_names_of_cases(optimizers):
    params = {"train.optimizer": "AdamW", ADAMW_LR0: 0.001}
    assert optimizers.overrides(params) == ["train.lr0=0.001", "train.optimizer=AdamW"]
    assert optimizers.by_key(params) == {"train.optimizer": "AdamW", "train.lr0": 0.001}
    assert optimizers.keys == {"train.momentum", "train.lr0", "train.optimizer"}
    assert set(optimizers.unconditional) == {"train.optimizer"}


def test_what_a_custom_search_space_adds_is_written_by_its_value(optimizers):
    params = {"train.optimizer": "SGD", "train.box": 7.5, "+note": "a, b"}
    assert optimizers.overrides(params) == ["train.optimizer=SGD", "train.box=7.5", r"+note=a\,\ b"]
    assert optimizers.by_key(params) == params


def test_a_space_travels_to_other_processes(optimizers):
    assert pickle.loads(pickle.dumps(optimizers)) == optimizers


def test_the_command_line_wins_over_a_conditional_parameter():
    space = space_of(OPTIMIZERS, "train.lr0=0.01", "train.momentum=interval(0,1)")
    assert space.fixed == ("train.lr0=0.01",)
    assert set(space.unconditional) == {"train.momentum", "train.optimizer"}


@pytest.mark.parametrize(
    ("text", "values", "active"),
    [
        pytest.param("a=1,2", {"a": 2}, True, id="any of these"),
        pytest.param("a=choice(1,2)", {"a": 3}, False, id="none of these"),
        pytest.param("a=range(1,3)", {"a": 2}, True, id="a range of values"),
        pytest.param("a=1 and b=x", {"a": 1, "b": "x"}, True, id="both"),
        pytest.param("a=1 and b=x", {"a": 1, "b": "y"}, False, id="only the first"),
        pytest.param("a=1  and  b='this and that=1'", {"a": 1, "b": "this and that=1"}, True, id="'and' in quotes"),
        pytest.param("c=null", {"c": None}, True, id="null"),
        pytest.param("c=[1,2]", {"c": "[1,2]"}, True, id="a list"),
        pytest.param("c='1'", {"c": 1}, False, id="a text is no number"),
        pytest.param("w=2", {"+w": 2}, True, id="a key that is added"),
        pytest.param("+w=2", {"+w": 2}, True, id="the same with its prefix"),
        pytest.param("d=0.1", {"d": 0.1}, True, id="a number with steps"),
    ],
)
def test_a_condition_is_judged_by_the_values_that_are_drawn(text, values, active):
    params = {
        "a": "choice(1,2,3)",
        "b": ["x", "y", "this and that=1"],
        "c": [None, [1, 2], "1", 1],
        "d": "range(0,1,0.1)",
        "+w": "range(0,3)",
        "x": {"when": {text: "interval(0,1)"}},
    }
    assert ("x" in drawn(parse_space(params, []), values)) == active


def test_a_conditional_parameter_may_decide_on_another_one():
    space = space_of("{z: {when: {y=1: '1,2'}}, y: {when: {x=1: '1,2'}}, x: '1,2'}")
    assert drawn(space, {"x": 1, "y": 1}).keys() == {"x", "y", "z"}
    assert drawn(space, {"x": 1, "y": 2}).keys() == {"x", "y"}
    assert drawn(space, {"x": 2, "y": 1}).keys() == {"x"}, "what is not drawn meets no condition"


def test_a_case_may_hold_one_value_or_a_list_of_texts():
    space = space_of("{x: '1,2', y: {when: {x=1: 0.5, x=2: [a, 'b,c', null]}}}")
    assert space.overrides(drawn(space, {"x": 1})) == ["x=1", "y=0.5"]
    assert space.overrides(drawn(space, {"x": 2, "y | x=2": "b,c"})) == ["x=2", r"y=b\,c"]


@pytest.mark.parametrize(
    ("condition", "active"),
    [
        pytest.param("model=yolo", True, id="a config group's choice"),
        pytest.param("model=detr", False, id="another choice"),
        pytest.param("model.depth=3", True, id="a value"),
        pytest.param("model.half=true", True, id="a boolean"),
        pytest.param("model.half=1", False, id="true is not 1"),
        pytest.param("model.scales=[1,2]", True, id="a list"),
        pytest.param("seed=5", True, id="a value that params fixes"),
        pytest.param("model.gone=1", False, id="a key that is not there"),
    ],
)
def test_a_condition_on_a_key_that_is_not_searched_is_judged_by_the_configuration(condition, active):
    model = {"depth": 3, "half": True, "scales": [1, 2]}
    config = OmegaConf.create({"hydra": {"runtime": {"choices": {"model": "yolo"}}}, "model": model, "seed": 0})
    space = parse_space({"seed": 5, "x": {"when": {condition: "1,2"}}}, [])
    assert ("x" in drawn(space, {}, config)) == active
    assert any("x" in point for point in space.probes(config)) == active


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("{x: {a: 1}}", "expected a text, a list, or 'when", id="a mapping without when"),
        pytest.param("{x: {when: {}}}", "at least one condition", id="no condition"),
        pytest.param("{x: {when: {a=1: '1,2'}, else: 3}}", "expected a text, a list, or 'when", id="more than when"),
        pytest.param("{x: {when: {a=1: {when: {b=1: 2}}}}}", "joined, as in 'a=1 and b=2'", id="when within when"),
        pytest.param("{x: {when: {a: '1,2'}}}", "x: 'a' is no condition; expected key=value", id="no value"),
        pytest.param(
            "{x: {when: {a=1: interval(0, 1)}}, a: '1,2'}", "a text with a comma needs quotes", id="YAML's comma"
        ),
        pytest.param("{x: {when: {~a: '1,2'}}}", "deletes something", id="a deletion"),
        pytest.param("{x: {when: {'a=interval(0,1)': 1}}}", "single values, not an interval", id="an interval"),
        pytest.param("{x: {when: {a=3: 5}}, a: '1,2'}", "can never hold, because a is never 3", id="never drawn"),
        pytest.param("{x: {when: {a=0.5: 5}}, a: 'interval(0,1)'}", "by chance only", id="a continuous parameter"),
        pytest.param("{x: {when: {a=1 and a=2: 5}}, a: '1,2'}", "can never hold", id="contradiction"),
        pytest.param(
            "{x: {when: {y=1 and a=2: 5}}, y: {when: {a=1: '1,2'}}, a: '1,2'}",
            "can never hold",
            id="nested contradiction",
        ),
        pytest.param("{x: {when: {x=5: 5}}}", "circle: x → x", id="on itself"),
        pytest.param(
            "{x: {when: {y=1: '1,2'}}, y: {when: {z=1: '1,2'}}, z: {when: {x=1: '1,2'}}}",
            "circle: x → y → z → x",
            id="in a circle",
        ),
        pytest.param(
            "{x: {when: {a=1: '1,2', 'a=1,2': '3,4'}}, a: '1,2'}", "hold at once, at a=1", id="the same value twice"
        ),
        pytest.param(
            "{x: {when: {a=1: '1,2', b=1: '3,4'}}, a: '1,2', b: '1,2'}", "hold at once, at b=1, a=1", id="independent"
        ),
        pytest.param("{x: {when: {a=1: 5, 'a= 1': 6}}, a: '1,2'}", "given twice|hold at once", id="given twice"),
        pytest.param("{x: {when: {a=1: 'choice('}}, a: '1,2'}", "x where 'a=1'", id="a text that is no value"),
    ],
)
def test_conditions_that_cannot_work_are_refused(text, problem):
    with pytest.raises(SpaceError, match=problem):
        space_of(text)


def test_what_only_the_configuration_can_decide_is_refused_when_it_happens():
    space = parse_space({"x": {"when": {"a=1": "1,2", "b=1": "3,4"}}}, [])
    assert set(drawn(space, {}, OmegaConf.create({"a": 0, "b": 1}))) == {"x | b=1"}
    with pytest.raises(SpaceError, match="the cases 'a=1' and 'b=1' hold at once"):
        drawn(space, {}, OmegaConf.create({"a": 1, "b": 1}))


def test_a_name_longer_than_the_databases_take_is_refused():
    with pytest.raises(SpaceError, match="up to 512 characters"):
        parse_space({"a": ["x" * 600, "y"], "b": {"when": {f"a={'x' * 600}": 1, "a=y": 2}}}, [])


def test_a_grid_has_no_place_for_conditions(optimizers):
    with pytest.raises(SpaceError, match="sampler=brute_force"):
        optimizers.grid()


# --- points ---


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        pytest.param(
            {"train.optimizer": "SGD", "train.lr0": 0.01}, {"train.optimizer": "SGD", SGD_LR0: 0.01}, id="by key"
        ),
        pytest.param({ADAMW_LR0: 0.001}, {ADAMW_LR0: 0.001}, id="by Optuna's name"),
        pytest.param({"train.lr0": 0.001}, {SGD_LR0: 0.001, ADAMW_LR0: 0.001}, id="for whichever case will hold"),
        pytest.param({"train.lr0": 0.015}, {SGD_LR0: 0.015}, id="for the one that has the value"),
        pytest.param({"train.momentum": 0.9}, {"train.momentum": 0.9}, id="a single case keeps its name"),
    ],
)
def test_a_point_is_admitted_in_optunas_terms(optimizers, point, expected):
    assert optimizers.admit(point) == expected


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        pytest.param({"train.box": 1}, "'train.box' is not searched; searched are train.lr0", id="not searched"),
        pytest.param({"train.optimizer": "Adam"}, "outside its search space", id="not among the choices"),
        pytest.param(
            {"train.optimizer": "AdamW", "train.lr0": 0.015}, "outside its search space", id="of another case"
        ),
        pytest.param(
            {"train.optimizer": "AdamW", "train.momentum": 0.9}, "only where 'train.optimizer=SGD'", id="not drawn"
        ),
        pytest.param({"train.optimizer": "AdamW", SGD_LR0: 0.001}, "only where 'train.optimizer=SGD'", id="other case"),
        pytest.param({"train.lr0": 1}, "from 2e-05 to 0.002 or|or .*from 2e-05", id="in no case"),
        pytest.param({"train.momentum": "0.9"}, "outside", id="a text for a number"),
        pytest.param({"train.momentum": True}, "outside", id="a boolean for a number"),
        pytest.param({"train.momentum": float("nan")}, "outside", id="no number at all"),
    ],
)
def test_a_point_outside_the_space_is_refused_and_its_rest_admissible(optimizers, point, problem):
    with pytest.raises(SpaceError, match=problem):
        optimizers.admit(point)
    assert set(optimizers.admissible(point)) <= {"train.optimizer"}


def test_of_another_studys_trial_that_is_taken_which_fits(optimizers):
    cut_otherwise = {"train.optimizer": "SGD", "train.lr0 | train.optimizer=SGD,MuSGD": 0.01, "train.box": 5.0}
    assert optimizers.admissible(cut_otherwise) == {"train.optimizer": "SGD", SGD_LR0: 0.01}
    unknown_optimizer = {"train.optimizer": "Adam", "train.lr0": 0.001, "train.momentum": 0.9}
    assert optimizers.admissible(unknown_optimizer) == {}, "its learning rate belongs to its optimizer"


# --- probes ---


def test_probes_touch_every_edge_of_every_case(optimizers):
    probes = optimizers.probes()
    for name, parameter in optimizers.parameters.items():
        assert {point[name] for point in probes if name in point} >= set(parameter.extremes()), name


@st.composite
def spaces(draw) -> Space:
    """Parameters of three values, each of which may hang on values of those before it."""
    params: dict[str, Any] = {}
    for name in "abcdef"[: draw(st.integers(1, 6))]:
        parents = draw(st.lists(st.sampled_from(sorted(params)), max_size=2, unique=True)) if params else []
        first, *rest = parents or [None]
        values = [draw(st.sampled_from(["1", "2", "1,2"])), *(draw(st.sampled_from(["1", "3"])) for _ in rest)]
        clauses = [f"{parent}={value}" for parent, value in zip(parents, values, strict=False)]
        cases = {" and ".join(clauses): "1,2,3"}
        if first and draw(st.booleans()):
            cases[f"{first}=3"] = "4,5"
        params[name] = {"when": cases} if parents else "1,2,3"
    return parse_space(dict(draw(st.permutations(sorted(params.items())))), [])


@given(st.data())
def test_whatever_hangs_on_what_trials_and_probes_keep_to_the_conditions(data):
    try:
        space = data.draw(spaces())
    except SpaceError as error:  # a condition on values that its parents cannot have at once
        assert "can never hold" in str(error)  # noqa: PT017 - the space is made by chance
        return
    probes = space.probes()
    for point in [*probes, *(drawn(space, probe) for probe in probes)]:
        by_key = space.by_key(point)
        assert len(by_key) == len(point), "one case of a key at a time"
        for name, parameter in space.parameters.items():
            met = parameter.condition is None or all(
                clause.met_by(by_key.get(clause.key)) for clause in parameter.condition.clauses
            )
            assert met == (name in point)
        assert space.admit(point) == point
        assert space.admit(by_key) == point
    for name, parameter in space.parameters.items():
        assert {point[name] for point in probes if name in point} == set(parameter.extremes())


# --- Optuna ---


@pytest.mark.parametrize(
    "sampler",
    [
        pytest.param(lambda: optuna.samplers.TPESampler(seed=0, n_startup_trials=4), id="tpe"),
        pytest.param(
            lambda: optuna.samplers.TPESampler(seed=0, n_startup_trials=4, multivariate=True), id="multivariate"
        ),
        pytest.param(
            lambda: optuna.samplers.TPESampler(seed=0, n_startup_trials=4, multivariate=True, group=True), id="group"
        ),
        pytest.param(lambda: optuna.samplers.NSGAIISampler(seed=0, population_size=4), id="nsgaii"),
        pytest.param(lambda: optuna.samplers.BruteForceSampler(seed=0), id="brute force"),
    ],
)
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_names_of_cases_are_names_for_samplers_and_databases(sampler, tmp_path):
    space = space_of("{x: {when: {o=a: '1,2', o=b: 'range(5,8)'}}, o: 'a,b', m: {when: {o=a: '0.5,0.7'}}}")
    study = optuna.create_study(storage=f"sqlite:///{tmp_path / 'study.db'}", sampler=sampler())

    def objective(trial: optuna.Trial) -> float:
        space.suggest(trial, EMPTY)
        return sum(value for value in trial.params.values() if value not in ("a", "b"))

    study.optimize(objective, n_trials=7)
    points = [trial.params for trial in study.trials]
    assert {name for point in points for name in point} == {"o", "m", "x | o=a", "x | o=b"}
    if isinstance(study.sampler, optuna.samplers.BruteForceSampler):
        assert len({tuple(sorted(point.items())) for point in points}) == 7, "every combination that can occur, once"
