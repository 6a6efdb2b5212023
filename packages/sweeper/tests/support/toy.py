"""The toy app run as a program, in a folder of its own."""

import os
import subprocess
import time
from pathlib import Path

import optuna
from omegaconf import OmegaConf
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from support import warm

TESTS = Path(__file__).parents[1]
APP = TESTS / "apps" / "toy" / "app.py"


class Toy:
    """The toy app in a folder of its own."""

    def __init__(self, folder: Path, python: str | None = None) -> None:
        self.folder = folder
        self.warnings = "error"
        self.python = python or warm.python(*warm.SWEEPER)

    def command(self, *overrides: str) -> list[str]:
        return [self.python, "-W", self.warnings, str(APP), "-m", *overrides]

    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": f"{TESTS.parent}:{APP.parent}", "COLUMNS": "160"}

    def start(self, *overrides: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*overrides),
            cwd=self.folder,
            env=self.environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *overrides: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*overrides)
        printed, _ = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, printed)

    def sweep(self, *overrides: str) -> str:
        done = self.run(*overrides)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def results(self, study: str = "toy"):
        return OmegaConf.load(self.folder / "multirun" / study / "optimization_results.yaml")

    def study(self, name: str = "toy") -> optuna.Study:
        storage = JournalStorage(JournalFileBackend(str(self.folder / "multirun" / "optuna.journal")))
        return optuna.load_study(study_name=name, storage=storage)

    def states_if_there(self) -> list[TrialState]:
        """The trials' states; none before the study is made."""
        try:
            return self.states()
        except (KeyError, FileNotFoundError):
            return []

    def states(self, name: str = "toy") -> list[TrialState]:
        return [trial.state for trial in self.study(name).trials]


def wait_for(condition, timeout_s: float = 120.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def all_output(toy: Toy) -> str:
    return "".join(path.read_text() for path in toy.folder.glob("multirun/toy/*/console.log"))


def toy_has_started(toy: Toy) -> bool:
    return any(toy.folder.glob("multirun/toy/0/.hydra/config.yaml"))


def trial_processes(toy: Toy) -> list[str]:
    """Processes whose working directory is the toy's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == toy.folder:
                found.append(process.name)
        except OSError:
            continue
    return found
