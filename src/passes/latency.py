"""How long a model takes for one image, measured until that is known well enough."""

import tempfile
from pathlib import Path

import numpy as np
from filelock import FileLock

from src.data.ground_truth import ground_truth
from src.data.prepared import PreparedData
from src.detector.latency import export_onnx, time_onnx, time_pytorch
from src.detector.predict import PredictionRequest, read_image
from src.documents.latency import Backend
from src.documents.predictions import VAL
from src.evaluation.latency import summarise

LOCK = Path("outputs/latency.lock")  # of the trials of one project on one machine
IMAGES, ROUND, WARMUP, MOST_ROUNDS = 50, 100, 10, 5
ENOUGH = 0.05  # half the interval's width, as a share of the estimate


def p95_ms(request: PredictionRequest, data: PreparedData, backend: Backend) -> float:
    """The 95th percentile of the time for one image of val, all of it, one after the other.

    One trial at a time measures, and until the 95 % interval reaches 5 % to either side, five rounds at most. Other
    trials that train meanwhile are not held up.

    Args:
        request: The model; it has weights.
        data: Whose images.
        backend: What runs it.

    Side effects: a lock file in `outputs`.
    """
    truth = ground_truth(data, VAL)
    images_bgr = [read_image(data.root / file) for file in truth.files[:IMAGES]]
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        onnx = Path(scratch) / "model.onnx"
        if backend is Backend.ONNX:
            export_onnx(request, onnx)
        timed = np.zeros((0, 3))
        with FileLock(LOCK):
            for _ in range(MOST_ROUNDS):
                how = {"runs": ROUND, "warmup": WARMUP}
                found = (
                    time_onnx(request, onnx, images_bgr, **how)
                    if backend is Backend.ONNX
                    else time_pytorch(request, images_bgr, **how)
                )
                timed = np.concatenate([timed, found])
                p95 = summarise(timed).p95_ms
                if p95.high - p95.low <= 2 * ENOUGH * p95.estimate:
                    break
    return p95.estimate
