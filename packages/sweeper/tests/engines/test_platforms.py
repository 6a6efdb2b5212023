"""Where an operating system lacks what this one has: Windows and macOS, as far as a Linux can be made poorer."""

import os
import signal
import sys
import time

import pytest
from support.toy import TESTS, Toy, all_output, trial_processes, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(300)]

SPACE = "x=interval(0,3)"
ALONE = ["os.fork", "os.killpg", "os.setpgid", "signal.SIGKILL", "signal.SIGUSR2", "signal.pthread_sigmask", "fcntl"]
EVERYTHING = " ".join(
    [
        *("os.getpgid", "os.setsid", "os.getsid", "os.nice", "os.sched_getaffinity", "os.sysconf", "os.geteuid"),
        *("signal.SIGUSR1", "signal.SIGHUP", "pwd", "resource", *ALONE),
    ]
)


class Poorer(Toy):
    """The toy app where something is missing in each process of it."""

    def __init__(self, folder, taken: str) -> None:
        super().__init__(folder, sys.executable)
        self.taken = taken
        self.warnings = "default" if "fcntl" in taken else "error"  # filelock warns; Windows has locks of its own

    def environment(self) -> dict[str, str]:
        known = super().environment()
        path = os.pathsep.join([str(TESTS / "support" / "poorer"), known["PYTHONPATH"]])
        return known | {"PYTHONPATH": path, "TAKEN": self.taken}


@pytest.mark.parametrize("taken", [*ALONE, pytest.param(EVERYTHING, id="everything")])
def test_a_search_runs(tmp_path, taken):
    toy = Poorer(tmp_path, taken)
    toy.sweep(SPACE, "fail_at=1", "how=raise", "hydra.sweeper.n_jobs=2", "hydra.sweeper.max_failure_rate=0.5")
    assert sorted(state.name for state in toy.states()) == ["COMPLETE", "COMPLETE", "COMPLETE", "FAIL"]
    assert toy.study().trials[1].user_attrs["fail_reason"] == "RuntimeError: the card is on fire"


@pytest.mark.parametrize("how", ["sleep_s=600", "how=hang fail_below=9"], ids=["tidies up", "hangs"])
@pytest.mark.parametrize("taken", ["os.killpg", "signal.SIGKILL", pytest.param(EVERYTHING, id="everything")])
def test_ctrl_c_gives_the_trial_back(tmp_path, taken, how):
    """A trial that hangs needs a second one, and is killed then."""
    toy = Poorer(tmp_path, taken)
    process = toy.start(SPACE, *how.split())
    wait_for(lambda: "x is" in all_output(toy) and ("hang" not in how or "about to hang" in all_output(toy)))
    process.send_signal(signal.SIGINT)
    if "hang" in how:
        time.sleep(1)  # two at once are one
        process.send_signal(signal.SIGINT)
    printed, _ = process.communicate()
    assert process.returncode == 130, printed
    assert "Traceback" not in printed
    assert [state.name for state in toy.states()] == ["FAIL", "WAITING"]
    assert not trial_processes(toy)


def test_no_trial_outlives_a_killed_search(tmp_path):
    toy = Poorer(tmp_path, EVERYTHING)
    process = toy.start(SPACE, "sleep_s=600")
    wait_for(lambda: "x is" in all_output(toy))
    process.kill()
    process.communicate()
    wait_for(lambda: not trial_processes(toy))
