"""Too few slots are seen by the trials that slots draw, whatever launcher runs them."""

import os

import optuna
import pytest
from omegaconf import OmegaConf
from optuna_search.run import slots
from optuna_search.run.slots import SlotWatch, limits
from optuna_search.study.leases import Lease
from optuna_search.study.queue import claim

RUN = 7


@pytest.fixture
def study():
    return optuna.create_study()


@pytest.fixture
def clock(monkeypatch):
    """The watch's clock, in a list."""
    now = [1000.0]
    monkeypatch.setattr(slots.time, "monotonic", lambda: now[0])
    return now


def watch(study, n_jobs, *, n_trials=20, **settings):
    return SlotWatch(study, RUN, n_jobs, n_trials, OmegaConf.create({"_target_": "some.Launcher", **settings}))


def draw(study, slot, *, run=RUN, pid=1, n_trials=20):
    """A slot in a process of its own, or in this one, draws a trial."""
    lease = Lease(study._storage, lease_s=60, slot=(run, slot)).first
    claim(study, n_trials, {**lease, "pid": pid}, locked=True)


def test_slots_that_do_not_begin_are_reported_once(study, clock, caplog):
    watched = watch(study, 3, max_jobs=2)
    for slot in (0, 1, 0):
        draw(study, slot)
    watched.look()
    clock[0] += 29
    watched.look()
    assert caplog.text == ""
    clock[0] += 2
    watched.look()
    assert "hydra.sweeper.n_jobs=3, but 30 s after the first trial was drawn only 2 have begun" in caplog.text
    assert "Set hydra.launcher.max_jobs=3" in caplog.text
    assert watched._settled.is_set()


def test_slots_that_begin_late_but_in_time_are_no_news(study, clock, caplog):
    watched = watch(study, 2)
    draw(study, 0)
    watched.look()
    clock[0] += 25
    draw(study, 1)
    watched.look()
    clock[0] += 25
    watched.look()
    assert caplog.text == ""
    assert watched._settled.is_set()


def test_the_slots_of_another_controller_do_not_count(study, clock, caplog):
    watched = watch(study, 2)
    draw(study, 0)
    draw(study, 1, run=RUN - 1)
    watched.look()
    clock[0] += 31
    watched.look()
    assert "only 1 have begun" in caplog.text


def test_slots_for_which_no_trial_is_left_are_not_missed(study, clock, caplog):
    watched = watch(study, 3, n_trials=1)
    draw(study, 0, n_trials=1)
    watched.look()
    clock[0] += 31
    watched.look()
    assert caplog.text == ""


def test_a_launcher_that_runs_slots_in_this_process_runs_them_in_turn(study, caplog):
    """A process runs one trial at a time: there is nothing to wait for."""
    watched = watch(study, 4)
    draw(study, 0, pid=os.getpid())
    watched.look()
    assert caplog.text == ""
    draw(study, 0, pid=os.getpid())
    watched.look()
    assert "the launcher runs one slot after the other, in this process" in caplog.text
    assert "Let the launcher run 4 jobs at once, or take one that can, such as hydra/launcher=joblib" in caplog.text


def test_a_sweep_that_is_over_soon_is_looked_at_in_the_end(study, caplog):
    with watch(study, 2):
        draw(study, 0, pid=os.getpid())
        draw(study, 0, pid=os.getpid())
    assert caplog.text.count("one slot after the other") == 1


def test_a_single_slot_is_not_watched(study):
    with watch(study, 1) as watched:
        assert not watched._thread.is_alive()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({"n_jobs": 2, "verbose": 0, "batch_size": "auto"}, ["n_jobs"], id="a number that is too small"),
        pytest.param({"n_jobs": -1}, ["n_jobs"], id="all cores, which are too few"),
        pytest.param({"array_parallelism": 256, "nodes": 1}, [], id="enough"),
        pytest.param({"array_parallelism": 3, "nodes": 1}, ["array_parallelism"], id="of an array"),
        pytest.param({"parallel": True, "workers": "${oc.env:NOT_SET}"}, [], id="no numbers"),
    ],
)
def test_settings_that_bound_the_jobs_are_told_by_their_names_and_values(settings, expected):
    assert list(limits(OmegaConf.create(settings), 4)) == expected
