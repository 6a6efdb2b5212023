"""Forward passes as in deployment: one image at a time, each box with its best class only.

Validation by Ultralytics pads images to a common shape and lets a box have several classes; what a program that uses
the model gets is what `model.predict` returns, and thresholds have to be chosen on that.
"""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from src.core.detections import FLOOR, RawBoxes
from src.core.errors import DataError, ProjectError, TrainingError
from src.detector.environment import thread_count
from src.detector.families import is_rtdetr
from src.detector.validation import channels_by_name, load_model


@dataclass(frozen=True)
class PredictionRequest:
    """Which model is to predict, and how.

    Attributes:
        class_names: The data's classes; those that the model knows by the same name are looked for.
        imgsz: Image size in pixels.
        weights: The model; None for a random initialisation of `architecture`.
        architecture: Ultralytics model file.
        device: As in the options; None for the best available.
        threads: CPU threads; None for all that are given.
        trust_pickle: Load weights without the safe mode.
    """

    class_names: Sequence[str]
    imgsz: int
    weights: Path | None = None
    architecture: str | None = None
    device: str | None = None
    threads: int | None = None
    trust_pickle: bool = False


class Predictor:
    """A model that is loaded and ready to predict.

    Attributes:
        deployed: Ultralytics' predictor around it.

    Side effects: sets torch's threads of this process.

    Raises:
        TrainingError: the weights cannot be loaded.
    """

    def __init__(self, request: PredictionRequest) -> None:
        from src.detector import engine

        engine.use_threads(thread_count(request.threads))
        engine.trust_pickles(request.trust_pickle)
        name = request.weights or request.architecture
        try:
            with engine.quiet():
                model = load_model(request)
                self.deployed = deployed(model, request)
            self._channels = _channels(request.class_names, model.names)
            self._is_rtdetr = isinstance(self.deployed, engine.RTDETRPredictor)
            self._model, self._imgsz = model, request.imgsz
        except ProjectError:
            raise
        except Exception as error:
            raise TrainingError(f"{name} cannot be used to predict: {type(error).__name__}: {error}") from error

    @property
    def parameters(self) -> int:
        """How many it has."""
        from src.detector.engine import get_num_params

        return int(get_num_params(self._model))

    @property
    def gflops(self) -> float:
        """Of an image of `imgsz` by `imgsz`; takes about a second."""
        from src.detector.engine import get_flops

        return float(get_flops(self._model, self._imgsz))

    @property
    def known(self) -> tuple[bool, ...] | None:
        """Which of the data's classes the model has, by class; None where its classes are just these."""
        return None if self._channels is None else tuple(channel is not None for channel in self._channels)

    def raw_boxes(self, images_bgr: Iterable[NDArray[np.uint8]]) -> RawBoxes:
        """Pass each image through the network, once.

        Args:
            images_bgr: (H, W, 3) each, as `read_image` gives them.
        """
        rows: list[NDArray[np.float32]] = []
        sizes: list[tuple[int, int, int, int]] = []
        for image_bgr in images_bgr:
            inputs = self.deployed.preprocess([image_bgr])
            outputs = self.deployed.inference(inputs)
            height, width = image_bgr.shape[:2]
            rows.append(self._one_an_object(outputs, width, height) if self._is_rtdetr else self._best_classes(outputs))
            sizes.append((inputs.shape[3], inputs.shape[2], width, height))
        return _joined(rows, np.array(sizes, np.int64).reshape(-1, 4), needs_nms=not self._is_rtdetr)

    def _best_classes(self, outputs: Any) -> NDArray[np.float32]:
        """One image's head output as rows of x1, y1, x2, y2, score, class, those above the floor only, (K, 6)."""
        from src.detector.engine import select_channels, torch, xywh2xyxy

        outputs = outputs[0] if isinstance(outputs, list | tuple) else outputs
        if self._channels is not None:
            outputs = select_channels(outputs, self._channels)
        rows = outputs[0].T.float()
        scores, classes = rows[:, 4:].max(1)
        above = scores > FLOOR
        boxes = xywh2xyxy(rows[above, :4])
        found = torch.cat([boxes, scores[above, None], classes[above, None].float()], 1)
        return np.asarray(found.cpu().numpy(), np.float32)

    def _one_an_object(self, outputs: Any, width: int, height: int) -> NDArray[np.float32]:
        """One image's output of RT-DETR's decoder likewise, in pixels of the image, which it has seen stretched."""
        from src.detector.engine import renumbered, torch, xywh2xyxy

        found = (outputs[0] if isinstance(outputs, list | tuple) else outputs)[0].float()
        if self._channels is not None:
            found = torch.cat([found[:, :5], renumbered(found[:, 5:], self._channels)], 1)
        found = found[(found[:, 4] > FLOOR) & (found[:, 5] >= 0)]
        boxes = xywh2xyxy(found[:, :4]) * found.new_tensor([width, height, width, height])
        return np.asarray(torch.cat([boxes, found[:, 4:]], 1).cpu().numpy(), np.float32)


def read_image(path: Path) -> NDArray[np.uint8]:
    """An image as Ultralytics reads it, (H, W, 3) in the order blue, green, red.

    Raises:
        DataError: it cannot be read.
    """
    from src.detector.engine import patches

    image: NDArray[np.uint8] | None = patches.imread(str(path))
    if image is None:
        raise DataError(f"{path} cannot be read as an image; run `python -m src.prepare` again.")
    return image


def deployed(model: Any, request: PredictionRequest) -> Any:
    """Ultralytics' predictor around a model (a module, or the path of an export), set as `model.predict` sets it."""
    from src.detector.engine import DetectionPredictor, RTDETRPredictor, check_imgsz, loaders, resolve_device

    predictor_of = RTDETRPredictor if is_rtdetr(request.weights, request.architecture) else DetectionPredictor

    with tempfile.TemporaryDirectory() as scratch:
        overrides = {"task": "detect", "mode": "predict", "imgsz": request.imgsz, "rect": True, "batch": 1}
        overrides |= {"device": resolve_device(request.device), "save": False, "verbose": False, "project": scratch}
        predictor = predictor_of(overrides=overrides)
    predictor.setup_model(model, verbose=False)
    predictor.imgsz = check_imgsz(request.imgsz, stride=predictor.model.stride, min_dim=2)
    predictor.source_type = loaders.SourceTypes(from_img=True)
    return predictor


def _channels(class_names: Sequence[str], model_names: Any) -> list[int | None] | None:
    """Which outputs of the head stand for the data's classes; None where they are just these."""
    if dict(model_names) == dict(enumerate(class_names)):
        return None
    return channels_by_name(class_names, model_names)


def _joined(rows: Sequence[NDArray[np.float32]], sizes: NDArray[np.int64], *, needs_nms: bool) -> RawBoxes:
    found = np.concatenate([np.zeros((0, 6), np.float32), *rows])
    return RawBoxes(
        image_index=np.repeat(np.arange(len(rows), dtype=np.int64), [len(part) for part in rows]),
        class_index=found[:, 5].astype(np.int64),
        scores=np.ascontiguousarray(found[:, 4]),
        boxes_xyxy=np.ascontiguousarray(found[:, :4]),
        input_sizes_wh=sizes[:, :2],
        sizes_wh=sizes[:, 2:],
        needs_nms=needs_nms,
    )
