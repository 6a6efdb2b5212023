"""How outcomes are read, and which failures are tried again."""

import decimal
import enum
import json

import numpy
import optuna
import pytest
from omegaconf import OmegaConf
from optuna.trial import TrialState
from optuna_search.ending import Ending, Outcome, kinds_of
from optuna_search.run.tell import RetryRules, read_result, tell
from optuna_search.trial.returned import plain


class OutOfMemoryError(RuntimeError):
    """As torch's."""


def raised_from(cause):
    try:
        try:
            raise cause
        except Exception as error:
            raise ValueError("the training broke") from error
    except ValueError as error:
        return error


def test_an_error_is_known_by_its_classes_with_and_without_module_and_by_its_causes():
    kinds = kinds_of(raised_from(OutOfMemoryError()))
    assert {"ValueError", "builtins.ValueError", "OutOfMemoryError", f"{__name__}.OutOfMemoryError"} <= set(kinds)
    assert "RuntimeError" in kinds
    assert not {"BaseException", "object"} & set(kinds)


def test_an_error_that_cannot_be_shown_or_whose_causes_go_round_is_known_all_the_same():
    """Exceptions are anybody's classes."""

    class MuteError(Exception):
        def __str__(self) -> str:
            raise OSError

    one, other = MuteError(), ValueError()
    one.__cause__, other.__cause__ = other, one

    outcome = Outcome.of_error(one)

    assert outcome.reason == "MuteError: (it cannot be shown: OSError)"
    assert {"MuteError", "ValueError"} <= set(outcome.kinds)


@pytest.mark.parametrize(
    ("returned", "objectives", "values"),
    [
        pytest.param(1, 1, [1.0], id="a number"),
        pytest.param((1, 2.5), 2, [1.0, 2.5], id="a tuple"),
        pytest.param({"value": 3}, 1, [3.0], id="a mapping with a value"),
        pytest.param({"values": [3, 4]}, 2, [3.0, 4.0], id="a mapping with values"),
        pytest.param(float("inf"), 1, [float("inf")], id="infinity, which Optuna takes"),
    ],
)
def test_results(returned, objectives, values):
    assert read_result(returned, objectives).values == values


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        pytest.param(None, "returned None", id="nothing"),
        pytest.param("high", "returned 'high'", id="a word"),
        pytest.param((1, 2), "returned 2 values", id="too many"),
        pytest.param(float("nan"), "returned NaN", id="NaN"),
        pytest.param({"loss": 1}, "mapping with loss", id="a mapping of something else"),
        pytest.param({"constraints": {}}, "either 'value' or 'values'", id="a mapping without a value"),
        pytest.param({"value": 1, "values": [1]}, "either 'value' or 'values'", id="a mapping with both"),
        pytest.param({"value": 1, "constraints": {"a": None}}, "constraint 'a'", id="a constraint without a number"),
        pytest.param({"value": 1, "constraints": {"a": float("nan")}}, "constraint 'a'", id="a constraint that is NaN"),
    ],
)
def test_what_is_no_result_says_why(returned, reason):
    with pytest.raises(ValueError, match=reason):
        read_result(returned, 1)


RULES = RetryRules(max_retries=1, retry_on=("SIGKILL",), overrides=("batch=8",))


@pytest.mark.parametrize(
    ("outcome", "retries", "repeated"),
    [
        pytest.param(Outcome.failed("killed by SIGKILL", ("SIGKILL",)), 0, True, id="named"),
        pytest.param(Outcome.failed("killed by SIGKILL", ("SIGKILL",)), 1, False, id="named, but often enough"),
        pytest.param(Outcome.failed("broken", ("RuntimeError",)), 0, False, id="not named"),
        pytest.param(Outcome.ended(Ending.WORKER_DIED), 0, True, id="its worker died"),
        pytest.param(Outcome.ended(Ending.WORKER_DIED), 1, False, id="its worker died too often"),
        pytest.param(Outcome.ended(Ending.INTERRUPTED), 1, True, id="interrupted, which is nobody's fault"),
    ],
)
def test_what_is_tried_again(outcome, retries, repeated):
    study = optuna.create_study()
    study.enqueue_trial({"x": 0.5}, user_attrs={"retries": retries})
    trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
    tell(study, trial, outcome, RULES)
    first, *others = study.trials
    assert first.state == TrialState.FAIL
    assert first.user_attrs["fail_reason"] == outcome.reason
    assert [(other.state, other.user_attrs["retry_of"]) for other in others] == [(TrialState.WAITING, 0)] * repeated
    for other in others:
        assert other.system_attrs["fixed_params"] == {"x": 0.5}
        assert other.user_attrs.get("retry_overrides") == (["batch=8"] if "SIGKILL" in outcome.kinds else None)


def test_a_result_that_comes_after_the_trial_was_given_up_is_not_used(caplog):
    study = optuna.create_study()
    trial = study.ask()
    study.tell(trial.number, state=TrialState.FAIL)
    tell(study, trial, Outcome.completed(1.0), RULES)
    tell(study, trial, Outcome.failed("broken"), RULES)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL]
    assert caplog.text.count("taken for dead while it ran here") == 2


class Odd:
    """Of anybody's making."""

    def __float__(self):
        raise RuntimeError("not today")


class Tensor:
    """As torch's or NumPy's."""

    def __init__(self, content):
        self._content = content

    def tolist(self):
        return self._content


LOOP = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        pytest.param(Tensor(0.5), 0.5, id="a tensor with one number"),
        pytest.param(Tensor([1, [2.5]]), [1, [2.5]], id="an array"),
        pytest.param(decimal.Decimal("0.25"), 0.25, id="a decimal"),
        pytest.param({"a": (1, Tensor(2))}, {"a": [1, 2]}, id="within a mapping"),
        pytest.param(enum.IntEnum("E", ["A"]).A, 1, id="a member of an enum"),
        pytest.param(OmegaConf.create({"a": [1]}), {"a": [1]}, id="a configuration"),
        pytest.param(10**400, 10**400, id="a large integer"),
        pytest.param(numpy.longdouble("1.5"), 1.5, id="a number whose list is itself"),
    ],
)
def test_what_a_task_says_is_kept_in_terms_of_json(value, kept):
    assert plain(value) == kept
    json.dumps(plain(value))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(object(), "a object cannot be kept", id="an object"),
        pytest.param({"a": [Odd()]}, "a Odd cannot be kept .*not today", id="one that refuses"),
        pytest.param(lambda: 0, "a function cannot be kept", id="a function"),
        pytest.param(b"x", "a bytes cannot be kept", id="bytes"),
        pytest.param(LOOP, "contains itself", id="a circle"),
    ],
)
def test_what_cannot_be_kept_says_what_it_is(value, reason):
    with pytest.raises(ValueError, match=reason):
        plain(value)


@pytest.mark.parametrize(
    "returned",
    [
        pytest.param(10**400, id="too large for a float"),
        pytest.param({"value": 1.0, "user_attrs": [1]}, id="attributes that are no mapping"),
        pytest.param({"value": 1.0, "constraints": 3}, id="constraints that are no mapping"),
        pytest.param({"value": 1.0, "constraints": {"c": 10**400}}, id="a constraint too large"),
        pytest.param("x" * 100_000, id="a long text"),
    ],
)
def test_whatever_is_told_the_trial_ends_with_a_short_reason(returned):
    study = optuna.create_study()
    tell(study, study.ask(), Outcome.completed(returned), RULES)
    assert study.trials[0].state == TrialState.FAIL
    assert 0 < len(study.trials[0].user_attrs["fail_reason"]) < 300
