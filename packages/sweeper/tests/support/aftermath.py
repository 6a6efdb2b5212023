"""What a sweep has to leave behind, whatever ran its trials and wherever its study is kept."""

import re
from collections.abc import Sequence
from pathlib import Path

import optuna
from omegaconf import OmegaConf
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy.pool import NullPool


def load(url: str, name: str = "toy") -> optuna.Study:
    """A study in a database, read over connections that are not kept."""
    return optuna.load_study(study_name=name, storage=RDBStorage(url, engine_kwargs={"poolclass": NullPool}))


def assert_exact(study: optuna.Study, n_trials: int, folders: Sequence[Path], *, locked: bool = True) -> None:
    """The study has its total, no point twice, and each trial the one folder of its number.

    Args:
        study: The study.
        n_trials: Its total.
        folders: The sweep's folder, or those of several controllers.
        locked: Whether the storage has a lock. Without one, two workers may both queue the last place; what nobody took
            then stays queued, for the day on which the total is raised.
    """
    trials = [trial for trial in study.trials if locked or trial.state != TrialState.WAITING]
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * n_trials
    assert len({tuple(trial.params.items()) for trial in trials}) == n_trials
    jobs = sorted((job for folder in folders for job in folder.glob("[0-9]*")), key=lambda job: int(job.name))
    assert [int(job.name) for job in jobs] == [trial.number for trial in trials]
    for job, trial in zip(jobs, trials, strict=True):
        assert OmegaConf.load(job / ".hydra/hydra.yaml").hydra.job.num == trial.number
        assert OmegaConf.load(job / ".hydra/config.yaml").x == trial.params["x"]
        assert f"x is {trial.params['x']}" in (job / "console.log").read_text()


def workers(study: optuna.Study) -> set[str]:
    """Those who ran the study's trials."""
    return {str(trial.user_attrs["worker"]) for trial in study.trials if trial.state != TrialState.WAITING}


def assert_secret(password: str, folder: Path, *printed: str) -> None:
    """No file, name of a file or line of output has the password."""
    paths = list(folder.rglob("*"))
    files = [path for path in paths if path.is_file()]
    assert files
    assert [path for path in paths if password in str(path)] == []
    assert [path for path in files if password.encode() in path.read_bytes()] == []
    assert [text for text in printed if password in text] == []


# printed by the toy app, which resolves it within its own process
SHOW_SHARE = "db.name='gpu ${oc.env:CUDA_VISIBLE_DEVICES}, threads ${oc.env:OMP_NUM_THREADS,not set}'"


def gpus_of_workers(study: optuna.Study, folder: Path) -> dict[str, set[str]]:
    """Which GPUs the trials of each worker saw, of a sweep with `SHOW_SHARE`."""
    seen: dict[str, set[str]] = {}
    for trial in study.trials:
        printed = (folder / str(trial.number) / "console.log").read_text()
        found = re.search(r"db is gpu (.*), threads", printed)
        assert found, printed
        seen.setdefault(str(trial.user_attrs["worker"]), set()).add(found[1])
    return seen
