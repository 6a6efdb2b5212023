"""The registered model itself. MLflow keeps a copy of this file with every model ("models from code") and runs it
wherever the model is loaded, so that it imports nothing of the project that made it.

What it needs beside the files comes with the model as its `model_config`; `mlflow.pyfunc.load_model` can replace each
of these:

- `backend`: `pytorch` runs the weights, `onnx` the export on ONNX Runtime. Both go through Ultralytics' `predict`.
- `confidence`: detections have to score higher; a number, or one for each class by its name.
- `iou`: the IoU of non-maximum suppression.
- `imgsz`: the image size in pixels that the detector looks at.
- `device`: as Ultralytics takes it; null for the best available.

`rtdetr` says that the model is one, which Ultralytics has a class of its own for, and which knows no NMS.
"""

import base64
import binascii
import os
import threading
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
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

    The input has a column `image` with one encoded image (JPEG, PNG, …) a row, as bytes or as base64. The output has
    one row a box: the number of the image, counted from 0; the name of the class; the confidence; two corners in pixels
    of that image. Boxes come in the order of the images, those of an image in descending order of confidence.
    """

    def load_context(self, context: Any) -> None:
        """Load the backend that `model_config` names, so that the first image takes no longer than others."""
        config = context.model_config
        if config["backend"] not in FILES:
            raise ValueError(f"model_config backend={config['backend']}; expected {' or '.join(FILES)}.")
        self._yolo = _load(context.artifacts[FILES[config["backend"]]], is_rtdetr=config.get("rtdetr", False))
        confidence = config["confidence"]
        self._thresholds = confidence if isinstance(confidence, Mapping) else None
        self._settings = {
            "conf": min(confidence.values()) if isinstance(confidence, Mapping) else confidence,
            **{name: config[name] for name in ("iou", "imgsz", "device")},
        }
        self._one_at_a_time = threading.Lock()  # servers ask from several threads; Ultralytics keeps state
        side = config["imgsz"]
        self._found(np.zeros((side, side, 3), np.uint8))  # Ultralytics loads the weights with the first image only

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """The boxes on the images, as a table.

        Raises:
            MlflowException: images cannot be decoded (error code INVALID_PARAMETER_VALUE, which MLflow's server
                answers with status 400); the message names each of their rows.
        """
        images = [_decoded(given) for given in model_input[INPUT]]
        refused = [_refusal(row, model_input[INPUT].iloc[row]) for row, image in enumerate(images) if image is None]
        if refused:
            raise MlflowException.invalid_parameter_value(" ".join(refused))
        tables = [self._boxes(number, image) for number, image in enumerate(images)]
        return pd.concat([pd.DataFrame(columns=list(OUTPUT)).astype(OUTPUT), *tables], ignore_index=True)

    def _boxes(self, number: int, image_bgr: Any) -> pd.DataFrame:
        # one image at a time: in a batch of several shapes each is padded to the largest, which moves boxes
        found = self._found(image_bgr)
        boxes = found.boxes.cpu().numpy()
        classes = [found.names[int(index)] for index in boxes.cls]
        corners = boxes.xyxy.astype(np.float64).T
        columns = (number, classes, boxes.conf.astype(np.float64), *corners)
        table = pd.DataFrame(dict(zip(OUTPUT, columns, strict=True))).astype(OUTPUT)
        if self._thresholds is None:
            return table
        return table[table["confidence"] > table["class"].map(self._thresholds)]

    def _found(self, image_bgr: Any) -> Any:
        with self._one_at_a_time:
            [found] = self._yolo.predict(image_bgr, verbose=False, save=False, **self._settings)
        return found


def _load(path: str, *, is_rtdetr: bool) -> Any:
    """Ultralytics' model of a file; without network, without installing packages, and weights as data only."""
    os.environ.setdefault("YOLO_OFFLINE", "1")
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("ULTRALYTICS_SAFE_LOAD", "1")
    from ultralytics import RTDETR, YOLO
    from ultralytics.nn import tasks

    before = tasks.SAFE_LOAD
    tasks.SAFE_LOAD = True  # where Ultralytics was imported before, it has read its environment already
    try:
        return RTDETR(path) if is_rtdetr else YOLO(path, task="detect")
    finally:
        tasks.SAFE_LOAD = before


def _decoded(given: object) -> Any:
    """The image in BGR of shape (height, width, 3), or None where it is none.

    MLflow's server decodes the base64 of two of its four forms of JSON only, and never that of CSV: so what is no image
    as it is may be one after that.
    """
    content = given.encode("utf-8", "surrogatepass") if isinstance(given, str) else given
    if not isinstance(content, bytes | bytearray):
        return None
    image_bgr = _image(content)
    return _image(_from_base64(content)) if image_bgr is None else image_bgr


def _image(content: bytes | bytearray) -> Any:
    if not content:
        return None
    try:
        return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # a header that promises more pixels than OpenCV reads
        return None


def _from_base64(text: bytes | bytearray) -> bytes:
    """The bytes of a base64 text, also as browsers have it (`data:image/png;base64,…`); empty where it is none."""
    encoded = text.rpartition(b",")[2] if text.startswith(b"data:") else text
    try:
        return base64.b64decode(b"".join(encoded.split()), validate=True)
    except binascii.Error:
        return b""


def _refusal(row: int, given: object) -> str:
    if not isinstance(given, str | bytes | bytearray):
        return f"Row {row}: '{INPUT}' is {type(given).__name__}, not an encoded image (JPEG, PNG, …)."
    unit = "characters" if isinstance(given, str) else "bytes"
    return (
        f"Row {row}: '{INPUT}' has {len(given)} {unit} that are no encoded image (JPEG, PNG, …) and no base64 of one."
    )


set_model(Detector())
