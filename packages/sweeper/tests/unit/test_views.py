"""What a study's trials say, also those that an older sweeper wrote."""

from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState, create_trial
from optuna_search import Ending, StudyView, TrialView

FLOAT = optuna.distributions.FloatDistribution(0.0, 1.0)


def failed(**attributes) -> TrialView:
    return TrialView(create_trial(state=TrialState.FAIL, user_attrs=attributes))


def view_of(*values, direction="minimize") -> StudyView:
    study = optuna.create_study(study_name="toy", direction=direction)
    for value in values:
        study.add_trial(create_trial(value=value))
    return StudyView.of(study)


def test_a_trial_says_what_the_sweeper_wrote_about_it():
    trial = TrialView(
        create_trial(
            value=0.5,
            user_attrs={
                "folder": "/sweep/3",
                "worker": "host:7",
                "retry_of": 1,
                "replicates": {"seed=1": [0.4], "seed=2": [0.6]},
                "replicates_std": [0.14],
                "note": "the task's own",
            },
        )
    )
    assert (trial.folder, trial.worker, trial.retry_of) == (Path("/sweep/3"), "host:7", 1)
    assert trial.replicates == {"seed=1": (0.4,), "seed=2": (0.6,)}
    assert trial.replicates_std == (0.14,)
    assert trial.user_attrs["note"] == "the task's own"
    assert (trial.ending, trial.reason, trial.log_tail) == (Ending.COMPLETED, "", "")


def test_parameters_go_by_their_key_whatever_they_were_searched_under():
    names = {"lr": 0.1, "momentum | optimizer=SGD": 0.9}
    trial = TrialView(create_trial(value=1.0, params=names, distributions=dict.fromkeys(names, FLOAT)))
    assert trial.params == {"lr": 0.1, "momentum": 0.9}
    assert trial.distributions == {"lr": FLOAT, "momentum": FLOAT}


@pytest.mark.parametrize("ending", [ending for ending in Ending if ending.is_failure])
def test_a_failed_trial_says_how_it_ended(ending):
    assert failed(ending=ending.name, fail_reason="whatever").ending is ending


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        pytest.param({"fail_reason": "interrupted"}, Ending.INTERRUPTED, id="told by its reason: interrupted"),
        pytest.param({"fail_reason": "its worker died"}, Ending.WORKER_DIED, id="told by its reason: worker died"),
        pytest.param({"fail_reason": "ValueError: no"}, Ending.FAILED, id="a reason of its own"),
        pytest.param({}, Ending.FAILED, id="nothing written"),
        pytest.param({"ending": "EVAPORATED"}, Ending.FAILED, id="a name that a newer sweeper knows"),
    ],
)
def test_the_endings_of_other_versions_are_understood(attributes, expected):
    assert failed(**attributes).ending is expected


def test_a_trial_that_runs_has_no_ending():
    assert TrialView(create_trial(state=TrialState.RUNNING)).ending is None
    assert TrialView(create_trial(state=TrialState.PRUNED, intermediate_values={0: 1.0})).ending is Ending.PRUNED


def test_what_is_not_written_is_not_known():
    trial = failed()
    assert (trial.folder, trial.worker, trial.retry_of, trial.replicates) == (None, "", None, {})
    assert (trial.reason, trial.replicates_std, trial.is_repeated) == ("unknown", (), False)


@pytest.mark.parametrize(("direction", "best"), [("minimize", [0, 2, 1]), ("maximize", [1, 2, 0])])
def test_trials_are_ranked_by_their_value(direction, best):
    view = view_of(0.1, 0.3, 0.2, direction=direction)
    assert [trial.number for trial in view.ranked] == best
    assert [trial.number for trial in view.best_trials] == best[:1]
    assert view.objectives == ("value",)


def test_a_trial_that_breaks_a_constraint_comes_last_and_is_never_the_best():
    study = optuna.create_study()
    for value, constraint in ((0.1, 1.0), (0.2, 0.0)):
        trial = study.ask()
        trial.set_constraint("size", constraint)
        study.tell(trial, value)
    view = StudyView.of(study)
    assert [trial.number for trial in view.ranked] == [1, 0]
    assert [trial.number for trial in view.best_trials] == [1]
    assert [trial.is_feasible for trial in view.trials] == [False, True]


def test_the_front_of_several_objectives_is_optunas():
    study = optuna.create_study(directions=["minimize", "maximize"])
    sampler = optuna.samplers.RandomSampler(seed=1)
    study.sampler = sampler
    for _ in range(60):
        trial = study.ask()
        # few different values, so that there are equal ones
        study.tell(trial, [trial.suggest_int("a", 0, 6), trial.suggest_int("b", 0, 6)])
    view = StudyView.of(study)
    assert {trial.number for trial in view.best_trials} == {trial.number for trial in study.best_trials}
    assert len(view.best_trials) > 1
    assert view.ranked[: len(view.best_trials)] == view.best_trials
    assert view.objectives == ("value 0", "value 1")


def test_a_study_without_results_has_no_best_trial():
    assert view_of().best_trials == ()
    assert StudyView.of(optuna.create_study(directions=["minimize"] * 2)).best_trials == ()


def test_a_study_says_what_the_sweeper_keeps_about_it():
    study = optuna.create_study()
    assert (StudyView.of(study).sampler, StudyView.of(study).search_space) == ("", {})
    study.set_user_attr("sampler", "optuna.samplers.TPESampler")
    study.set_user_attr("search_space", {"lr": {"kind": "interval"}})
    view = StudyView.of(study)
    assert (view.sampler, view.search_space["lr"]["kind"]) == ("optuna.samplers.TPESampler", "interval")
