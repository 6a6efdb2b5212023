"""What a user can set in the sections `train` and `model`."""

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from src.core.errors import ConfigError, did_you_mean
from src.detector.arguments import training_arguments
from src.detector.figures import Constraint, Figure, constraint, figure

OPTIMIZERS = ("SGD", "MuSGD", "Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSProp", "auto")
_DEVICE = re.compile(r"cpu|mps|cuda|(cuda:)?\d+")
_SIZED = re.compile(r"(?P<family>yolov?\d+|rtdetr-)[a-z](?P<rest>u?6?(-\w+)?\.(pt|ya?ml))")
_UNIT = (
    *("hsv_h", "hsv_s", "hsv_v", "translate", "perspective", "flipud", "fliplr", "bgr", "mosaic", "mixup", "cutmix"),
    *("copy_paste", "multi_scale", "lrf", "cls_pw", "conf", "iou", "weight_decay"),
    *("momentum", "warmup_momentum", "warmup_bias_lr"),
)
_NOT_NEGATIVE = ("box", "cls", "dfl", "dis", "warmup_epochs", "patience", "seed", "workers", "close_mosaic", "time")
_INFINITE = float("inf")
_RANGES: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(_UNIT, (0.0, 1.0)),
    **dict.fromkeys(_NOT_NEGATIVE, (0.0, _INFINITE)),
    **dict.fromkeys(("epochs", "nbs", "max_det"), (1.0, _INFINITE)),
    "imgsz": (32.0, _INFINITE),
}


@dataclass
class ProjectTrainOptions:
    """What the project adds to Ultralytics' training arguments.

    Attributes:
        objective: Figure, or figures, that a training returns and a search optimises (`src.detector.figures`).
        constraints: Limits on figures, by name, as `<= 30`; a search looks for the best trial that keeps them.
        baseline: Whether the weights that a training starts from are evaluated too.
        device: `cpu`, `mps`, the number of a CUDA device, or null for the best available. One device only.
        threads: CPU threads; null takes all that the process is given.
        plots: Whether Ultralytics draws its pictures; null for a single training only, because in a search they take a
            tenth of a trial's time and nobody looks at most of them.
        resume: Resume from the last checkpoint of an interrupted run instead of starting.
        resume_from: Folder of that run; null takes the run folder itself, else the newest interrupted run beside it.

    Raises:
        ConfigError: naming the key, when constructed with a value that cannot work.
    """

    objective: Any = "val/mAP50-95"
    constraints: Any = None  # a mapping, which OmegaConf cannot set over a null that is typed
    baseline: bool = True
    device: str | None = None
    threads: int | None = None
    plots: bool | None = None
    resume: bool = False
    resume_from: str | None = None

    def __post_init__(self) -> None:
        if not self.objectives:
            raise ConfigError("train.objective is an empty list; expected at least one metric.")
        assert self.judged_by, "an objective is a figure, or is refused here"
        if self.device is not None and not _DEVICE.fullmatch(str(self.device)):
            raise ConfigError(
                f"train.device={self.device}: expected cpu, mps, the number of one CUDA device, or null for the best "
                "available. A training runs on one device; a search uses several by running several trials at once."
            )
        if self.threads is not None and self.threads < 1:
            raise ConfigError(f"train.threads={self.threads}: expected at least 1, or null for all that are given.")
        check_arguments(self.arguments)

    @property
    def objectives(self) -> tuple[str, ...]:
        """The metrics that a training returns."""
        return tuple(map(str, self.objective)) if isinstance(self.objective, list | tuple) else (str(self.objective),)

    @property
    def limits(self) -> tuple[Constraint, ...]:
        """The constraints."""
        if not isinstance(self.constraints or {}, Mapping):
            raise ConfigError(f"train.constraints={self.constraints}: write it as {{latency_ms: '<= 30'}}.")
        return tuple(constraint(str(name), text) for name, text in (self.constraints or {}).items())

    @property
    def judged_by(self) -> tuple[Figure, ...]:
        """The figures that objectives and constraints ask for, each once."""
        asked = [*(figure(name) for name in self.objectives), *(limit.figure for limit in self.limits)]
        return tuple(dict.fromkeys(asked))

    @property
    def arguments(self) -> dict[str, Any]:
        """The part that Ultralytics understands, by its own names."""
        return {name: getattr(self, name) for name in training_arguments() if hasattr(self, name)}


def check_arguments(arguments: Mapping[str, Any]) -> None:
    """Refuse values of Ultralytics' arguments that cannot work, before anything is loaded.

    Raises:
        ConfigError: naming the key, the value and what was expected.
    """
    batch = arguments.get("batch", 1)
    if not (batch == -1 or 0 < batch < 1 or (batch >= 1 and float(batch).is_integer())):
        raise ConfigError(
            f"train.batch={batch}: expected a number of images, -1 to fit the GPU's memory, or a fraction of it."
        )
    for name, value in arguments.items():
        training_arguments()[name].check(value)
        if isinstance(value, float) and math.isnan(value):
            raise ConfigError(f"train.{name}={value}: expected a number.")
        low, high = _RANGES.get(name, (-_INFINITE, _INFINITE))
        if isinstance(value, int | float) and not low <= value <= high:
            wanted = f"at least {low:g}" if high == _INFINITE else f"a number from {low:g} to {high:g}"
            raise ConfigError(f"train.{name}={value}: expected {wanted}.")
    if "lr0" in arguments and not 0 < arguments["lr0"] <= 1:
        raise ConfigError(f"train.lr0={arguments['lr0']}: a learning rate is greater than 0 and at most 1.")
    optimizer = arguments.get("optimizer", "auto")
    if optimizer.lower() not in {known.lower() for known in OPTIMIZERS}:
        raise ConfigError(
            f"train.optimizer={optimizer} is not an optimizer of Ultralytics.{did_you_mean(optimizer, OPTIMIZERS)} "
            f"There are: {', '.join(OPTIMIZERS)}."
        )


def _train_options() -> type[ProjectTrainOptions]:
    """A flat dataclass of Ultralytics' arguments and ours, so that Hydra itself checks names and types."""
    fields = [
        (argument.name, argument.annotation, field(default=argument.default))
        for argument in training_arguments().values()
    ]
    made = dataclasses.make_dataclass("TrainOptions", fields, bases=(ProjectTrainOptions,))
    made.__module__ = __name__  # so that it can be pickled
    return made


TrainOptions = _train_options()


@dataclass
class ModelOptions:
    """Where a training starts.

    Attributes:
        weights: A path, or the name of public weights; null to start from a random initialisation.
        architecture: An Ultralytics model YAML, such as `yolov8n.yaml`; used where there are no weights.
        size: The letter of a size (`n`, `s`, `m`, `l`, `x`) that takes the place of the one in the names of weights
            and architecture: `s` makes `yolo11s.pt` of `yolo11n.pt`; null for the names as they are.
        sha256: What the weights' digest must be; null for a local file, or for names whose digest is known here.
        trust_pickle: Load weights without Ultralytics' safe mode. A pickle can run any program: only for own files.
        cache: Folder that keeps downloaded weights.

    Raises:
        ConfigError: neither weights nor architecture, or a digest that is none.
    """

    weights: str | None = None
    architecture: str | None = None
    size: str | None = None
    sha256: str | None = None
    trust_pickle: bool = False
    cache: str = "data/weights"

    def __post_init__(self) -> None:
        if not self.weights and not self.architecture:
            raise ConfigError(
                "model.weights and model.architecture are both null: say `model.weights=yolov8n.pt` (or a path) to "
                "start from weights, or `model.architecture=yolov8n.yaml` to start from scratch."
            )
        if self.size:
            self.weights, self.architecture = self._resized(self.weights), self._resized(self.architecture)
        if self.architecture and not self.architecture.endswith((".yaml", ".yml")):
            raise ConfigError(
                f"model.architecture={self.architecture}: expected an Ultralytics model file such as yolov8n.yaml."
            )
        if self.sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ConfigError(f"model.sha256={self.sha256}: expected 64 hexadecimal digits in lower case.")

    def _resized(self, name: str | None) -> str | None:
        if name is None:
            return None
        folder, found = Path(name).parent, _SIZED.fullmatch(Path(name).name)
        if found is None or not re.fullmatch("[a-z]", str(self.size)):
            raise ConfigError(
                f"model.size={self.size}: expected one letter, which takes the place of that in a name such as"
                f" yolo11n.pt. The model is {name}; model.size=null takes it as it is."
            )
        return str(folder / f"{found['family']}{self.size}{found['rest']}")
