"""Who draws which trial: exact totals, and nothing lost, on every storage with and without a lock."""

import threading

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState
from optuna_search.attributes import DUE, RETRIES, RETRY_OF
from optuna_search.ending import Ending, Outcome
from optuna_search.study.locks import exclusive
from optuna_search.study.queue import TrialBudget, claim, fail_and_requeue, requeue
from optuna_search.study.storages import open_storage

DIED = Outcome.ended(Ending.WORKER_DIED)

LEASE = {"machine": "here", "pid": 1, "started": 2, "beat": 0}


@pytest.fixture(params=["journal", "sqlite"])
def study(request, tmp_path):
    spec = {"journal": f"journal:{tmp_path}/o.journal", "sqlite": f"sqlite:///{tmp_path}/o.db"}[request.param]
    return optuna.create_study(study_name="s", storage=open_storage(spec))


def take(study, n_trials, *, locked=True):
    trial_id = claim(study, n_trials, LEASE, locked=locked)
    return None if trial_id is None else study._storage.get_trial(trial_id)


def test_no_more_trials_are_drawn_than_the_total(study):
    assert [take(study, 2).number, take(study, 2).number] == [0, 1]
    assert take(study, 2) is None


def test_a_trial_says_from_its_first_moment_who_runs_it(study):
    trial = take(study, 1)
    assert trial.state == TrialState.RUNNING
    assert trial.system_attrs["lease"] == LEASE
    assert trial.user_attrs["worker"] == "here:1"


def test_queued_points_come_first_and_only_as_many_as_the_total_allows(study):
    for x in (1.0, 2.0, 3.0):
        study.enqueue_trial({"x": x})
    points = [take(study, 2).system_attrs["fixed_params"]["x"] for _ in range(2)]
    assert points == [1.0, 2.0]
    assert take(study, 2) is None


def test_a_lapsed_trial_leaves_its_place_to_its_repetition(study):
    first, second = take(study, 2), take(study, 2)
    study._storage.set_trial_param(first._trial_id, "x", 0.25, optuna.distributions.FloatDistribution(0, 1))
    assert fail_and_requeue(study, study.trials[0], DIED, {RETRIES: 1})
    repetition = take(study, 2)
    assert repetition.number == 2
    assert repetition.user_attrs[RETRY_OF] == first.number
    assert repetition.user_attrs[RETRIES] == 1
    assert repetition.system_attrs["fixed_params"] == {"x": 0.25}
    assert take(study, 2) is None
    standing = TrialBudget.of(study.trials, 2)
    assert [trial.number for trial in standing.taken] == [second.number, repetition.number]
    assert [trial.number for trial in standing.repeated] == [first.number]


def test_a_trial_that_is_not_repeated_keeps_its_place(study):
    take(study, 1)
    fail_and_requeue(study, study.trials[0], DIED, None)
    assert take(study, 1) is None
    assert TrialBudget.of(study.trials, 1).complete


def test_the_one_who_tells_first_decides_how_a_trial_ended(study):
    take(study, 1)
    seen_by_both = study.trials[0]
    study.tell(0, 1.0)
    assert not fail_and_requeue(study, seen_by_both, DIED, {RETRIES: 1})
    assert study.trials[0].state == TrialState.COMPLETE
    assert len(study.trials) == 1


def test_what_a_controller_did_not_live_to_queue_is_queued_by_the_next(study):
    take(study, 1)
    storage, trial_id = study._storage, study.trials[0]._trial_id
    storage.set_trial_user_attr(trial_id, DUE, {RETRIES: 1})
    storage.set_trial_state_values(trial_id, TrialState.FAIL)  # and then it was killed
    assert [trial.number for trial in requeue(study)] == [0]
    assert requeue(study) == []
    assert take(study, 1).user_attrs[RETRY_OF] == 0


def test_of_two_repetitions_of_one_trial_only_the_first_is_run(study):
    take(study, 1)
    fail_and_requeue(study, study.trials[0], DIED, {RETRIES: 1})
    study.add_trial(optuna.trial.create_trial(state=TrialState.WAITING, user_attrs={RETRY_OF: 0, RETRIES: 1}))
    assert take(study, 5).number == 1
    assert take(study, 5).number == 3  # a new one; 2 is the other repetition


@pytest.mark.parametrize("locked", [True, False], ids=["with the lock", "without a lock, as behind a gRPC proxy"])
def test_workers_that_draw_at_once_share_the_total_exactly(tmp_path, locked):
    taken = []

    def work():
        storage = open_storage(f"journal:{tmp_path}/o.journal")
        study = optuna.create_study(study_name="s", storage=storage, load_if_exists=True)
        while True:
            if locked:
                with exclusive(study) as held:
                    assert held
                    trial = take(study, 20)
            else:
                trial = take(study, 20, locked=False)
            if trial is None:
                return
            taken.append(trial.number)

    optuna.create_study(study_name="s", storage=open_storage(f"journal:{tmp_path}/o.journal"))
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 20


@given(st.lists(st.sampled_from(["draw", "finish", "fail", "lapse"]), max_size=40), st.integers(1, 8))
def test_whatever_happens_the_total_is_never_exceeded_and_can_be_reached(events, n_trials):
    study = optuna.create_study()
    for event in events:
        running = [trial for trial in study.trials if trial.state == TrialState.RUNNING]
        if event == "draw":
            take(study, n_trials)
        elif running and event == "finish":
            study.tell(running[0].number, 1.0)
        elif running and event == "fail":
            study.tell(running[0].number, state=TrialState.FAIL)
        elif running:
            fail_and_requeue(study, running[-1], DIED, {RETRIES: 1})
        standing = TrialBudget.of(study.trials, n_trials)
        assert len(standing.taken) <= n_trials
        assert len(standing.claimable) + len(standing.taken) + standing.places == n_trials
    for _ in range(len(study.trials) + n_trials):
        take(study, n_trials)
    for trial in study.trials:
        if trial.state == TrialState.RUNNING:
            study.tell(trial.number, 1.0)
    standing = TrialBudget.of(study.trials, n_trials)
    assert standing.complete
    assert len(standing.finished) == n_trials
    assert len(standing.taken) + len(standing.repeated) == len(study.trials)
