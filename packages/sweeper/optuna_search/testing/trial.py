"""What a task may use of a trial."""

from optuna_search.study.storages import chosen_by_name
from optuna_search.trial.current import CurrentTrial, current_trial, running


class CurrentTrialConformance:
    """What a task may do with `current_trial()`; the fixture `trial` gives one of a single objective."""

    def test_it_says_what_it_is(self, trial: CurrentTrial) -> None:
        assert trial.number is None or trial.number >= 0
        assert all(isinstance(key, str) for key in trial.params)
        assert (trial.study_name is None) == (trial.number is None)
        assert dict(trial.study_user_attrs) is not None
        assert trial.replicate is None or "=" in trial.replicate

    def test_it_is_the_current_one_while_it_runs(self, trial: CurrentTrial) -> None:
        before = current_trial()
        with running(trial):
            assert current_trial() is trial
        assert current_trial() is before

    def test_progress_can_be_reported_and_judged(self, trial: CurrentTrial) -> None:
        for step in range(3):
            trial.report(0.5, step)
            assert trial.should_prune() in (False, True)

    def test_attributes_and_constraints_can_be_set(self, trial: CurrentTrial) -> None:
        trial.set_user_attr("note", {"a": [1, None, "text"]})
        trial.set_user_attr("note", "the last one holds")
        with chosen_by_name():
            trial.set_constraint("size", -1.0)
