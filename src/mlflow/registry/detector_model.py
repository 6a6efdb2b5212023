"""The registered model itself. MLflow keeps a copy of this file with every model ("models from code") and runs it
wherever the model is loaded, so that it imports nothing of the project that made it.

What it needs beside the files comes with the model as its `model_config`; `mlflow.pyfunc.load_model` can replace each
of these:

- `backend`: `pytorch` runs the weights, `onnx` the export on ONNX Runtime. Both go through Ultralytics' `predict`.
- `confidence`: detections have to score higher; a number, or one for each class by its name.
- `iou`: the IoU of non-maximum suppression.
- `imgsz`: the image size in pixels that the detector looks at.
- `device`: as Ultralytics takes it; null for the best available.
"""

import os
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

FILES = {"pytorch": "weights", "onnx": "onnx"}  # what the file of a backend is called among the model's artifacts
INPUT = "image"
OUTPUT = {
    "image": "int64",
    "class": "object",
    **dict.fromkeys(("confidence", "x1", "y1", "x2", "y2"), "float64"),
}


class Detector(PythonModel):  # type: ignore[misc]  # MLflow is not type-checked
    """Boxes on images.

    The input has a column `image` with one encoded image (JPEG, PNG, …) a row. The output has one row a box: the number
    of the image, counted from 0; the name of the class; the confidence; two corners in pixels of that image. Boxes come
    in the order of the images, those of an image in descending order of confidence.
    """

    def load_context(self, context: Any) -> None:
        """Load the backend that `model_config` names."""
        config = context.model_config
        if config["backend"] not in FILES:
            raise ValueError(f"model_config backend={config['backend']}; expected {' or '.join(FILES)}.")
        self._yolo = _load(context.artifacts[FILES[config["backend"]]])
        confidence = config["confidence"]
        self._thresholds = confidence if isinstance(confidence, Mapping) else None
        self._settings = {
            "conf": min(confidence.values()) if isinstance(confidence, Mapping) else confidence,
            **{name: config[name] for name in ("iou", "imgsz", "device")},
        }

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """The boxes on the images, as a table.

        Raises:
            ValueError: an image cannot be decoded; the message names its row.
        """
        tables = [self._boxes(number, encoded) for number, encoded in enumerate(model_input[INPUT])]
        return pd.concat([pd.DataFrame(columns=list(OUTPUT)).astype(OUTPUT), *tables], ignore_index=True)

    def _boxes(self, number: int, encoded: bytes) -> pd.DataFrame:
        # one image at a time: in a batch of several shapes each is padded to the largest, which moves boxes
        [found] = self._yolo.predict(_decoded(number, encoded), verbose=False, save=False, **self._settings)
        boxes = found.boxes.cpu().numpy()
        classes = [found.names[int(index)] for index in boxes.cls]
        corners = boxes.xyxy.astype(np.float64).T
        columns = (number, classes, boxes.conf.astype(np.float64), *corners)
        table = pd.DataFrame(dict(zip(OUTPUT, columns, strict=True))).astype(OUTPUT)
        if self._thresholds is None:
            return table
        return table[table["confidence"] > table["class"].map(self._thresholds)]


def _load(path: str) -> Any:
    """Ultralytics' model of a file; without network, without installing packages, and weights as data only."""
    os.environ.setdefault("YOLO_OFFLINE", "1")
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("ULTRALYTICS_SAFE_LOAD", "1")
    from ultralytics import YOLO
    from ultralytics.nn import tasks

    before = tasks.SAFE_LOAD
    tasks.SAFE_LOAD = True  # where Ultralytics was imported before, it has read its environment already
    try:
        return YOLO(path, task="detect")
    finally:
        tasks.SAFE_LOAD = before


def _decoded(number: int, encoded: bytes) -> Any:
    content = np.frombuffer(encoded, np.uint8)
    image_bgr = cv2.imdecode(content, cv2.IMREAD_COLOR) if len(content) else None
    if image_bgr is None:
        raise ValueError(f"Row {number}: '{INPUT}' is no encoded image (JPEG, PNG, …) of {len(content)} bytes.")
    return image_bgr


set_model(Detector())
