"""How long a deployed model takes for one image, phase by phase, and what its export to ONNX changes."""

import itertools
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from src.core.errors import TrainingError
from src.detector.environment import thread_count
from src.detector.families import is_rtdetr
from src.detector.predict import PredictionRequest, Predictor, deployed
from src.documents.latency import OnnxDifference


def time_pytorch(
    request: PredictionRequest, images_bgr: Sequence[NDArray[np.uint8]], *, runs: int, warmup: int
) -> NDArray[np.float64]:
    """Time single images through PyTorch.

    Args:
        request: Which model.
        images_bgr: (H, W, 3) each; the runs take them in turn, again and again.
        runs: How many runs are timed.
        warmup: How many runs go before, untimed.

    Returns:
        Milliseconds of preprocessing, inference and postprocessing, (runs, 3). Reading the file is not included.
    """
    return _timed(Predictor(request).deployed, images_bgr, runs, warmup)


def time_onnx(
    request: PredictionRequest, model: Path, images_bgr: Sequence[NDArray[np.uint8]], *, runs: int, warmup: int
) -> NDArray[np.float64]:
    """Time single images through ONNX Runtime on the CPU, with as many threads as PyTorch is given.

    Args and result as in `time_pytorch`; `model` is an export of the request's weights.
    """
    return _timed(_onnx(request, model), images_bgr, runs, warmup)


def export_onnx(request: PredictionRequest, target: Path) -> None:
    """Export the weights for images of `imgsz` along the longer side, padded as PyTorch pads them.

    Side effects: writes `target`, whole.

    Raises:
        TrainingError: the model cannot be exported.
    """
    from src.detector.engine import export

    assert request.weights is not None, "only weights are exported"
    with tempfile.TemporaryDirectory() as scratch:
        weights = Path(scratch) / request.weights.name  # Ultralytics writes beside the weights
        shutil.copyfile(request.weights, weights)
        try:
            made = export(weights, imgsz=request.imgsz)
        except Exception as error:
            raise TrainingError(f"{request.weights} cannot be exported to ONNX: {error}") from error
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        shutil.copyfile(made, partial)
        partial.replace(target)


def onnx_difference(request: PredictionRequest, model: Path, images_bgr: Sequence[NDArray[np.uint8]]) -> OnnxDifference:
    """The largest difference between the outputs of PyTorch and of the export, each as it is deployed.

    RT-DETR orders its boxes by their scores, so that each is compared with the nearest one of its class.
    """
    rtdetr = is_rtdetr(request.weights, request.architecture)
    pytorch, onnx = Predictor(replace(request, device="cpu")).deployed, _onnx(request, model)
    boxes_px, scores = 0.0, 0.0
    for image_bgr in images_bgr:
        ours, theirs = (_outputs(predictor, image_bgr) for predictor in (pytorch, onnx))
        difference = _between_nearest(ours[0], theirs[0], request.imgsz) if rtdetr else np.abs(ours - theirs)[0]
        boxes_px = max(boxes_px, float(difference[:4].max()))
        scores = max(scores, float(difference[4:].max()))
    return OnnxDifference(boxes_px, scores)


def _between_nearest(ours: NDArray[np.float32], theirs: NDArray[np.float32], imgsz: int) -> NDArray[np.float32]:
    """Differences in pixels and in the score, (5, boxes), of rows `cx, cy, w, h, score, class` with sides of 1."""
    scale = np.array([imgsz, imgsz, imgsz, imgsz, 1], np.float32)
    between = np.abs(ours[:, None, :5] - theirs[None, :, :5]) * scale
    far = ours[:, None, 5] != theirs[None, :, 5]
    nearest = np.where(far, np.inf, between.max(axis=2)).argmin(axis=1)
    return np.asarray(between[np.arange(len(ours)), nearest].T)


def describe_device(request: PredictionRequest) -> str:
    """The device that the model runs on, e.g. `cpu (2 threads)`."""
    from src.detector.engine import resolve_device, torch

    device = resolve_device(request.device)
    if device in {"cpu", "mps"}:
        return f"{device} ({thread_count(request.threads)} threads)" if device == "cpu" else device
    return str(torch.cuda.get_device_name(int(device)))


def _onnx(request: PredictionRequest, model: Path) -> Any:
    import onnxruntime

    from src.detector.engine import quiet

    with quiet():
        predictor = deployed(str(model), replace(request, device="cpu"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count(request.threads)
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    predictor.model.backend.session = session  # Ultralytics' own would take every core
    return predictor


def _timed(predictor: Any, images_bgr: Sequence[NDArray[np.uint8]], runs: int, warmup: int) -> NDArray[np.float64]:
    predictor.batch = [["image"], None, None]
    durations_ms = [
        _time_one(predictor, image_bgr) for image_bgr in itertools.islice(itertools.cycle(images_bgr), warmup + runs)
    ]
    return np.array(durations_ms[warmup:])


def _time_one(predictor: Any, image_bgr: NDArray[np.uint8]) -> tuple[float, float, float]:
    started = _now(predictor)
    inputs = predictor.preprocess([image_bgr])
    preprocessed = _now(predictor)
    outputs = predictor.inference(inputs)
    inferred = _now(predictor)
    predictor.postprocess(outputs, inputs, [image_bgr])
    ended = _now(predictor)
    return 1e3 * (preprocessed - started), 1e3 * (inferred - preprocessed), 1e3 * (ended - inferred)


def _now(predictor: Any) -> float:
    """The time when the device has done what it was given."""
    from src.detector.engine import torch

    if predictor.device.type == "cuda":
        torch.cuda.synchronize(predictor.device)
    elif predictor.device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()


def _outputs(predictor: Any, image_bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(_head(predictor.inference(predictor.preprocess([image_bgr]))))


def _head(outputs: Any) -> Any:
    outputs = outputs[0] if isinstance(outputs, list | tuple) else outputs
    return outputs.cpu() if hasattr(outputs, "cpu") else outputs
