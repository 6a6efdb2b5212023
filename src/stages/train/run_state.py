"""How far a run has got, kept in its folder, so that an interrupted one can be found and resumed."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from optuna_search.platforms import is_running

from src.core.errors import ConfigError, DataError
from src.documents.document import Document

OUTPUTS = Path("outputs")


class Status(StrEnum):
    """How far a run has got."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    FAILED = "failed"
    PRUNED = "pruned"


@dataclass(frozen=True)
class RunState(Document):
    """`run.json` in the folder of a run.

    Attributes:
        status: How far it has got.
        data_digest: Of the data it trained on.
        mlflow_run_id: Its run in MLflow, if any.
        pid: The process that wrote it.
    """

    FILE: ClassVar[str] = "run.json"
    STAGE: ClassVar[str] = "train"
    VERSION: ClassVar[int] = 1

    status: Status
    data_digest: str
    mlflow_run_id: str | None
    pid: int

    @staticmethod
    def load(folder: Path) -> "RunState | None":
        """Read it; None where the folder is no run's, or one of another version of this project."""
        try:
            return RunState.read(folder)
        except DataError:
            return None

    @property
    def can_be_resumed(self) -> bool:
        """Interrupted, or its process was killed without notice."""
        return self.status is Status.INTERRUPTED or (self.status is Status.RUNNING and not _alive(self.pid))


def checkpoint(folder: Path) -> Path:
    """The last checkpoint of the run in a folder."""
    return folder / "weights" / "last.pt"


def find_interrupted(folder: Path, resume_from: str | None, outputs: Path = OUTPUTS) -> Path:
    """The folder of the run to resume.

    Args:
        folder: Folder of the present run; taken if an interrupted run lies in it.
        resume_from: What the user named, a run's folder or a checkpoint in it; wins over all.
        outputs: Where the newest interrupted run is looked for otherwise.

    Raises:
        ConfigError: there is none, or what was named is none.
    """
    if resume_from is not None:
        return _named(Path(resume_from))
    if _resumable(folder):
        return folder.resolve()
    found = [path.parent for pattern in ("*/*", "*") for path in outputs.glob(f"{pattern}/{RunState.FILE}")]
    resumable = [path for path in found if _resumable(path)]
    if not resumable:
        raise ConfigError(
            f"train.resume=true: there is no interrupted run with a checkpoint in {folder} or below {outputs}. "
            "Name the folder of one with train.resume_from=…; a checkpoint is kept from the end of the first epoch on."
        )
    return max(resumable, key=lambda path: checkpoint(path).stat().st_mtime).resolve()


def _named(path: Path) -> Path:
    folder = path.parent.parent if path.suffix == ".pt" else path
    if not checkpoint(folder).is_file():
        raise ConfigError(
            f"train.resume_from={path}: there is no checkpoint {checkpoint(folder)}. Expected the folder of a run."
        )
    state = RunState.load(folder)
    if state is not None and not state.can_be_resumed:
        raise ConfigError(
            f"train.resume_from={path}: that run is {state.status}, so that there is nothing to resume. "
            f"To train on from its weights, say model.weights={checkpoint(folder)}."
        )
    return folder.resolve()


def _resumable(folder: Path) -> bool:
    state = RunState.load(folder)
    return state is not None and state.can_be_resumed and checkpoint(folder).is_file()


def _alive(pid: int) -> bool:
    return pid != os.getpid() and is_running(pid)
