"""How fast and how large the model is, as PyTorch and as ONNX runs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from src.detector.latency import describe_device, export_onnx, onnx_difference, time_onnx, time_pytorch
from src.detector.predict import PredictionRequest
from src.evaluation.latency import Latency, summarise
from src.evaluation.options import EvaluateOptions

_COMPARED_IMAGES = 10
_MB = 1e6


@dataclass(frozen=True)
class Speed:
    """Latency of single images.

    Attributes:
        latencies: By what runs the model: `pytorch`, and `onnx` where it was exported.
        onnx_difference: The largest difference of the outputs: `boxes_px` and `scores`; None without an export.
        device: What PyTorch runs on; ONNX runs on the CPU.
        megabytes: Size of the files: `weights_mb`, and `onnx_mb`.
    """

    latencies: Mapping[str, Latency]
    onnx_difference: Mapping[str, float] | None
    device: str
    megabytes: Mapping[str, float | None]

    def as_json(self) -> dict[str, Any]:
        """As it stands in `latency.json`."""
        return {
            **{name: latency.as_json() for name, latency in self.latencies.items()},
            "onnx_difference": self.onnx_difference,
            "device": self.device,
        }


def measure_speed(
    request: PredictionRequest, images_bgr: Sequence[NDArray[np.uint8]], options: EvaluateOptions, onnx: Path
) -> Speed:
    """Time single images, and compare the export with what it was made from.

    Args:
        request: The model; it has weights.
        images_bgr: (H, W, 3) each; the timed runs go round them.
        options: How often, and whether with ONNX.
        onnx: Where the export goes.

    Side effects: writes the export.
    """
    assert request.weights is not None, "what is timed has weights"
    how = {"runs": options.latency_runs, "warmup": options.latency_warmup}
    durations_ms = {"pytorch": time_pytorch(request, images_bgr, **how)}
    difference = None
    if options.onnx:
        export_onnx(request, onnx)
        durations_ms["onnx"] = time_onnx(request, onnx, images_bgr, **how)
        difference = onnx_difference(request, onnx, images_bgr[:_COMPARED_IMAGES])
    latencies = {
        name: summarise(values, resamples=options.resamples, seed=options.seed) for name, values in durations_ms.items()
    }
    files = {"weights_mb": request.weights, "onnx_mb": onnx}
    megabytes = {name: path.stat().st_size / _MB if path.is_file() else None for name, path in files.items()}
    return Speed(latencies, difference, describe_device(request), megabytes)
