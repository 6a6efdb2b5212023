"""Breadth first, then seeds for the leaders: exact, and the same for any number of workers."""

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState
from optuna_search import StudyView
from optuna_search.attributes import REPLICATE, REPLICATE_OF, RETRIES
from optuna_search.ending import Ending, Outcome
from optuna_search.errors import SpaceError
from optuna_search.study.queue import TrialBudget, claim, fail_and_requeue
from optuna_search.study.race import Race
from optuna_search.trial.replicates import Repeats

LEASE = {"machine": "here", "pid": 1, "started": 2, "beat": 0}
SEEDS = ("seed=0", "seed=1", "seed=2")
TWO_OF_EIGHT = Race(SEEDS, 2, maximize=True)


@pytest.fixture
def study():
    return optuna.create_study(direction="maximize")


def begin(study, n_trials=8, *, race=TWO_OF_EIGHT, locked=True):
    """Take the next trial and draw its x; None when the total is taken."""
    trial_id = claim(study, n_trials, LEASE, locked=locked, race=race)
    if trial_id is None:
        return None
    study._thread_local.cached_all_trials = None
    trial = optuna.Trial(study, trial_id)
    trial.suggest_float("x", 0, 1)
    return trial


def run(study, value_of, n_trials=8, **how):
    """One worker's sweep, by the value of a trial's x and seed."""
    while (trial := begin(study, n_trials, **how)) is not None:
        study.tell(trial, value_of(trial))
    return study.trials


def by_setting(trials):
    found = {}
    for trial in trials:
        found.setdefault(trial.params["x"], []).append(trial.user_attrs[REPLICATE])
    return found


@pytest.mark.parametrize("locked", [True, False])
def test_four_settings_are_tried_and_the_two_best_get_the_other_seeds(study, locked):
    trials = run(study, lambda trial: trial.params["x"], locked=locked)
    assert [trial.user_attrs[REPLICATE] for trial in trials[:4]] == ["seed=0"] * 4
    best = sorted((trial.params["x"] for trial in trials[:4]), reverse=True)[:2]
    settings = by_setting(trials)
    assert len(trials) == 8
    assert [sorted(settings[x]) for x in best] == [list(SEEDS)] * 2
    assert all(trial.user_attrs[REPLICATE_OF] < 4 for trial in trials[4:])


@pytest.mark.parametrize(("total", "runs"), [(3, [2, 1]), (5, [2, 2, 1]), (7, [3, 2, 1, 1])])
def test_where_the_total_is_small_half_of_it_tries_settings(study, total, runs):
    settings = by_setting(run(study, lambda trial: trial.params["x"], n_trials=total))
    assert [len(settings[x]) for x in sorted(settings, reverse=True)] == runs


def test_a_leader_whose_luck_was_its_seed_makes_room_for_the_next(study):
    """The best of the first four falls behind with its second seed: its third goes to nobody's luck."""
    luckiest = []

    def value(trial):
        if trial.number == 0:
            luckiest.append(trial.params["x"])
            return 2.0
        return -5.0 if trial.params["x"] == luckiest[0] else trial.params["x"]

    settings = by_setting(run(study, value))
    assert len(settings[luckiest[0]]) == 2
    assert sorted(map(len, settings.values()), reverse=True)[:2] == [3, 2]


def test_a_longer_study_draws_new_settings_first_and_repeats_new_leaders(study):
    run(study, lambda trial: trial.params["x"])
    trials = run(study, lambda trial: trial.params["x"], n_trials=20)
    settings = by_setting(trials)
    best = sorted(settings, reverse=True)[:2]
    assert len(trials) == 20
    assert all(len(settings[x]) == 3 for x in best)
    assert len(settings) > 8


def test_where_no_leader_is_known_yet_nobody_waits(study):
    begun = [begin(study) for _ in range(8)]
    assert begin(study) is None
    assert all(trial.user_attrs[REPLICATE] == "seed=0" for trial in begun)


def test_a_run_of_a_leader_whose_worker_died_is_run_again_with_its_seed(study):
    for _ in range(4):
        trial = begin(study)
        study.tell(trial, trial.params["x"])
    lost = begin(study)
    fail_and_requeue(study, study.trials[lost.number], Outcome.ended(Ending.WORKER_DIED), {RETRIES: 1})
    again = begin(study)
    assert again.params == lost.params
    assert (again.user_attrs[REPLICATE], again.user_attrs[REPLICATE_OF]) == ("seed=1", lost.user_attrs[REPLICATE_OF])


def test_a_run_that_two_workers_have_queued_is_run_once(study):
    """Behind a proxy there is no lock: the first of the two holds, the other is never taken."""
    for _ in range(4):
        trial = begin(study)
        study.tell(trial, trial.params["x"])
    best = max(study.trials, key=lambda trial: trial.value).number
    for _ in range(2):
        study.add_trial(
            optuna.trial.create_trial(
                state=TrialState.WAITING,
                user_attrs={REPLICATE: "seed=1", REPLICATE_OF: best},
                system_attrs={"fixed_params": study.trials[best].params},
            )
        )
    assert [trial.number for trial in TrialBudget.of(study.trials, 8).waiting] == [4]
    run(study, lambda trial: trial.params["x"], locked=False)
    ended = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    assert len(ended) == 8
    runs = [(t.user_attrs.get(REPLICATE_OF, t.number), t.user_attrs[REPLICATE]) for t in ended]
    assert len(set(runs)) == 8


def test_a_smaller_value_leads_where_it_is_better():
    study = optuna.create_study(direction="minimize")
    settings = by_setting(run(study, lambda t: t.params["x"], race=Race(SEEDS, 1, maximize=False)))
    assert len(settings[min(settings)]) == 3


def test_a_setting_that_breaks_a_constraint_does_not_lead(study):
    for _ in range(4):
        trial = begin(study)
        trial.set_constraint("latency", 1.0 if trial.number == 0 else -1.0)
        study.tell(trial, 2.0 if trial.number == 0 else trial.params["x"])
    assert begin(study).user_attrs[REPLICATE_OF] != 0


def test_the_best_trial_is_one_of_the_best_setting_not_the_luckiest_run(study):
    space = {"x": FloatDistribution(0, 1)}
    for x, value, seed, of in ((0.1, 0.9, 0, None), (0.2, 0.85, 0, None), (0.1, 0.2, 1, 0), (0.2, 0.84, 1, 1)):
        attributes = {REPLICATE: f"seed={seed}"} | ({} if of is None else {REPLICATE_OF: of})
        study.add_trial(
            optuna.trial.create_trial(params={"x": x}, distributions=space, value=value, user_attrs=attributes)
        )
    assert [trial.number for trial in StudyView.of(study).ranked] == [1, 3, 0, 2]
    assert StudyView.of(study).best_trials[0].number == 1


@given(total=st.integers(1, 25), leaders=st.integers(1, 4), seeds=st.integers(2, 4), workers=st.integers(1, 4))
def test_the_total_is_exact_and_no_run_is_done_twice(total, leaders, seeds, workers):
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    race = Race(tuple(f"seed={seed}" for seed in range(seeds)), leaders, maximize=True)
    running = []
    while True:
        while len(running) < workers and (trial := begin(study, total, race=race)) is not None:
            running.append(trial)
        if not running:
            break
        ended = running.pop(0)
        study.tell(ended, ended.params["x"])
    runs = [(t.user_attrs.get(REPLICATE_OF, t.number), t.user_attrs[REPLICATE]) for t in study.trials]
    assert len(runs) == len(set(runs)) == total


@pytest.mark.parametrize("leaders", [0, -1, True, "two"])
def test_leaders_that_are_no_number_are_refused(leaders):
    with pytest.raises(SpaceError, match="leaders"):
        Repeats.read({"over": "seed", "values": [0, 1], "leaders": leaders})
