"""Slots in joblib's processes, on one machine."""

import os
import signal
import subprocess
import time

import pytest
from optuna.trial import TrialState
from optuna_search.testing import LauncherConformance
from support.aftermath import SHOW_SHARE, assert_exact, gpus_of_workers, workers
from support.toy import APP, TESTS, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SLOTS = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweeper.n_jobs=2"]


def test_joblibs_processes_run_exactly_the_total(toy, monkeypatch):
    monkeypatch.setenv("PYTHONWARNINGS", "error")  # in the slots and trials too
    printed = toy.sweep("x=interval(0,3)", "sleep_s=0.3", *SLOTS, "hydra.sweeper.n_trials=9")
    assert_exact(toy.study(), 9, [toy.folder / "multirun/toy"])
    assert len(workers(toy.study())) == 2
    assert "Warning" not in printed


def test_ctrl_c_while_joblibs_processes_start_prints_no_traceback(toy):
    """A terminal sends it to every process in it, those that are still importing included."""
    process = subprocess.Popen(
        toy.command("x=interval(0,3)", "sleep_s=60", *SLOTS),
        cwd=toy.folder,
        env=toy.environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    while "Launching jobs" not in process.stdout.readline():
        assert process.poll() is None
    time.sleep(0.3)  # any moment of those in which they start will do
    os.killpg(process.pid, signal.SIGINT)
    printed, _ = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in printed


def test_no_slot_waits_for_another(toy):
    """While one slot is busy with a long trial the other runs all the short ones."""
    process = toy.start(
        f"until=choice({toy.folder}/go,{TESTS},{APP},{APP.parent})",  # all but the first are there already
        "hydra/sweeper/sampler=brute_force",
        f"hydra.sweeper.enqueue=[{{until: {toy.folder}/go}}]",
        *SLOTS,
    )
    wait_for(lambda: toy.states_if_there().count(TrialState.COMPLETE) == 3)
    assert toy.states()[0] == TrialState.RUNNING
    (toy.folder / "go").touch()
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    assert toy.states() == [TrialState.COMPLETE] * 4


def test_each_slot_has_a_gpu_that_no_other_sees(toy, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    toy.sweep("x=interval(0,3)", "sleep_s=0.3", SHOW_SHARE, *SLOTS, "hydra.sweeper.n_trials=6")
    seen = gpus_of_workers(toy.study(), toy.folder / "multirun/toy")
    assert sorted(map(sorted, seen.values())) == [["4"], ["6"]]


def test_a_launcher_with_fewer_places_than_slots_is_reported(toy):
    printed = toy.sweep("x=interval(0,3)", "hydra/launcher=joblib", "hydra.launcher.n_jobs=1", "hydra.sweeper.n_jobs=2")
    assert "hydra.sweeper.n_jobs=2, but the launcher runs one slot after the other" in printed
    assert "Set hydra.launcher.n_jobs=2" in printed
    assert_exact(toy.study(), 4, [toy.folder / "multirun/toy"])


class TestJoblibLauncher(LauncherConformance):
    launcher = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    slots = 2
