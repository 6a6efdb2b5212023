"""The non-maximum suppression of deployment, on what a detector's head puts out.

Suppression with another IoU needs the raw boxes again but no second pass through the network, so they are kept (ADR 6).
"""

import numpy as np
from numpy.typing import NDArray

from src.core.detections import DEFAULT_IOU, FLOOR, MAX_DETECTIONS, Detections, RawBoxes

_CLASS_OFFSET_PX = 7680  # puts the classes out of each other's reach, as Ultralytics does


def suppress(raw: RawBoxes, *, iou: float = DEFAULT_IOU, confidence: float = FLOOR) -> Detections:
    """The detections that deployment would report: the boxes that `model.predict(conf=…, iou=…)` returns.

    Args:
        raw: What a model's head puts out for some images.
        iou: Boxes of one class that overlap a better one by more are dropped, where the model needs that.
        confidence: Boxes have to score higher.

    Returns:
        Detections in pixels of the images, at most 300 an image.
    """
    from src.detector.engine import ops, torch, torchvision

    kept: list[NDArray[np.int64]] = []
    boxes: list[NDArray[np.float32]] = []
    for image, rows in raw.by_image():
        above = np.flatnonzero(raw.scores[rows] > confidence) + rows.start
        corners = torch.from_numpy(raw.boxes_xyxy[above])
        if not raw.needs_nms:
            best = np.argsort(-raw.scores[above], kind="stable")[:MAX_DETECTIONS]
            kept.append(above[best])
            boxes.append(raw.boxes_xyxy[above][best])
            continue
        apart = torch.from_numpy(raw.class_index[above].astype(np.float32))[:, None] * _CLASS_OFFSET_PX
        best = torchvision.ops.nms(corners + apart, torch.from_numpy(raw.scores[above]), iou)[:MAX_DETECTIONS]
        (input_width, input_height), (width, height) = raw.input_sizes_wh[image], raw.sizes_wh[image]
        scaled = ops.scale_boxes((int(input_height), int(input_width)), corners[best], (int(height), int(width)))
        kept.append(above[best.numpy()])
        boxes.append(scaled.numpy())
    chosen = np.concatenate([np.zeros(0, np.int64), *kept])
    return Detections(
        image_index=raw.image_index[chosen],
        class_index=raw.class_index[chosen],
        scores=raw.scores[chosen].astype(np.float64),
        boxes_xyxy=np.concatenate([np.zeros((0, 4), np.float32), *boxes]).astype(np.float64),
    )
