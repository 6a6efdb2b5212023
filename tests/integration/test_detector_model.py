"""The registered model's own file, asked as MLflow asks it, from Python and over HTTP."""

import base64
import io
import json
import shutil
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import requests
import uvicorn
from mlflow.exceptions import MlflowException
from PIL import Image

from src.data.build import ensure_prepared
from src.data.ground_truth import ground_truth
from src.detector.predict import PredictionRequest, Predictor, read_image
from src.detector.suppression import suppress
from src.documents.predictions import Predictions
from src.evaluation.output_agreement import output_agreement
from src.mlflow.registry import package
from src.mlflow.registry.package import Package
from src.mlflow.registry.serving import Served, application
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


def test_a_model_that_is_loaded_needs_its_files_no_more_and_answers_threads_alike(model, data, tmp_path):
    """The weights are loaded with the model, not with the first image, which would wait for seconds."""
    copy = shutil.copytree(model, tmp_path / "model")
    loaded = package.load(copy)
    shutil.rmtree(copy)
    images = [data.root / file for file in ground_truth(data, "test").files[:SHOWN]]
    tables = [pd.DataFrame({"image": [image.read_bytes()]}) for image in images]
    alone = [loaded.predict(table) for table in tables]

    with ThreadPoolExecutor(SHOWN) as threads:
        together = list(threads.map(loaded.predict, tables * 2))

    for found, expected in zip(together, alone * 2, strict=True):
        pd.testing.assert_frame_equal(found, expected)


def test_an_unknown_backend_is_refused(model):
    with pytest.raises(ValueError, match="backend=tensorrt; expected pytorch or onnx"):
        package.predict(model, [], backend="tensorrt")


def test_the_requirements_are_pinned_to_public_versions():
    pins = dict(pin.split("==") for pin in package.requirements())

    assert {"mlflow", "ultralytics", "torch"} <= set(pins)
    assert not any("+" in version for version in pins.values())


@pytest.fixture(scope="module")
def picture(data):
    return (data.root / ground_truth(data, "test").files[0]).read_bytes()


@pytest.fixture(scope="module")
def server(model):
    """The address of a server of the model."""
    app = application(package.load(model), Served("people", 3, "staging", "pytorch"), "<title>people</title>")
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def asked(server, body, content_type="application/json"):
    content = json.dumps(body) if content_type == "application/json" else body
    return requests.post(f"{server}/invocations", content, headers={"Content-Type": content_type}, timeout=60)


def forms(*images: str) -> list[tuple[object, str]]:
    """Everything that MLflow documents for a column of images."""
    bodies = [
        {"dataframe_split": {"columns": ["image"], "data": [[image] for image in images]}},
        {"dataframe_records": [{"image": image} for image in images]},
        {"inputs": {"image": images}},
        {"inputs": [{"image": image} for image in images]},
        {"instances": [{"image": image} for image in images]},
        {"instances": images},
    ]
    table = pd.DataFrame({"image": images}).to_csv(index=False)
    return [*((body, "application/json") for body in bodies), (table, "text/csv")]


def test_every_form_that_mlflow_documents_gives_the_same_boxes(server, model, picture):
    expected = package.predict(model, [picture, picture])
    text = base64.b64encode(picture).decode()

    answers = [asked(server, *form) for form in forms(text, f"data:image/jpeg;base64,{text}")[2:]]
    answers += [asked(server, *form) for form in forms(text, text)[:2]]  # these MLflow decodes itself

    assert expected
    assert [answer.status_code for answer in answers] == [200] * 7
    for answer in answers:
        assert answer.json()["predictions"] == expected


BAD = {
    "text": b"no image",
    "nothing": b"",
    "a cut header": b"\x89PNG\r\n\x1a\n",
    "too many pixels": b"BM" + (54).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
    + (40).to_bytes(4, "little") + (10**9).to_bytes(4, "little") * 2 + b"\x01\x00\x18\x00" + bytes(24),
}  # fmt: skip


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in BAD.items()])
def test_what_is_no_image_is_named_by_its_rows(model, server, picture, content):
    good, bad = (base64.b64encode(each).decode() for each in (picture, content))
    with pytest.raises(MlflowException, match=rf"^Row 0: 'image' has {len(content)} bytes that are no encoded image"):
        package.predict(model, [content])

    for form in forms(good, bad, good, bad):
        answer = asked(server, *form)
        said = answer.json()["message"].rpartition("Error: ")[2]
        assert answer.status_code == 400
        assert "stack_trace" not in answer.json()
        assert "Row 1: 'image' " in said, said
        assert "Row 3: 'image' " in said, said
        assert "Row 0" not in said, said


def test_a_server_says_which_model_it_is_and_counts_what_it_sees(server, picture):
    def figure(name: str) -> float:
        lines = requests.get(f"{server}/metrics", timeout=60).text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    names = ("detector_images_total", 'detector_requests_total{status="200"}', 'detector_requests_total{status="400"}')
    before = [figure(name) for name in names]
    boxes = figure("detector_confidence_count")
    text = base64.b64encode(picture).decode()
    answers = [asked(server, {"inputs": {"image": images}}) for images in ([text, text], [text], ["nothing"])]

    assert "<title>people</title>" in requests.get(f"{server}/", timeout=60).text
    assert 'name="people",version="3"' in requests.get(f"{server}/metrics", timeout=60).text
    assert [figure(name) for name in names] == [before[0] + 3, before[1] + 2, before[2] + 1]
    found = sum(len(answer.json()["predictions"]) for answer in answers[:2])
    assert figure("detector_confidence_count") == boxes + found > boxes
