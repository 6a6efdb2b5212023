"""How fast and how large the model is, as PyTorch and as ONNX runs it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from src.detector.latency import describe_device, export_onnx, onnx_difference, time_onnx, time_pytorch
from src.detector.predict import PredictionRequest, Predictor
from src.documents.evaluation import ModelSize
from src.documents.latency import Backend, Latency
from src.evaluation.latency import summarise
from src.evaluation.options import EvaluateOptions

_COMPARED_IMAGES = 10
_MB = 1e6


def measure_speed(
    request: PredictionRequest, images_bgr: Sequence[NDArray[np.uint8]], options: EvaluateOptions, onnx: Path
) -> Latency:
    """Time single images, and compare the export with what it was made from.

    Args:
        request: The model; it has weights.
        images_bgr: (H, W, 3) each; the timed runs take them in turn, again and again.
        options: How often, and whether with ONNX.
        onnx: Where the export goes.

    Side effects: writes the export.
    """
    assert request.weights is not None, "what is timed has weights"
    how = {"runs": options.latency_runs, "warmup": options.latency_warmup}
    durations_ms = {Backend.PYTORCH: time_pytorch(request, images_bgr, **how)}
    difference = None
    if options.onnx:
        export_onnx(request, onnx)
        durations_ms[Backend.ONNX] = time_onnx(request, onnx, images_bgr, **how)
        difference = onnx_difference(request, onnx, images_bgr[:_COMPARED_IMAGES])
    summaries = {name: summarise(values) for name, values in durations_ms.items()}
    return Latency(
        device=describe_device(request),
        pytorch=summaries[Backend.PYTORCH],
        onnx=summaries.get(Backend.ONNX),
        onnx_difference=difference,
    )


def model_size(predictor: Predictor, weights: Path, onnx: Path | None, imgsz: int) -> ModelSize:
    """How large a model is.

    Args:
        predictor: With the model.
        weights: Its file.
        onnx: The export; None where there is none.
        imgsz: Image size in pixels.
    """
    return ModelSize(
        parameters=predictor.parameters,
        gflops=predictor.gflops,
        weights_mb=weights.stat().st_size / _MB,
        onnx_mb=None if onnx is None else onnx.stat().st_size / _MB,
        imgsz=imgsz,
    )
