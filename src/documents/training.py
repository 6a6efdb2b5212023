"""What a training leaves for the stages after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from src.documents.document import Document
from src.documents.splits import DataSet


@dataclass(frozen=True)
class Flag:
    """Something about a run that a reader of its numbers has to know.

    Attributes:
        name: Short, in snake_case, for tables.
        message: A sentence that says what happened and what to do about it.
    """

    name: str
    message: str


@dataclass(frozen=True)
class Training(Document):
    """`training.json` of the stage train.

    Attributes:
        run_id: Its run in the tracker; None where it was not recorded.
        data: What it was trained on.
        start: The weights or the architecture that it started from.
        imgsz: Image size in pixels.
        epochs: How many were asked for.
        epochs_run: How many were trained.
        best_epoch: The one with the best mAP50-95, counted from 1; None where no epoch was validated.
        optimizer_steps: Counted at the optimizer.
        batches_per_epoch: Batches of one epoch.
        seconds: How long it took.
        flags: What a reader of its metrics has to know.
        arguments: The training arguments that differ from Ultralytics' defaults, by override key, as they were used.
    """

    FILE: ClassVar[str] = "training.json"
    STAGE: ClassVar[str] = "train"
    VERSION: ClassVar[int] = 1

    run_id: str | None
    data: DataSet
    start: str
    imgsz: int
    epochs: int
    epochs_run: int
    best_epoch: int | None
    optimizer_steps: int
    batches_per_epoch: int
    seconds: float
    flags: tuple[Flag, ...]
    arguments: Mapping[str, bool | int | float | str | None]
