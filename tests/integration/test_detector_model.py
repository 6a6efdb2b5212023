"""The registered model's own file, asked as MLflow asks it."""

import io

import numpy as np
import pytest
from PIL import Image

from src.data.build import ensure_prepared
from src.data.ground_truth import ground_truth
from src.detector.predict import PredictionRequest, Predictor, read_image
from src.detector.suppression import suppress
from src.documents.predictions import Predictions
from src.evaluation.output_agreement import output_agreement
from src.mlflow.registry import package
from src.mlflow.registry.package import Package
from src.stages.promote.against_incumbent import DeployedModel

pytestmark = pytest.mark.integration

IMGSZ, IOU, SHOWN = 256, 0.6, 4


@pytest.fixture(scope="module")
def data(coco128):
    """Photographs of many shapes, with all classes of COCO."""
    return ensure_prepared(coco128.options("data.classes=[]", "data.resize=null"))


@pytest.fixture(scope="module")
def confidence(data):
    """People have to be surer than anything else."""
    return {name: 0.6 if name == "person" else 0.3 for name in data.class_names}


@pytest.fixture(scope="module")
def model(real_data, data, confidence, tmp_path_factory):
    """The folder of a model; what stands in for the export is never run."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "model.onnx").write_bytes(b"not run")
    example = next((data.root / "images" / "test").glob("*.jpg"))
    weights = real_data / "yolov8n.pt"
    names = data.class_names
    package.save(Package(weights, folder / "model.onnx", example, names, IMGSZ, confidence, IOU), folder / "made")
    return folder / "made"


def test_classes_with_thresholds_of_their_own_give_the_boxes_that_were_evaluated(model, data, real_data, confidence):
    """On images of several shapes at once."""
    truth = ground_truth(data, "test")
    images = [data.root / file for file in truth.files[:SHOWN]]
    request = PredictionRequest(truth.class_names, IMGSZ, weights=real_data / "yolov8n.pt", device="cpu")
    recorded = Predictions(truth, Predictor(request).raw_boxes(map(read_image, images)))
    point = DeployedModel(recorded, confidence, IOU).point
    everything = suppress(recorded.raw, iou=point.iou, confidence=point.score)
    expected = everything.where(point.keeps(everything.scores, everything.class_index))

    found = package.predict(model, [image.read_bytes() for image in images])

    compared = output_agreement(found, expected, truth.class_names)
    assert compared.is_same, compared
    assert compared.boxes < len(everything)


def test_an_image_without_anything_and_no_image_at_all_give_no_boxes(model):
    grey = io.BytesIO()
    Image.fromarray(np.full((40, 60, 3), 128, np.uint8)).save(grey, "PNG")

    assert package.predict(model, [grey.getvalue()]) == []
    assert package.predict(model, []) == []


@pytest.mark.parametrize("content", [pytest.param(b"no image", id="other bytes"), pytest.param(b"", id="none")])
def test_what_is_no_image_is_named_by_its_row(model, content):
    with pytest.raises(ValueError, match=f"Row 0: 'image' is no encoded image .* of {len(content)} bytes"):
        package.predict(model, [content])


def test_an_unknown_backend_is_refused(model):
    with pytest.raises(ValueError, match="backend=tensorrt; expected pytorch or onnx"):
        package.predict(model, [], backend="tensorrt")


def test_the_requirements_are_pinned_to_public_versions():
    pins = dict(pin.split("==") for pin in package.requirements())

    assert {"mlflow", "ultralytics", "torch"} <= set(pins)
    assert not any("+" in version for version in pins.values())
