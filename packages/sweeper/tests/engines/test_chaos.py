"""Whatever is killed, and whenever: the same command again ends in exactly the study's total, nothing lost or double.

Trials, workers, the controller, or everything at once are killed with SIGKILL at moments of chance; each study goes
on, by the same command, until it says that it is complete.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from omegaconf import OmegaConf
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from optuna_search.attributes import DUE, FIXED_PARAMS, LEASE, RETRY_OF
from optuna_search.study.leases import gone
from optuna_search.study.queue import TrialBudget
from support.aftermath import load
from support.toy import Toy, trial_processes

pytestmark = [pytest.mark.integration, pytest.mark.slow]
N_TRIALS = 12
STARTED = (1, 4)  # seeds whose programs are started by Python itself, one of each kind; the others are forked
KILLS = 7  # in each study
VICTIMS = ["trial"] * 3 + ["worker"] * 2 + ["controller"] * 2 + ["all"]
SETTINGS = [
    "x=interval(0,3)",
    "sleep_s=0.5",
    "hydra/launcher=joblib",
    "hydra.launcher.n_jobs=2",
    "hydra.sweeper.n_jobs=2",
    f"hydra.sweeper.n_trials={N_TRIALS}",
    "hydra.sweeper.max_failure_rate=1",
    "hydra.sweeper.max_retries=100",
]


class Chaos:
    """Runs a sweep and kills what it is made of.

    Attributes:
        kills: How often what was killed.
    """

    def __init__(self, toy: Toy, settings: list[str], study: Callable[[], optuna.Study], seed: int) -> None:
        self._toy = toy
        self._settings = settings
        self._study = study
        self._chance = random.Random(seed)
        self._printed = toy.folder.parent / "printed"
        self._controller: subprocess.Popen[str] | None = None
        self.kills: Counter[str] = Counter()

    def run(self) -> None:
        """Start, kill, start again, until the study is complete and nothing more is to be killed."""
        try:
            while not self._ended():
                if self.kills.total() < KILLS and self._running():
                    time.sleep(self._chance.uniform(0, 0.8))
                    self._kill(self._chance.choice(VICTIMS))
                time.sleep(0.1)
        finally:
            for pid in trial_processes(self._toy):  # joblib's idle workers outlive a killed controller by minutes
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)

    def _ended(self) -> bool:
        """Whether a controller has said that the study is complete; one that is no more is started again."""
        if self._controller is not None and self._controller.poll() is None:
            return False
        if self._controller is not None:
            if self._controller.returncode == 0:
                return True
            # killed, or its launcher had lost a worker before any trial had begun
            printed = self._printed.read_text()
            assert self._controller.returncode == -signal.SIGKILL or "TerminatedWorkerError" in printed, printed
        with self._printed.open("w") as file:  # no pipe: what outlives a killed controller would hold it open
            self._controller = subprocess.Popen(
                self._toy.command(*self._settings),
                cwd=self._toy.folder,
                env=self._toy.environment(),
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        return False

    def _running(self) -> list[FrozenTrial]:
        try:
            trials = self._study().get_trials(deepcopy=False)
        except (KeyError, FileNotFoundError):  # not made yet
            return []
        running = [trial for trial in trials if trial.state == TrialState.RUNNING]
        return [trial for trial in running if not gone(trial.system_attrs[LEASE])]  # not what was killed before

    def _kill(self, victim: str) -> None:
        running = self._running()
        assert self._controller is not None
        pids = {
            "trial": [trial.user_attrs["pid"] for trial in running if "pid" in trial.user_attrs][:1],
            "worker": [trial.system_attrs[LEASE]["pid"] for trial in running][:1],
            "controller": [self._controller.pid],
            "all": [int(pid) for pid in trial_processes(self._toy)],
        }[victim]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # it was faster
                os.kill(pid, signal.SIGKILL)
        self.kills[victim] += bool(pids)


@pytest.mark.parametrize(
    ("kind", "seed"), [("journal", 1), ("journal", 2), ("journal", 3), ("postgresql", 4), ("postgresql", 5)]
)
def test_a_study_survives_its_killers(tmp_path, kind, seed, request, capsys):
    toy = Toy(tmp_path / "app", sys.executable if seed in STARTED else None)
    toy.folder.mkdir()
    if kind == "postgresql":
        url = request.getfixturevalue("database")
        settings, study = [*SETTINGS, f"hydra.sweeper.storage={url}"], lambda: load(url)
    else:
        path = str(toy.folder / "multirun/optuna.journal")
        settings, study = (
            SETTINGS,
            lambda: optuna.load_study(study_name="toy", storage=JournalStorage(JournalFileBackend(path))),
        )
    chaos = Chaos(toy, settings, study, seed)
    chaos.run()
    trials = study().trials
    with capsys.disabled():
        states = Counter(trial.state.name for trial in trials)
        print(f"\n{kind}, seed {seed}: killed {dict(chaos.kills)}; {len(trials)} trials: {dict(states)}")
    assert_nothing_lost(trials)
    assert_folders_intact(trials)
    results = toy.results()
    assert sum(count for state, count in results.counts.items() if state != "retried") == N_TRIALS
    assert results.best_value == study().best_value


def assert_nothing_lost(trials: list[FrozenTrial]) -> None:
    """Exactly the total has ended, and of everything that was drawn exactly one trial stands."""
    standing = TrialBudget.of(trials, N_TRIALS)
    assert len(standing.finished) == len(standing.taken) == N_TRIALS
    assert standing.waiting == ()
    assert len(trials) == N_TRIALS + len(standing.repeated)
    stands = Counter(origin(trials, trial) for trial in standing.taken)
    assert set(stands.values()) == {1}
    assert set(stands) == {trial.number for trial in trials if RETRY_OF not in trial.user_attrs}
    for trial in trials:
        original = trial.user_attrs.get(RETRY_OF)
        # one that was killed before it began has its point from the queue
        point = {**trial.system_attrs.get(FIXED_PARAMS, {}), **trial.params}
        assert original is None or trials[original].params.items() <= point.items()
        assert trial not in standing.repeated or DUE in trial.user_attrs
    points = [trial.params["x"] for trial in standing.taken]
    assert len(set(points)) == N_TRIALS


def assert_folders_intact(trials: list[FrozenTrial]) -> None:
    """Every completed trial has the folder of its number, with its own point and its own output."""
    for trial in trials:
        if trial.state != TrialState.COMPLETE:
            continue
        folder = trial.user_attrs["folder"]
        assert folder.endswith(f"/{trial.number}")
        assert OmegaConf.load(f"{folder}/.hydra/config.yaml").x == trial.params["x"]
        with Path(folder, "console.log").open() as printed:
            assert printed.read().count("x is") == 1


def origin(trials: list[FrozenTrial], trial: FrozenTrial) -> int:
    """The trial in which the point was first drawn."""
    while RETRY_OF in trial.user_attrs:
        trial = trials[trial.user_attrs[RETRY_OF]]
    return trial.number
