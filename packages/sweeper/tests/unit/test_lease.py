"""Leases: a living worker is left alone, a dead one is found on every storage."""

import signal
import subprocess
import sys
import threading
import time

import optuna
import pytest
from optuna.trial import TrialState
from optuna_search.attributes import RETRIES, RETRY_OF
from optuna_search.run.signals import noting_its_end, terminate, told_to_end
from optuna_search.study import leases as lease
from optuna_search.study.leases import Lease, WorkerWatch, due_retry, gone, owner
from optuna_search.study.queue import claim
from optuna_search.study.storages import open_storage
from optuna_search.trial.job import Terminated

ELSEWHERE = {"machine": "another", "pid": 1, "started": 1, "beat": 0}


@pytest.fixture(params=["journal", "sqlite"])
def study(request, tmp_path):
    spec = {"journal": f"journal:{tmp_path}/o.journal", "sqlite": f"sqlite:///{tmp_path}/o.db"}[request.param]
    return optuna.create_study(study_name="s", storage=open_storage(spec))


def states(study):
    return [trial.state for trial in study.trials]


def test_this_process_lives():
    assert not gone(owner())


def test_a_process_that_has_ended_is_gone():
    code = "from optuna_search.study.leases import owner; import json; print(json.dumps(owner()))"
    import json

    dead = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)
    assert dead["machine"] == owner()["machine"]
    assert gone(dead)


def test_a_later_process_with_the_same_number_is_another_one():
    assert gone({**owner(), "started": owner()["started"] - 1})


def test_a_process_of_another_machine_cannot_be_judged_by_its_number():
    assert not gone({**ELSEWHERE, "pid": 2**22 + 1})


def test_a_watch_queues_again_what_a_dead_process_of_this_machine_left(study):
    claim(study, 1, {**owner(), "started": owner()["started"] - 1, "beat": 0}, locked=True)
    WorkerWatch(study, lease_s=60, max_retries=3).look()
    assert states(study) == [TrialState.FAIL, TrialState.WAITING]
    assert study.trials[0].user_attrs["fail_reason"] == "its worker died"
    assert study.trials[1].user_attrs[RETRY_OF] == 0


def test_a_worker_elsewhere_is_dead_when_it_shows_no_sign_of_life_for_a_lease(study, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(lease.time, "monotonic", lambda: now)
    claim(study, 1, ELSEWHERE, locked=True)
    watch = WorkerWatch(study, lease_s=10, max_retries=3)
    watch.look()
    now += 9
    watch.look()
    assert states(study) == [TrialState.RUNNING]
    study._storage.set_trial_system_attr(study.trials[0]._trial_id, "lease", {**ELSEWHERE, "beat": 1})
    now += 9
    watch.look()
    assert states(study) == [TrialState.RUNNING]
    now += 10.5
    watch.look()
    assert states(study) == [TrialState.FAIL, TrialState.WAITING]


def test_a_held_lease_is_renewed_and_a_lost_one_is_noticed(study):
    lost = threading.Event()
    with Lease(study._storage, lease_s=0.15) as kept:
        trial_id = claim(study, 1, kept.first, locked=True)
        with kept.held(trial_id, lost.set):
            wait_for(lambda: study.trials[0].system_attrs["lease"]["beat"] > 1)
            assert not lost.is_set()
            study.tell(0, state=TrialState.FAIL)
            assert lost.wait(60)


def test_parameters_that_kill_their_workers_are_given_up_in_the_end(study):
    dead = {**owner(), "started": owner()["started"] - 1, "beat": 0}
    watch = WorkerWatch(study, lease_s=60, max_retries=2)
    for _ in range(3):
        claim(study, 1, dead, locked=True)
        watch.look()
    assert states(study) == [TrialState.FAIL] * 3
    assert [trial.user_attrs.get(RETRIES, 0) for trial in study.trials] == [0, 1, 2]


def test_after_an_interrupt_the_end_of_the_sweeps_own_workers_is_waited_for(study):
    """A launcher that has killed its processes does not wait until they are gone."""
    worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        its = {**owner(), "pid": worker.pid, "started": lease._started(worker.pid), "slot": [2, 0], "beat": 0}
        claim(study, 1, its, locked=True)
        watch = WorkerWatch(study, lease_s=60, max_retries=3)
        watch.interrupted.set()
        threading.Timer(0.3, worker.kill).start()
        watch.look_after_interrupt(2)
    finally:
        worker.kill()
        worker.communicate()
    assert states(study) == [TrialState.FAIL, TrialState.WAITING]
    assert study.trials[1].user_attrs[RETRIES] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_noted_before_it_is_raised(number):
    noted = threading.Event()
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        with pytest.raises((KeyboardInterrupt, Terminated)), noting_its_end(noted.set):
            signal.raise_signal(number)
        assert noted.is_set()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
        told_to_end.clear()


def test_being_told_to_end_is_no_fault_of_the_trial(study):
    claim(study, 1, ELSEWHERE, locked=True)
    study.trials[0]
    assert due_retry(study.trials[0], 0, counts=False) == {RETRIES: 0}
    assert due_retry(study.trials[0], 0) is None


def wait_for(condition, timeout_s=60.0):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
