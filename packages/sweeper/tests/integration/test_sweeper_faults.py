"""What the sweeper does when trials fail, hang or are killed, and when it is itself."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from optuna.trial import TrialState
from optuna_search.study.leases import gone
from optuna_search.trial.process import GRACE_S
from support.toy import Toy, all_output, toy_has_started, trial_processes, wait_for

pytestmark = pytest.mark.integration
SPACE = "x=interval(0,3)"
FOR_EVER = "sleep_s=3600"  # a test that waits for such a trial does not pass
COMPLETE, FAIL, WAITING = TrialState.COMPLETE, TrialState.FAIL, TrialState.WAITING


@pytest.fixture
def toy(tmp_path):
    return Toy(tmp_path)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        pytest.param("raise", "RuntimeError: the card is on fire", id="an exception"),
        pytest.param("exit", "the task ended its process with status 3", id="sys.exit"),
        pytest.param("kill", "killed by SIGKILL", id="a kill"),
        pytest.param("loader", "killed by SIGKILL", id="a kill while a process that it has forked lives"),
    ],
)
def test_a_failing_trial_ends_itself_and_not_the_sweep(toy, how, reason):
    printed = toy.sweep(SPACE, "fail_at=1", f"how={how}", "hydra.sweeper.max_failure_rate=0.5")
    assert toy.states() == [COMPLETE, FAIL, COMPLETE, COMPLETE]
    failed = toy.study().trials[1]
    assert failed.user_attrs["fail_reason"] == reason
    assert f"x is {failed.params['x']}" in failed.user_attrs["log_tail"]
    assert f"failed 1×: {reason}" in printed


def test_a_trial_that_hangs_is_ended_after_its_time(toy):
    toy.sweep(SPACE, "fail_at=1", "how=hang", "hydra.sweeper.trial_timeout_s=8", "hydra.sweeper.max_failure_rate=0.5")
    assert toy.states() == [COMPLETE, FAIL, COMPLETE, COMPLETE]
    failed = toy.study().trials[1]
    assert failed.user_attrs["fail_reason"] == "no result within trial_timeout_s=8"
    assert failed.user_attrs["log_tail"].endswith("about to hang")
    assert not trial_processes(toy)


def test_without_a_tolerated_failure_rate_the_first_failure_ends_the_sweep_and_results_are_written(toy):
    done = toy.run(SPACE, "fail_at=1", "how=raise")
    assert done.returncode != 0
    assert "1 of 2 trials failed" in done.stdout
    assert "the card is on fire" in done.stdout
    assert "Traceback" not in done.stdout
    assert "slots are started again" not in done.stdout
    assert toy.results().counts == {"complete": 1, "fail": 1}
    toy.sweep(SPACE, "hydra.sweeper.max_failure_rate=0.5")
    assert toy.states() == [COMPLETE, FAIL, COMPLETE, COMPLETE]


def test_when_all_trials_fail_the_commonest_reason_is_the_message(toy):
    done = toy.run("y=interval(0,1)", "x=nan", "hydra.sweeper.max_failure_rate=1")
    assert done.returncode != 0
    assert "failed 4×: the task returned NaN" in done.stdout
    assert "No trial ended with a result" in done.stdout
    assert "Traceback" not in done.stdout


def test_nan_and_a_wrong_number_of_values_are_failures_with_a_reason(toy):
    toy.sweep(
        "x=nan,1", "hydra/sweeper/sampler=grid", "hydra.sweeper.study_name=nan", "hydra.sweeper.max_failure_rate=1"
    )
    reasons = {trial.user_attrs.get("fail_reason") for trial in toy.study("nan").trials}
    assert reasons == {"the task returned NaN", None}
    done = toy.run("x=interval(0,1)", "two_objectives=true", "hydra.sweeper.max_failure_rate=1")
    assert "the task returned 2 values, but the study has 1 directions" in done.stdout
    assert "No trial ended with a result" in done.stdout


@pytest.mark.parametrize("isolation", ["process", "none"])
def test_a_failure_that_is_to_be_retried_is_with_the_overrides_for_it(toy, isolation):
    printed = toy.sweep(
        SPACE,
        "fail_at=1",
        "how=memory",
        "hydra.sweeper.retry_on=[OutOfMemoryError]",
        "hydra.sweeper.retry_overrides=['batch=8']",
        f"hydra.sweeper.isolation={isolation}",
    )
    trials = toy.study().trials
    assert [trial.state for trial in trials] == [COMPLETE, FAIL, COMPLETE, COMPLETE, COMPLETE]
    assert trials[2].user_attrs["retry_of"] == 1
    assert trials[2].params == trials[1].params
    batches = [OmegaConf.load(f"{trial.user_attrs['folder']}/.hydra/config.yaml").batch for trial in trials]
    assert batches == [16, 16, 8, 16, 16]
    assert toy.results().counts == {"complete": 4, "retried": 1}
    assert "to be tried again: OutOfMemoryError" in printed


def test_a_failure_is_retried_so_often_and_then_it_is_one(toy):
    toy.sweep(
        SPACE,
        "how=memory",
        "hydra.sweeper.n_trials=2",
        "hydra.sweeper.retry_on=[builtins.RuntimeError]",
        "hydra.sweeper.max_retries=2",
        "hydra.sweeper.max_failure_rate=0.5",
        "hydra.sweeper.enqueue=[{x: 0.25}, {x: 2}]",
        "fail_below=1",
    )
    trials = toy.study().trials
    assert [(trial.params["x"], trial.state) for trial in trials] == [(0.25, FAIL), (2, COMPLETE), *[(0.25, FAIL)] * 2]
    assert toy.results().counts == {"fail": 1, "complete": 1, "retried": 2}


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("isolation", ["process", "none"])
def test_a_sweep_that_is_told_to_end_gives_its_trial_back_and_is_resumed(toy, isolation, number, status):
    process = toy.start(SPACE, FOR_EVER, f"hydra.sweeper.isolation={isolation}")
    wait_for(lambda: "x is" in all_output(toy) or (isolation == "none" and toy_has_started(toy)))
    time.sleep(1)
    process.send_signal(number)
    printed, _ = process.communicate()
    assert process.returncode == status, printed
    assert toy.states() == [FAIL, WAITING]
    assert toy.study().trials[0].user_attrs["fail_reason"] == "interrupted"
    assert toy.results().counts == {"waiting": 1, "retried": 1}
    assert not trial_processes(toy)
    toy.sweep(SPACE)
    trials = toy.study().trials
    assert [trial.state for trial in trials] == [FAIL, *[COMPLETE] * 4]
    assert trials[1].params == trials[0].params
    assert trials[1].user_attrs["retries"] == 0


def test_a_killed_sweep_leaves_no_process_and_its_trial_is_run_when_the_study_is_resumed(toy):
    process = toy.start(SPACE, FOR_EVER)
    wait_for(lambda: "x is" in all_output(toy))
    process.kill()
    process.communicate()
    wait_for(lambda: not trial_processes(toy))
    assert toy.states() == [TrialState.RUNNING]
    printed = toy.sweep(SPACE)
    trials = toy.study().trials
    assert [trial.state for trial in trials] == [FAIL, *[COMPLETE] * 4]
    assert trials[0].user_attrs["fail_reason"] == "its worker died"
    assert trials[1].params == trials[0].params
    assert "Trial 0 has lost its worker; its parameters are queued again" in printed
    assert sorted(path.name for path in (toy.folder / "multirun/toy").glob("[0-9]*")) == ["0", "1", "2", "3", "4"]


def test_nothing_stays_in_the_temporary_folder_also_after_a_kill_and_a_new_start(toy, tmp_path_factory, monkeypatch):
    temporary = tmp_path_factory.mktemp("t")
    monkeypatch.setenv("TMPDIR", str(temporary))

    def made() -> list[str]:  # `heavy` has an exit handler for its plain folder, which a killed process does not call
        return [path.name for path in temporary.iterdir() if not path.name.startswith("plain-")]

    toy.sweep(SPACE, "hydra.sweeper.n_trials=1", "hydra.sweeper.preload=[heavy]")
    wait_for(lambda: list(temporary.iterdir()) == [])  # the fork server ends a moment later
    process = toy.start(SPACE, FOR_EVER, "hydra.sweeper.study_name=killed", "hydra.sweeper.preload=[heavy]")
    wait_for(lambda: any(toy.folder.glob("multirun/killed/0/.hydra/config.yaml")))
    for number in trial_processes(toy):
        with contextlib.suppress(ProcessLookupError):  # it ended because one before it was killed
            os.kill(int(number), signal.SIGKILL)
    process.communicate()
    assert {name.partition("-")[0] for name in made()} == {"sweep", "heavy"}
    toy.sweep(SPACE, "hydra.sweeper.n_trials=1", "hydra.sweeper.study_name=next", "hydra.sweeper.preload=[heavy]")
    wait_for(lambda: made() == [])


def test_the_process_that_waits_for_the_next_trial_may_die(toy):
    """It is started while a trial runs; the kernel may want its memory before its trial comes."""
    process = toy.start(SPACE, f"until={toy.folder}/go", "hydra.sweeper.n_trials=2")
    wait_for(lambda: waiting_process(toy) is not None)
    os.kill(waiting_process(toy), signal.SIGKILL)
    (toy.folder / "go").touch()
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    assert toy.states() == [COMPLETE] * 2
    assert not trial_processes(toy)


def waiting_process(toy: Toy) -> int | None:
    """The process without a trial: beside that of the running one, which writes its log, the only one of its parent."""
    log = toy.folder / "multirun/toy/0/console.log"
    pids = [int(pid) for pid in trial_processes(toy)]
    try:
        running = next((pid for pid in pids if Path(f"/proc/{pid}/fd/1").readlink() == log), None)
        if running is None:
            return None
        return next((pid for pid in pids if pid != running and parent_of(pid) == parent_of(running)), None)
    except OSError:  # one of them has ended meanwhile
        return None


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_killed_slot_is_started_again_within_the_sweep(toy):
    process = toy.start(
        SPACE,
        f"until={toy.folder}/go",
        "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2",
        "hydra.sweeper.n_jobs=2",
        "hydra.sweeper.n_trials=6",
    )
    wait_for(lambda: sum(state == TrialState.RUNNING for state in toy.states_if_there()) == 2)
    victim = next(trial for trial in toy.study().trials if trial.state == TrialState.RUNNING)
    os.kill(victim.system_attrs["lease"]["pid"], signal.SIGKILL)
    (toy.folder / "go").touch()
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    assert toy.results().counts.complete == 6
    assert toy.study().trials[victim.number].state == FAIL
    assert "slots are started again" in printed


def test_a_worker_elsewhere_that_died_is_waited_for_no_longer_than_its_lease(toy):
    """A study of two trials, one of which a worker of another machine has taken and then died."""
    toy.sweep(SPACE, "hydra.sweeper.n_trials=1")
    from optuna_search.study.queue import claim

    lease = {"machine": "elsewhere", "pid": 1, "started": 1, "beat": 3}
    assert not gone(lease)
    claim(toy.study(), 2, lease, locked=True)
    printed = toy.sweep(SPACE, "hydra.sweeper.n_trials=2", "hydra.sweeper.lease_s=3")
    assert toy.states() == [COMPLETE, FAIL, COMPLETE]
    assert "Waiting for trials that run elsewhere: 1" in printed


def test_two_controllers_share_a_study(toy, tmp_path):
    study = f"hydra.sweeper.storage=journal:{tmp_path}/shared.journal"
    other = Toy(tmp_path / "other")
    other.folder.mkdir()
    both = (toy, other)
    processes = [each.start(SPACE, study, f"until={tmp_path}/go", "hydra.sweeper.n_trials=10") for each in both]
    wait_for(lambda: all(any(each.folder.glob("multirun/toy/[0-9]*/.hydra/config.yaml")) for each in both))
    (tmp_path / "go").touch()
    for process in processes:
        printed, _ = process.communicate()
        assert process.returncode == 0, printed
    for each in both:
        assert each.results().counts == {"complete": 10}
    numbers = [{int(folder.name) for folder in each.folder.glob("multirun/toy/[0-9]*")} for each in both]
    assert not numbers[0] & numbers[1]
    assert numbers[0] | numbers[1] == set(range(10))
    assert all(numbers)


def test_a_study_made_anew_does_not_write_into_the_folders_of_the_old_one(toy):
    toy.sweep(SPACE, "hydra.sweeper.n_trials=2")
    (toy.folder / "multirun/optuna.journal").unlink()
    toy.sweep(SPACE, "hydra.sweeper.n_trials=2")
    names = sorted(path.name for path in (toy.folder / "multirun/toy").glob("[0-9]*"))
    assert names == ["0", "0_1", "1", "1_1"]
    assert toy.study().trials[1].user_attrs["folder"].endswith("1_1")


def test_ctrl_c_in_a_terminal_reaches_all_slots_and_costs_no_trial_a_retry(toy):
    """A terminal sends it to every process in it, joblib's workers included."""
    process = toy.start(
        SPACE, "sleep_s=60", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweeper.n_jobs=2"
    )  # fmt: skip
    wait_for(lambda: all_output(toy).count("x is") == 2)
    workers = {trial.system_attrs["lease"]["pid"] for trial in toy.study().trials if trial.state == TrialState.RUNNING}
    started = time.monotonic()
    for pid in (process.pid, *workers):
        os.kill(pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130, printed
    assert time.monotonic() - started < 15
    trials = toy.study().trials
    assert [trial.state for trial in trials] == [FAIL, FAIL, WAITING, WAITING]
    assert [trial.user_attrs["retries"] for trial in trials[2:]] == [0, 0]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_slots_in_threads_give_their_trials_back(toy, number, status):
    process = toy.start(SPACE, FOR_EVER, "hydra.sweeper.n_jobs=2")
    wait_for(lambda: all_output(toy).count("x is") == 2)
    process.send_signal(number)
    printed, _ = process.communicate()
    assert process.returncode == status, printed
    assert "Traceback" not in printed
    trials = toy.study().trials
    assert [trial.state for trial in trials] == [FAIL, FAIL, WAITING, WAITING]
    assert [trial.user_attrs["retries"] for trial in trials[2:]] == [0, 0]
    assert not trial_processes(toy)


def test_a_second_ctrl_c_waits_for_no_slot(toy):
    process = toy.start(SPACE, "how=hang", "fail_below=9", "hydra.sweeper.n_jobs=2")
    wait_for(lambda: all_output(toy).count("about to hang") == 2)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.5)  # the tasks have their time to tidy up
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate()
    assert process.returncode == 130, printed
    assert time.monotonic() - started < GRACE_S - 5
    assert [trial.state for trial in toy.study().trials] == [FAIL, FAIL, WAITING, WAITING]
    assert not trial_processes(toy)


def test_a_trial_ends_with_its_killed_sweep_also_when_the_shell_had_it_ignore_ctrl_c(toy):
    """As shells do with what they start in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = toy.start(SPACE, FOR_EVER)
    finally:
        signal.signal(signal.SIGINT, before)
    wait_for(lambda: "x is" in all_output(toy))
    process.kill()
    process.communicate()
    wait_for(lambda: not trial_processes(toy))
