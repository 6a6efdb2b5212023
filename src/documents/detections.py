"""The detections of a split as Parquet, for notebooks: where each is, what it is, and what it is worth."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from src.core.detections import Detections, GroundTruth


def write_detections(
    path: Path,
    detections: Detections,
    truth: GroundTruth,
    *,
    taken: NDArray[np.int64],
    iou: NDArray[np.float64],
    kinds: NDArray[Any],
) -> None:
    """Write one row a detection.

    The columns are image, file, class, class_name, score, x1, y1, x2, y2, iou, truth_index, kind. `truth_index` counts
    the split's boxes from 0; it is null where no box is taken.

    Args:
        path: Where to.
        detections: N boxes.
        truth: The split.
        taken: The ground truth box that each detection takes at IoU 0.50, -1 for none, (N,).
        iou: With that box; with the best one of its class where none is taken, (N,).
        kinds: `hit` or the type of error, (N,); it holds for every confidence threshold that keeps the detection.

    Side effects: creates the parent folders; the file appears when it is complete.
    """
    table = pa.table(
        {
            "image": detections.image_index,
            "file": pa.array(np.array(truth.files, object)[detections.image_index], pa.string()),
            "class": detections.class_index,
            "class_name": pa.array(np.array(truth.class_names, object)[detections.class_index], pa.string()),
            "score": detections.scores,
            **{name: detections.boxes_xyxy[:, corner] for corner, name in enumerate(("x1", "y1", "x2", "y2"))},
            "iou": iou,
            "truth_index": pa.array(taken, pa.int64(), mask=taken < 0),
            "kind": pa.array(kinds.tolist(), pa.string()),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.partial")
    pq.write_table(table, scratch)
    scratch.replace(path)
