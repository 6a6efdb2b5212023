"""Validate weights, or a random initialisation, as Ultralytics does."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from src.core.detection_records import DetectionRecords
from src.core.errors import ProjectError, TrainingError
from src.detector.environment import thread_count
from src.detector.families import is_rtdetr

_SCRATCH_SEED = 0


@dataclass(frozen=True)
class ValidationRequest:
    """What to validate.

    Attributes:
        data_yaml: Ultralytics' description of the prepared data.
        class_names: The data's classes; those that the model knows by the same name are evaluated, for the others
            it finds nothing.
        imgsz: Image size in pixels.
        batch: Images at once; decides how images are padded, so it should be that of the training compared with.
        weights: File to validate; None for a random initialisation of `architecture`.
        architecture: Ultralytics model file.
        settings: Validation arguments of Ultralytics (`iou`, `max_det`, …) that differ from its defaults.
        device: As in the options; None for the best available.
        threads: CPU threads; None for all that are given.
        trust_pickle: Load weights without the safe mode.
        split: `val` or `test`.
    """

    data_yaml: Path
    class_names: Sequence[str]
    imgsz: int
    batch: int
    weights: Path | None = None
    architecture: str | None = None
    settings: Mapping[str, Any] | None = None
    device: str | None = None
    threads: int | None = None
    trust_pickle: bool = False
    split: str = "val"


@dataclass(frozen=True)
class Validation:
    """What came out.

    Attributes:
        metrics: `val/mAP50` and `val/mAP50-95` (or `test/…`), unrounded.
        precision: As Ultralytics reports it, at the confidence where its smoothed F1 curve is highest.
        recall: Likewise.
        records: The scored detections.
    """

    metrics: Mapping[str, float]
    precision: float
    recall: float
    records: DetectionRecords


def validate(request: ValidationRequest) -> Validation:
    """Validate a model on one split, on the data's classes only.

    Side effects: sets torch's threads of this process, and its random seeds for a random initialisation.

    Raises:
        TrainingError: the weights cannot be loaded or validated.
    """
    from src.detector import engine

    engine.use_threads(thread_count(request.threads))
    engine.trust_pickles(request.trust_pickle)
    try:
        with engine.quiet():
            return _validate(request)
    except ProjectError:
        raise
    except Exception as error:
        name = request.weights or request.architecture
        raise TrainingError(f"{name} cannot be validated: {type(error).__name__}: {error}") from error


def channels_by_name(class_names: Sequence[str], model_names: Mapping[int, str]) -> list[int | None]:
    """For each class of the data, the model's class of the same name, or None where it has none.

    Letter case, spaces and underscores do not count: `Traffic_light` is `traffic light`.
    """
    index = {_plain(name): i for i, name in model_names.items()}
    return [index.get(_plain(name)) for name in class_names]


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").lower().split())


def _validate(request: ValidationRequest) -> Validation:
    from src.detector.engine import resolve_device
    from src.detector.validator import RecordingValidator, RtdetrValidator

    model = load_model(request)
    validator_of = RtdetrValidator if is_rtdetr(request.weights, request.architecture) else RecordingValidator
    with tempfile.TemporaryDirectory() as scratch:
        validator = validator_of(
            args={
                **(request.settings or {}),
                "task": "detect",
                "mode": "val",
                "data": str(request.data_yaml),
                "split": request.split,
                "imgsz": request.imgsz,
                "batch": 2 * request.batch,  # as after a training
                "rect": True,
                "device": resolve_device(request.device),
                "workers": 0,
                "plots": False,
                "save_dir": scratch,
            }
        )
        names = dict(enumerate(request.class_names))
        if dict(model.names) != names:
            validator.channels = channels_by_name(request.class_names, model.names)
            validator.class_names = names
        validator(model=model)
    if validator.records is None:
        raise TrainingError(f"The validation of {request.weights or request.architecture} yielded nothing.")
    metrics = {name.replace("val/", f"{request.split}/"): x for name, x in validator.mean_average_precision.items()}
    box = validator.metrics.box
    return Validation(metrics, float(box.mp), float(box.mr), validator.records)


class ModelSource(Protocol):
    """What says which model to load."""

    @property
    def weights(self) -> Path | None:
        """File of weights; None for a random initialisation."""

    @property
    def architecture(self) -> str | None:
        """Ultralytics model file of that initialisation."""

    @property
    def class_names(self) -> Sequence[str]:
        """Its classes."""


def load_model(source: ModelSource) -> Any:
    """The model itself, ready to be used but not to be trained.

    Side effects: sets the random seeds for a random initialisation.

    Raises:
        TrainingError: it is no detector.
    """
    from src.detector.engine import DetectionModel, RTDETRDetectionModel, init_seeds, load_checkpoint

    if source.weights is not None:
        model, _ = load_checkpoint(str(source.weights))
        if model.task != "detect":
            raise TrainingError(f"{source.weights} is a model for the task '{model.task}'; expected a detector.")
        return model
    init_seeds(_SCRATCH_SEED)
    model_of = RTDETRDetectionModel if is_rtdetr(None, source.architecture) else DetectionModel
    model = model_of(source.architecture, nc=len(source.class_names), verbose=False)
    model.names = dict(enumerate(source.class_names))
    model.task = "detect"
    return model.eval()
