"""Breadth first, then another run where it pays: exact, and the same for any number of workers."""

import math
import statistics

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
from optuna_search.study.race import Gains, Race, Runs
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


def repeats(trials):
    return [trial for trial in trials if REPLICATE_OF in trial.user_attrs]


@pytest.mark.parametrize("locked", [True, False])
def test_six_settings_are_tried_and_the_two_best_run_with_a_second_seed(study, locked):
    trials = run(study, lambda trial: trial.params["x"], locked=locked)
    assert [trial.user_attrs[REPLICATE] for trial in trials[:6]] == ["seed=0"] * 6
    best = sorted((trial.params["x"] for trial in trials[:6]), reverse=True)[:2]
    settings = by_setting(trials)
    assert len(trials) == 8
    assert [settings[x] for x in best] == [["seed=0", "seed=1"]] * 2


@pytest.mark.parametrize("total", [1, 3, 5, 7])
def test_where_the_total_is_small_every_run_is_a_new_setting(study, total):
    assert len(by_setting(run(study, lambda trial: trial.params["x"], n_trials=total))) == total


def test_where_seeds_hardly_scatter_only_the_second_runs_are_repetitions(study):
    trials = run(study, lambda trial: trial.params["x"] + 1e-3 * (REPLICATE_OF in trial.user_attrs), n_trials=24)
    assert [trial.number for trial in repeats(trials)] == [18, 19]


def test_where_seeds_scatter_more_than_settings_the_last_quarter_is_repetitions(study):
    noise = {"seed=0": 0.0, "seed=1": -0.4, "seed=2": 0.4}

    def value(trial):
        return 0.01 * trial.params["x"] + noise[trial.user_attrs[REPLICATE]]

    trials = run(study, value, n_trials=24, race=Race(SEEDS, 3, maximize=True))
    assert [trial.number for trial in repeats(trials)] == [*range(18, 24)]


def test_a_leader_whose_luck_was_its_seed_makes_room_for_the_next(study):
    """The best of the first settings falls behind with its second seed: its third goes to nobody's luck."""

    def value(trial):
        if trial.number == 0:
            return 2.0
        return -5.0 if trial.user_attrs.get(REPLICATE_OF) == 0 else trial.params["x"]

    trials = repeats(run(study, value, n_trials=24))
    of = [trial.user_attrs[REPLICATE_OF] for trial in trials]
    assert of.count(0) == 1
    assert len(set(of)) > 2


def test_a_longer_study_draws_new_settings_first_and_knows_how_far_seeds_scatter(study):
    run(study, lambda trial: trial.params["x"])
    trials = run(study, lambda trial: trial.params["x"], n_trials=24)
    assert [trial.number for trial in repeats(trials)] == [6, 7]
    assert len(trials) == 24


def test_equal_values_are_no_reason_to_repeat(study):
    assert len(repeats(run(study, lambda _: 1.0, n_trials=24))) == 2


def setting(*values, begun=None):
    """A setting's runs, with these values."""
    first = optuna.trial.create_trial(value=values[0])
    return Runs(first, values, frozenset(SEEDS[: begun or len(values)]))


def test_a_run_is_worth_what_it_is_expected_to_add_to_the_best():
    """The spread of the better half, (1 + 0) / 2, and of runs, 0.02, by hand."""
    gains = Gains.of([setting(1.1, 0.9), setting(0.0), setting(-9.0)])
    assert (gains.centre, gains.between, gains.within) == pytest.approx((0.0, 0.48, 0.02))
    best = 0.48 / (0.48 + 0.02 / 2)
    spread = 0.48 / 0.5**0.5
    mark = best / spread
    above = statistics.NormalDist().pdf(mark) - mark * statistics.NormalDist().cdf(-mark)
    assert gains.of_new == pytest.approx(spread * above)


def test_a_run_that_is_on_its_way_makes_the_next_one_worth_less():
    others = [setting(0.9, 0.7), setting(0.2), setting(0.1)]
    alone, joined = setting(1.0), setting(1.0, begun=2)
    assert Gains.of([joined, *others]).of_another_run(joined) < Gains.of([alone, *others]).of_another_run(alone)


def test_of_too_few_settings_the_next_is_new():
    assert Gains.of([setting(1.0), setting(0.5)]).of_new == math.inf


def test_where_no_leader_is_known_yet_nobody_waits(study):
    begun = [begin(study) for _ in range(8)]
    assert begin(study) is None
    assert all(trial.user_attrs[REPLICATE] == "seed=0" for trial in begun)


def test_a_run_of_a_leader_whose_worker_died_is_run_again_with_its_seed(study):
    for _ in range(6):
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
    trials = run(study, lambda t: t.params["x"], race=Race(SEEDS, 2, maximize=False))
    lowest = sorted(trials[:6], key=lambda trial: trial.params["x"])[:2]
    assert [trial.user_attrs[REPLICATE_OF] for trial in repeats(trials)] == [trial.number for trial in lowest]


def test_a_setting_that_breaks_a_constraint_does_not_lead(study):
    for _ in range(6):
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
