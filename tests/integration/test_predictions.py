"""Our forward pass and suppression against `model.predict`, on real photographs."""

import importlib

import numpy as np
import pytest

from src.data.build import ensure_prepared
from src.data.ground_truth import ground_truth
from src.detector.predict import PredictionRequest, Predictor, read_image
from src.detector.suppression import suppress
from src.documents.predictions import Predictions

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def data(coco128):
    """Photographs of many shapes."""
    return ensure_prepared(coco128.options("data.resize=null"))


@pytest.fixture(scope="module")
def predictions(real_data, data):
    """The pretrained weights on the ten test images, asked for people only."""
    truth = ground_truth(data, "test")
    predictor = Predictor(_request(real_data, truth.class_names))
    images = [data.root / file for file in truth.files]
    return images, Predictions(truth, predictor.raw_boxes(map(read_image, images)))


@pytest.fixture(scope="module")
def model(real_data):
    """Ultralytics' own way to use the weights."""
    from src.detector import engine  # noqa: F401 - sets Ultralytics' environment before it is imported

    return importlib.import_module("ultralytics").YOLO(real_data / "yolov8n.pt")


@pytest.fixture(scope="module")
def raw(real_data, model, data):
    """The test images, and our raw boxes of all 80 classes."""
    images = [data.root / file for file in ground_truth(data, "test").files]
    predictor = Predictor(_request(real_data, tuple(model.names.values())))
    return images, predictor.raw_boxes(map(read_image, images))


@pytest.mark.parametrize(("confidence", "iou"), [(0.25, 0.7), (0.05, 0.7), (0.25, 0.4), (0.001, 0.55)])
def test_the_boxes_are_those_that_predict_returns(model, raw, confidence, iou):
    """On images of many shapes, at several thresholds: the same boxes, scores and classes, bit for bit."""
    images, boxes = raw

    ours = suppress(boxes, iou=iou, confidence=confidence)

    for index, image in enumerate(images):
        [theirs] = model.predict(str(image), imgsz=416, conf=confidence, iou=iou, verbose=False)
        mine = ours.where(ours.image_index == index)
        np.testing.assert_array_equal(mine.boxes_xyxy, theirs.boxes.xyxy.numpy().astype(float))
        np.testing.assert_array_equal(mine.scores, theirs.boxes.conf.numpy().astype(float))
        np.testing.assert_array_equal(mine.class_index, theirs.boxes.cls.numpy().astype(int))


def test_a_model_of_many_classes_is_asked_for_those_of_the_data_only(predictions):
    _, found = predictions

    assert found.truth.class_names == ("person",)
    assert set(found.raw.class_index) == {0}
    assert len(suppress(found.raw, confidence=0.25)) > 20


def test_what_was_saved_is_loaded_whole(predictions, tmp_path):
    _, found = predictions
    found.save(tmp_path / "test")

    loaded = Predictions.load(tmp_path / "test")

    assert loaded.truth.files == found.truth.files
    for name in ("sizes_wh", "image_index", "class_index", "boxes_xyxy"):
        np.testing.assert_array_equal(getattr(loaded.truth, name), getattr(found.truth, name))
    for name in ("image_index", "class_index", "scores", "boxes_xyxy", "input_sizes_wh", "sizes_wh"):
        np.testing.assert_array_equal(getattr(loaded.raw, name), getattr(found.raw, name))


def _request(real_data, class_names):
    return PredictionRequest(class_names=class_names, imgsz=416, weights=real_data / "yolov8n.pt", device="cpu")
