"""Slots in threads: how many there are, and how they end."""

import threading

import pytest
from optuna_search.errors import SpaceError
from optuna_search.run.settings import check_settings
from optuna_search.run.threads import count_slots, run_in_threads
from optuna_search.trial import devices
from optuna_search.trial.job import Terminated
from optuna_search.trial.stop import Stop

BASIC = {"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"}
JOBLIB = {"_target_": "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"}
OPTIONS = {"n_jobs": "auto", "n_trials": 100, "isolation": "process", "devices": "auto", "slots_per_gpu": 1}


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    monkeypatch.setattr(devices, "available_cores", lambda: 8)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, 3, id="one for each GPU"),
        pytest.param({"slots_per_gpu": 4}, 12, id="several for each GPU"),
        pytest.param({"slots_per_gpu": "auto"}, 3, id="no fewer than GPUs"),
        pytest.param({"slots_per_gpu": "auto", "devices": [1]}, 4, id="half as many as cores"),
        pytest.param({"devices": [1]}, 1, id="of the listed GPUs"),
        pytest.param({"devices": "cpu"}, 8, id="one for each core"),
        pytest.param({"devices": "cpu", "n_trials": 5}, 5, id="no more than trials"),
        pytest.param({"isolation": "none"}, 1, id="one where trials run in this process"),
        pytest.param({"n_jobs": 20}, 20, id="the number that is asked for"),
    ],
)
def test_auto_is_what_the_machine_can_run(changed, expected):
    assert count_slots(OPTIONS | changed, BASIC) == expected


def test_auto_is_refused_where_another_launcher_decides():
    with pytest.raises(SpaceError, match="for Hydra's own launcher"):
        count_slots(OPTIONS, JOBLIB)
    assert count_slots(OPTIONS | {"n_jobs": 2}, JOBLIB) == 2


@pytest.mark.parametrize("wrong", ["all", 0, -1, 1.5, True, None])
def test_what_is_no_number_of_slots_is_refused(wrong):
    with pytest.raises(SpaceError, match=r"hydra\.sweeper\.n_jobs="):
        check_settings({"n_jobs": wrong, "n_trials": 1, "max_retries": 0, "timeout_s": None})


def test_what_slots_return_comes_in_their_order():
    second_ran = threading.Event()

    def first():
        assert second_ran.wait(60)
        return 1

    def second():
        second_ran.set()
        return 2

    assert run_in_threads([first, second], Stop()) == [1, 2]


def test_a_slots_own_error_is_raised_when_the_others_have_ended():
    ended = threading.Event()

    def fail():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run_in_threads([fail, ended.set], Stop())
    assert ended.is_set()


@pytest.mark.parametrize(
    ("told", "at_once"), [([KeyboardInterrupt()], False), ([KeyboardInterrupt()] * 2, True), ([Terminated(143)], True)]
)
def test_a_stop_passes_on_what_it_was_told(told, at_once):
    stop = Stop()
    stop.check()
    for reason in told:
        stop.ask(reason)
    assert stop.at_once.is_set() == at_once
    with pytest.raises(type(told[0])):
        stop.check()
