"""Replicates as one trial: mean, spread, pruning between them, and what goes wrong."""

from typing import ClassVar

import pytest
from optuna_search.ending import Ending, Outcome
from optuna_search.errors import SpaceError
from optuna_search.trial.replicates import Repeats, run_replicates


class Recorder:
    """A trial that keeps what it is told, and prunes after `prune_after` reports."""

    number = 7
    replicate = None
    params: ClassVar[dict] = {}
    study_name = "s"
    study_user_attrs: ClassVar[dict] = {}

    def __init__(self, prune_after=99):
        self.reports, self.attrs, self._prune_after = [], {}, prune_after

    def report(self, value, step):
        self.reports.append((step, value))

    def should_prune(self):
        return len(self.reports) >= self._prune_after

    def set_user_attr(self, key, value):
        self.attrs[key] = value

    def set_constraint(self, key, value):
        raise AssertionError("constraints are returned")


REPEATS = Repeats("train.seed", (1, 2, 3))


def outcomes(*returned):
    queue = iter(returned)

    def run_one(override, handle):
        assert handle.replicate == override
        handle.report(99, 0)
        handle.set_user_attr("seen", override)
        handle.set_user_attr("metrics", {"map": int(override[-1]), "name": "m"})
        handle.set_constraint("size", int(override[-1]) - 2)
        assert not handle.should_prune()
        found = next(queue)
        return found if isinstance(found, Outcome) else Outcome.completed(found)

    return run_one


def test_the_value_is_the_mean_and_the_rest_is_kept():
    trial = Recorder()
    outcome = run_replicates(REPEATS, trial, 1, outcomes(1.0, 2.0, 6.0))
    assert outcome.value == {"values": [3.0], "constraints": {"size": 1}}
    assert trial.reports == [(0, 1.0), (1, 2.0), (2, 6.0)]
    assert trial.attrs["replicates"] == {"train.seed=1": [1.0], "train.seed=2": [2.0], "train.seed=3": [6.0]}
    assert trial.attrs["replicates_std"] == pytest.approx([7**0.5])
    assert trial.attrs["metrics"] == {"map": 2.0, "name": "m"}
    assert trial.attrs["seen"] == "train.seed=3"


@pytest.mark.parametrize(("reduce", "value"), [("median", 2.0), ("min", 1.0), ("max", 6.0)])
def test_other_reductions(reduce, value):
    outcome = run_replicates(Repeats("s", (1, 2, 3), reduce), Recorder(), 1, outcomes(1.0, 2.0, 6.0))
    assert outcome.value["values"] == [value]


def test_several_objectives_are_reduced_one_by_one():
    outcome = run_replicates(REPEATS, Recorder(), 2, outcomes((1, 10), (2, 20), (3, 30)))
    assert outcome.value["values"] == [2.0, 20.0]


def test_a_hopeless_point_is_given_up_after_its_first_replicate():
    trial = Recorder(prune_after=1)
    assert run_replicates(REPEATS, trial, 1, outcomes(1.0)).ending is Ending.PRUNED
    assert trial.attrs["replicates"] == {"train.seed=1": [1.0]}
    assert "replicates_std" not in trial.attrs


def test_after_the_last_replicate_there_is_nothing_to_give_up():
    outcome = run_replicates(REPEATS, Recorder(prune_after=3), 1, outcomes(1.0, 2.0, 3.0))
    assert outcome.ending is Ending.COMPLETED


@pytest.mark.parametrize(
    ("second", "error"),
    [
        pytest.param(Outcome.failed("RuntimeError: fire", ("RuntimeError",)), "RuntimeError: fire", id="raises"),
        pytest.param(float("nan"), "the task returned NaN", id="NaN"),
        pytest.param(Outcome.ended(Ending.PRUNED), "TrialPruned", id="prunes itself"),
    ],
)
def test_a_replicate_that_fails_fails_the_trial_and_is_named(second, error):
    outcome = run_replicates(REPEATS, Recorder(), 1, outcomes(1.0, second))
    assert outcome.reason.startswith("at train.seed=2: ")
    assert error in outcome.reason


def test_an_interrupted_replicate_interrupts_the_trial():
    assert (
        run_replicates(REPEATS, Recorder(), 1, outcomes(1.0, Outcome.ended(Ending.INTERRUPTED))).ending
        is Ending.INTERRUPTED
    )


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param({"over": "s"}, id="no values"),
        pytest.param({"over": "s", "values": [1]}, id="one value"),
        pytest.param({"over": "s", "values": [1, 1]}, id="equal values"),
        pytest.param({"over": "s", "values": [1, 2], "reduce": "sum"}, id="unknown reduction"),
        pytest.param({"over": "s", "values": [1, 2], "times": 3}, id="unknown field"),
        pytest.param("s", id="no mapping"),
    ],
)
def test_settings_that_cannot_work_are_refused(setting):
    with pytest.raises(SpaceError, match=r"hydra\.sweeper\.repeats"):
        Repeats.read(setting)
