"""How long a model takes for one image, measured until that is known well enough."""

import math
import tempfile
from pathlib import Path

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
    """The 95th percentile of the time for one image of val, all of it, one after the other, in the quietest round.

    One trial at a time measures. A round whose 95 % interval reaches 5 % to either side is enough; others are
    disturbed, by trials that train meanwhile, and are repeated: five rounds at most, of which the quickest counts.

    Args:
        request: The model; it has weights.
        data: Whose images.
        backend: What runs it.

    Side effects: a lock file in `outputs`.
    """
    truth = ground_truth(data, VAL)
    images_bgr = [read_image(data.root / file) for file in truth.files[:IMAGES]]
    how = {"runs": ROUND, "warmup": WARMUP}
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        onnx = Path(scratch) / "model.onnx"
        if backend is Backend.ONNX:
            export_onnx(request, onnx)
        quickest = math.inf
        with FileLock(LOCK):
            for _ in range(MOST_ROUNDS):
                timed = (
                    time_onnx(request, onnx, images_bgr, **how)
                    if backend is Backend.ONNX
                    else time_pytorch(request, images_bgr, **how)
                )
                p95 = summarise(timed).p95_ms
                quickest = min(quickest, p95.estimate)
                if p95.high - p95.low <= 2 * ENOUGH * p95.estimate:
                    break
    return quickest
