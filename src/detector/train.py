"""One training: a request in, a result out, an observer on the way."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from src.core.detection_records import DetectionRecords
from src.core.errors import ProjectError, TrainingError
from src.detector.environment import thread_count
from src.detector.families import is_rtdetr
from src.detector.resolved import CompletedTraining, Schedule, flags_when_done, flags_when_ready, refuse_dead
from src.documents.training import Flag

if TYPE_CHECKING:  # importing it takes seconds
    from src.detector.trainer import Training

_MB = 1e6
_LOSSES = ("box_loss", "cls_loss", "dfl_loss", "giou_loss", "l1_loss")  # the last two are RT-DETR's
_INEXACT = (
    "What was resumed is not what would have come without the interruption: the checkpoint lacks the weights that were "
    "trained, or other processes load the images (train.workers)."
)


@dataclass(frozen=True)
class TrainingRequest:
    """What to train.

    Attributes:
        data_yaml: Ultralytics' description of the prepared data.
        folder: Where everything is written; made if missing.
        arguments: Training arguments by Ultralytics' names.
        plots: Whether Ultralytics draws its pictures.
        weights: File to start from; None to start from `architecture`.
        architecture: Ultralytics model file to start from at random.
        searched: Names of the arguments that a search varies.
        device: As in the options; None for the best available.
        threads: CPU threads; None for all that are given.
        trust_pickle: Load weights without the safe mode.
        resume_from: Checkpoint of an interrupted training to resume, instead of weights and architecture.
        is_resumable: Whether an interrupted training leaves all that it takes to continue as if nothing had happened.
    """

    data_yaml: Path
    folder: Path
    arguments: Mapping[str, Any]
    plots: bool = False
    weights: Path | None = None
    architecture: str | None = None
    searched: frozenset[str] = frozenset()
    device: str | None = None
    threads: int | None = None
    trust_pickle: bool = False
    resume_from: Path | None = None
    is_resumable: bool = False


@dataclass(frozen=True)
class TrainingResult:
    """What came out.

    Attributes:
        metrics: Final metrics by the project's names; mAP is not rounded.
        resolved: The arguments that Ultralytics really used.
        flags: What a reader of the metrics has to know.
        optimizer_steps: Counted at the optimizer.
        epochs: Epochs that were trained, counting those before an interruption.
        best_epoch: The one with the best mAP50-95, counted from 1; None where no epoch was validated.
        batches: Batches of one epoch.
        best: Weights of the epoch with the best mAP50-95.
        last: Weights of the last epoch.
        records: Detections of the best weights on the val split.
        class_names: By class index.
    """

    metrics: Mapping[str, float]
    resolved: Mapping[str, Any]
    flags: tuple[Flag, ...]
    optimizer_steps: int
    epochs: int
    best_epoch: int | None
    batches: int
    best: Path
    last: Path
    records: DetectionRecords
    class_names: tuple[str, ...]


class TrainingObserver(Protocol):
    """Who wants to know how a training goes; whatever it raises ends the training and reaches the caller as it is."""

    def on_start(self, resolved: Mapping[str, Any], flags: tuple[Flag, ...]) -> None:
        """Before the first epoch: the arguments that will be used."""

    def on_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """After each epoch, counted from 1."""


@dataclass
class _Course:
    """Connects Ultralytics' events with an observer."""

    request: TrainingRequest
    observer: TrainingObserver
    flags: tuple[Flag, ...] = ()
    error: BaseException | None = field(default=None, init=False)

    def ready(self, training: "Training") -> None:
        resolved = vars(training.args)
        batches = len(training.train_loader)
        warm_up = training._get_warmup_iterations(batches)  # noqa: SLF001 - Ultralytics tells it nowhere else
        schedule = Schedule(batches, warm_up, training.accumulate, training.data["nc"])
        searched = frozenset() if self.request.resume_from else self.request.searched
        self.flags = tuple(flags_when_ready(self.request.arguments, resolved, schedule, searched))
        if self.request.resume_from and (not training.is_continued or training.train_loader.num_workers):
            self.flags += (Flag("resumed_inexactly", _INEXACT),)
        self._tell(lambda: self.observer.on_start(resolved_arguments(training, self.request), self.flags))

    def epoch(self, training: "Training") -> None:
        metrics = {f"train/{name}": float(training.tloss[name]) for name in _LOSSES if name in training.tloss}
        metrics["train/lr"] = float(next(iter(training.lr.values())))
        if training.validator.records is not None:
            metrics |= training.validator.mean_average_precision
            metrics |= {name: float(value) for name, value in training.metrics.items() if name.startswith("val/")}
        self._tell(lambda: self.observer.on_epoch(training.epoch + 1, metrics))

    def _tell(self, call: Any) -> None:
        try:
            call()
        except BaseException as error:
            self.error = error  # not Ultralytics' error: it goes through untranslated
            raise


def train(request: TrainingRequest, observer: TrainingObserver) -> TrainingResult:
    """Train a detector on one device and validate its best weights.

    Side effects: writes weights, results.csv and, if asked, plots into the request's folder; sets torch's threads and
    random seeds of this process.

    Raises:
        TrainingError: a searched argument has no effect, or the training could not start or broke.
        KeyboardInterrupt: as it came; the checkpoint of the last whole epoch is in `folder/weights/last.pt`.
    """
    if request.resume_from is None:
        refuse_dead(request.arguments, request.searched)
    from src.detector import engine  # seconds, unless a fork server has imported it already
    from src.detector.trainer import RtdetrTraining, Training

    engine.use_threads(thread_count(request.threads))
    engine.trust_pickles(request.trust_pickle)
    course = _Course(request, observer)
    started = time.perf_counter()
    start = request.resume_from or request.weights
    training_of = RtdetrTraining if is_rtdetr(start, request.architecture) else Training
    try:
        training = training_of(
            _overrides(request, engine.resolve_device(request.device)),
            course.ready,
            course.epoch,
            is_resumable=request.is_resumable,
        )
        with engine.names_as_written():
            training.train()
    except Exception as error:
        if error is course.error or isinstance(error, ProjectError):
            raise
        raise _translated(error, request) from error
    return _result(training, course, request, time.perf_counter() - started)


def resolved_arguments(training: "Training", request: TrainingRequest) -> dict[str, Any]:
    """The training arguments, of those in the request, as Ultralytics uses them."""
    resolved = vars(training.args)
    return {name: resolved.get(name) for name in request.arguments}


def _overrides(request: TrainingRequest, device: str) -> dict[str, Any]:
    start = request.resume_from or request.weights or request.architecture
    overrides = {
        **request.arguments,
        "task": "detect",
        "mode": "train",
        "model": str(start),
        "data": str(request.data_yaml),
        "device": device,
        "save_dir": str(request.folder.resolve()),
        "exist_ok": True,
        "plots": request.plots,
    }
    if request.resume_from is not None:
        overrides["resume"] = str(request.resume_from)
    return overrides


def _result(training: "Training", course: _Course, request: TrainingRequest, seconds: float) -> TrainingResult:
    from src.detector.engine import get_flops, get_num_params

    resolved = vars(training.args)
    epochs = training.epoch + 1
    completed = CompletedTraining(
        epochs_trained=epochs,
        epochs_asked=training.epochs,
        optimizer_steps=training.optimizer_steps,
        skipped_steps=training.steps_due - training.optimizer_steps,
        stopped_early=epochs < training.epochs and request.arguments.get("time") is None,
    )
    known = {flag.name for flag in course.flags}
    late = [f for f in flags_when_done(request.arguments, resolved, completed) if f.name not in known]
    names = training.data["names"]
    best = training.best if training.best.exists() else training.last  # there is no best among diverged epochs
    return TrainingResult(
        metrics={
            **training.validator.mean_average_precision,
            **{f"train/{name}": float(training.tloss[name]) for name in _LOSSES if name in training.tloss},
            "train/seconds": seconds,
            "train/optimizer_steps": float(training.optimizer_steps),
            "model/parameters": float(get_num_params(training.model)),
            "model/gflops": float(get_flops(training.model, resolved["imgsz"])),
            "model/weights_mb": best.stat().st_size / _MB,
        },
        resolved=resolved_arguments(training, request),
        flags=(*course.flags, *late),
        optimizer_steps=training.optimizer_steps,
        epochs=epochs,
        best_epoch=training.best_epoch,
        batches=len(training.train_loader),
        best=best,
        last=training.last,
        records=training.validator.records,
        class_names=tuple(names[i] for i in sorted(names)),
    )


def _translated(error: Exception, request: TrainingRequest) -> TrainingError:
    text = " ".join(str(error).split())
    if "out of memory" in text.lower():
        batch, imgsz = request.arguments.get("batch"), request.arguments.get("imgsz")
        return TrainingError(f"The device's memory is too small for batch {batch} at imgsz {imgsz}: {text}")
    if "outside the supported Ultralytics checkpoint format" in text:
        return TrainingError(
            f"{request.weights} holds more than an Ultralytics model, and loading it could run any program. If the "
            "file is your own, say model.trust_pickle=true."
        )
    return TrainingError(f"The training in {request.folder} broke: {type(error).__name__}: {text}")
