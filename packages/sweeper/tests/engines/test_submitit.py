"""Slots as jobs of submitit's, whose local executor stands for Slurm."""

import os
import signal
import sys

import pytest
from optuna.trial import TrialState
from support.aftermath import SHOW_SHARE, assert_exact, gpus_of_workers, workers
from support.toy import Toy, all_output, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SLOTS = ["hydra/launcher=submitit_local", "hydra.sweeper.n_jobs=2"]


@pytest.fixture
def toy(tmp_path):
    """With an interpreter of its own, because submitit starts others by it in ways of its own."""
    return Toy(tmp_path, sys.executable)


def test_jobs_run_exactly_the_total(toy, monkeypatch):
    monkeypatch.setenv("PYTHONWARNINGS", "error")  # in the slots and trials too
    printed = toy.sweep("x=interval(0,3)", "sleep_s=0.3", *SLOTS, "hydra.sweeper.n_trials=9")
    assert_exact(toy.study(), 9, [toy.folder / "multirun/toy"])
    assert len(workers(toy.study())) == 2
    assert "Warning" not in printed
    errors = [path.read_text() for path in toy.folder.rglob("*_log.err")]
    assert len(errors) == 2
    assert not [text for text in errors if "Warning" in text or "Traceback" in text]


def test_slots_divide_the_gpus_that_the_executor_shows_to_all_of_them(toy):
    """The local executor numbers the GPUs of every job from 0; Slurm gives each job others."""
    toy.sweep(
        "x=interval(0,3)",
        "sleep_s=0.3",
        SHOW_SHARE,
        *SLOTS,
        "hydra.launcher.gpus_per_node=2",
        "hydra.sweeper.n_trials=6",
    )
    seen = gpus_of_workers(toy.study(), toy.folder / "multirun/toy")
    assert sorted(map(sorted, seen.values())) == [["0"], ["1"]]


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGTERM, id="SIGTERM, as the machine's own end"),
        pytest.param(signal.SIGUSR2, id="SIGUSR2, upon which submitit queues the slot again"),
    ],
)
def test_a_preempted_slot_gives_its_trial_back_and_the_total_stays_exact(toy, number):
    process = toy.start("x=interval(0,3)", f"until={toy.folder}/go", *SLOTS, "hydra.sweeper.n_trials=4")
    wait_for(lambda: all_output(toy).count("x is") == 2)
    victim = toy.study().trials[0]
    os.kill(victim.system_attrs["lease"]["pid"], number)
    wait_for(lambda: toy.states()[0] == TrialState.FAIL)
    (toy.folder / "go").touch()
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    assert_once_more(toy, victim, 4)


@pytest.mark.parametrize(
    "max_num_timeout", [pytest.param(1, id="by submitit, as it may"), pytest.param(0, id="by the sweeper")]
)
def test_a_slot_whose_time_is_over_is_started_again_for_what_is_left(toy, max_num_timeout):
    """`timeout_min` is a slot's time and not a trial's; submitit tells the slot 30 s before its end."""
    process = toy.start(
        "x=interval(0,3)",
        f"until={toy.folder}/go",
        "hydra/launcher=submitit_local",
        "hydra.launcher.timeout_min=1",
        f"+hydra.launcher.max_num_timeout={max_num_timeout}",
    )
    wait_for(lambda: TrialState.FAIL in toy.states_if_there())
    (toy.folder / "go").touch()
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    [victim] = [trial for trial in toy.study().trials if trial.state != TrialState.COMPLETE]
    assert_once_more(toy, victim, 4)


def assert_once_more(toy, victim, n_trials) -> None:
    """The victim's parameters, and no others, were tried twice, the first time in vain."""
    trials = toy.study().trials
    assert [trial.number for trial in trials if trial.state != TrialState.COMPLETE] == [victim.number]
    finished = [tuple(trial.params.items()) for trial in trials if trial.number != victim.number]
    assert len(finished) == len(set(finished)) == n_trials
    assert tuple(victim.params.items()) in finished
    assert toy.results().counts["complete"] == n_trials
