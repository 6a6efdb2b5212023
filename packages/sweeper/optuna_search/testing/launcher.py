"""What the sweeper needs of a launcher."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from optuna_search.ending import Ending
from optuna_search.study.reading import open_study
from optuna_search.study.views import StudyView

STUDY = "conformance"
APP = """
import time, hydra
from optuna_search import current_trial

@hydra.main(version_base="1.3", config_path=None)
def main(cfg):
    current_trial().set_user_attr("seen", cfg.x)
    time.sleep(cfg.sleep_s)
    if cfg.fail:
        raise ValueError("as it should")
    return cfg.x

if __name__ == "__main__":
    main()
"""


class LauncherConformance:
    """What the sweeper needs of a launcher; two sweeps of a small app are run with it.

    Attributes:
        launcher: The overrides that choose and configure it.
        slots: How many slots it is to run at once.
    """

    launcher: ClassVar[Sequence[str]]
    slots: ClassVar[int] = 1

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Where the sweeps are run."""
        folder = tmp_path_factory.mktemp("launcher")
        (folder / "app.py").write_text(APP)
        return folder

    @pytest.fixture(scope="class")
    @classmethod
    def printed(cls, folder: Path) -> str:
        """What a sweep of six trials printed."""
        done = cls._sweep(folder, STUDY, "+sleep_s=0.5", "+fail=false")
        assert done.returncode == 0, done.stdout
        return done.stdout

    @pytest.fixture
    def view(self, folder: Path, printed: str) -> StudyView:
        """What it left."""
        return open_study(f"journal:{folder}/studies", STUDY)

    @classmethod
    def _sweep(cls, folder: Path, study: str, *overrides: str) -> subprocess.CompletedProcess[str]:
        command = [
            *(sys.executable, "app.py", "-m", "hydra/sweeper=optuna_search", "+x=interval(0,1)", *overrides),
            *(f"hydra.sweeper.study_name={study}", "hydra.sweeper.storage=journal:studies"),
            *("hydra.sweeper.n_trials=6", f"hydra.sweeper.n_jobs={cls.slots}", "hydra.sweep.dir=sweep"),
            *("hydra.sweeper.enqueue=[]", *cls.launcher),
        ]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return subprocess.run(
            command,
            cwd=folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )

    def test_every_trial_is_run_once(self, view: StudyView) -> None:
        assert [trial.ending for trial in view.trials] == [Ending.COMPLETED] * 6
        assert [trial.user_attrs["seen"] for trial in view.trials] == [trial.params["+x"] for trial in view.trials]

    def test_every_trial_has_the_folder_of_its_number(self, view: StudyView, folder: Path) -> None:
        assert [trial.folder for trial in view.trials] == [folder / "sweep" / str(number) for number in range(6)]
        assert all((folder / "sweep" / str(number) / ".hydra" / "config.yaml").is_file() for number in range(6))

    def test_all_slots_draw_trials_at_the_same_time(self, view: StudyView, printed: str) -> None:
        assert len({trial.worker for trial in view.trials}) == self.slots
        assert f"hydra.sweeper.n_jobs={self.slots}, but" not in printed

    def test_what_ends_a_slot_ends_the_sweep_with_its_reason(self, folder: Path, printed: str) -> None:
        done = self._sweep(folder, "failing", "+sleep_s=0", "+fail=true")
        assert done.returncode != 0
        assert "ValueError: as it should" in done.stdout
        assert "hydra.sweeper.max_failure_rate" in done.stdout
