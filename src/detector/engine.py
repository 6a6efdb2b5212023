"""The only module that imports Ultralytics and torch, and what must hold once they are imported.

Everything that a training without pictures would import in its course is imported here, so that a fork server that
preloads this module gives every trial a warm start. Importing it starts no thread and touches no accelerator.
"""

# ruff: noqa: E402, F401 - the environment comes before the imports that read it; some imports only warm up
import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from src.detector import environment

environment.prepare()

import matplotlib.font_manager
import thop  # type: ignore[import-untyped]
from PIL import Image

logging.disable(logging.INFO)  # Ultralytics announces the settings file that it creates in our scratch folder
try:
    import torch
    import torch._dynamo
    import torchvision
    from ultralytics import settings
    from ultralytics.data import augment, loaders
    from ultralytics.engine import exporter, trainer
    from ultralytics.models.rtdetr import RTDETRPredictor
    from ultralytics.models.rtdetr.train import RTDETRTrainer
    from ultralytics.models.rtdetr.val import RTDETRValidator
    from ultralytics.models.yolo.detect import DetectionPredictor, DetectionTrainer, DetectionValidator
    from ultralytics.nn import tasks
    from ultralytics.nn.tasks import DetectionModel, RTDETRDetectionModel, load_checkpoint
    from ultralytics.utils import LOGGER, events, nms, ops, patches, torch_utils
    from ultralytics.utils.checks import check_imgsz
    from ultralytics.utils.ops import xywh2xyxy
    from ultralytics.utils.torch_utils import get_flops, get_num_params, init_seeds, unwrap_model
finally:
    logging.disable(logging.NOTSET)

__all__ = [
    "DetectionModel",
    "DetectionPredictor",
    "DetectionTrainer",
    "DetectionValidator",
    "RTDETRDetectionModel",
    "RTDETRPredictor",
    "RTDETRTrainer",
    "RTDETRValidator",
    "check_imgsz",
    "export",
    "get_flops",
    "get_num_params",
    "init_seeds",
    "load_checkpoint",
    "loaders",
    "names_as_written",
    "nms",
    "ops",
    "patches",
    "quiet",
    "renumbered",
    "resolve_device",
    "select_channels",
    "torch",
    "torchvision",
    "trust_pickles",
    "unwrap_model",
    "use_threads",
    "xywh2xyxy",
]

# Ultralytics replaces PIL's function by one that tries to install a package when an image cannot be read.
Image.open = patches._image_open  # noqa: SLF001 - the one that was there
Image.init()  # reads PIL's plugins

# Of this process only: `settings.update()` would write the file.
dict.update(
    settings, dict.fromkeys(("sync", "clearml", "comet", "dvc", "mlflow", "raytune", "tensorboard", "wandb"), False)
)

# Ultralytics blurs and greys one image in a hundred if Albumentations happens to be installed; what a training does
# must not depend on that. The base class leaves images as they are.
augment.Albumentations = lambda **_: augment.BaseTransform()

_NO_AMP = re.compile(r"(16[356]0|T400|T550|T600|T1000|T1200|T2000|K40m)", re.IGNORECASE)


def _amp_works(model: torch.nn.Module) -> bool:
    """Whether mixed precision can be trusted on the model's device.

    Stands in for Ultralytics' check, which downloads a model to compare its outputs. The GPUs that yield NaN are
    those with Turing's cut-down cores, and known by name.
    """
    device = next(model.parameters()).device
    return device.type == "cuda" and not _NO_AMP.search(torch.cuda.get_device_name(device))


trainer.check_amp = _amp_works


def select_channels(outputs: torch.Tensor, channels: Sequence[int | None]) -> torch.Tensor:
    """Keep the boxes and the scores of the wanted classes; classes that the head lacks score 0.

    Args:
        outputs: (B, 4 + classes of the head, A) boxes and scores of A anchors.
        channels: Index in the head, or None, for each of C classes.

    Returns:
        (B, 4 + C, A).
    """
    empty = torch.zeros_like(outputs[:, :1])
    scores = [empty if index is None else outputs[:, 4 + index : 5 + index] for index in channels]
    return torch.cat([outputs[:, :4], *scores], dim=1)


def renumbered(classes: torch.Tensor, channels: Sequence[int | None]) -> torch.Tensor:
    """The data's class of each box; -1 where the data have none such.

    Args:
        classes: The head's class of each box, (N,).
        channels: Index in the head, or None, for each of the data's classes.
    """
    found = torch.full_like(classes, -1)
    for index, channel in enumerate(channels):
        if channel is not None:
            found[classes == channel] = index
    return found


def use_threads(count: int) -> None:
    """Let torch compute with `count` threads on the CPU.

    Side effects: a setting of the whole process. Ultralytics sets the number anew for every model that it puts on a
    device, to the cores less one, so the number that it would set is replaced too.
    """
    torch_utils.NUM_THREADS = count
    torch.set_num_threads(count)


def trust_pickles(trusted: bool) -> None:
    """Choose between Ultralytics' safe mode of loading weights and unpickling whatever they hold.

    Side effects: a setting of the whole process.
    """
    tasks.SAFE_LOAD = not trusted


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what Ultralytics says about models and exports, and what torch says about how it makes them."""
    level = LOGGER.level
    LOGGER.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        LOGGER.setLevel(level)


@contextmanager
def names_as_written() -> Iterator[None]:
    """Let Ultralytics draw a class `$x$` by its name: Matplotlib would read a formula, and raise where it is none.

    Side effects: a setting of the whole process, for as long.
    """
    with matplotlib.rc_context({"text.parse_math": False}):
        yield


def export(weights: Path, *, imgsz: int) -> Path:
    """Export weights to ONNX beside them; like PyTorch, it takes images of any shape, padded to the stride.

    RT-DETR takes squares, to which its pictures are stretched.
    """
    model, _ = load_checkpoint(str(weights))
    # dynamic: for an export of a fixed shape Ultralytics pads every picture to a square, and the boxes are not
    # those that the threshold was chosen on
    is_dynamic = not isinstance(model, RTDETRDetectionModel)
    form = {"format": "onnx", "imgsz": imgsz, "dynamic": is_dynamic, "simplify": False}
    overrides = {"mode": "export", "device": "cpu", "batch": 1, **form}
    with quiet():
        return Path(exporter.Exporter(overrides=overrides)(model=model.float()))


def resolve_device(requested: str | None) -> str:
    """The device in Ultralytics' spelling; the best one available where none is requested."""
    if requested is not None:
        return "0" if requested == "cuda" else requested.removeprefix("cuda:")
    if torch.cuda.is_available():
        return "0"
    return "mps" if torch.backends.mps.is_available() else "cpu"
