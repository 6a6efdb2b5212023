"""Each family of docs/guides/models.md, from its architecture to a registered model and its ONNX file, at 64 pixels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ultralytics import YOLO
from ultralytics.nn.tasks import DetectionModel

from src.data.options import YoloOptions
from src.detector.latency import export_onnx, onnx_difference
from src.detector.options import TrainOptions
from src.detector.predict import PredictionRequest
from src.evaluation.options import EvaluateOptions
from src.mlflow.options import TrackingOptions
from src.stages.promote.arguments import PromoteArguments
from src.stages.promote.stage import PromoteJob, promote
from tests.integration.judged_runs import evaluated, judged_run

pytestmark = pytest.mark.integration

IMGSZ = 64
WITHOUT_NMS = "yolo26n"  # its head is the one that differs most
OTHERS = ["yolov3-tiny", "yolov5n", "yolov6n", "yolov8n", "yolov9t", "yolov10n", "yolo11n", "yolo12n"]
FAMILIES = [WITHOUT_NMS, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]
ANY = {"any": {"metric": "test/F1", "more_than": -1.0}}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    return TrackingOptions(
        uri=f"sqlite:///{folder}/mlflow.db",
        artifacts=str(folder / "artifacts"),
        spool=str(folder / "spool"),
        wait_s=240,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Pictures that are filled by one object, which random weights find, too; they are not square."""
    folder = tmp_path_factory.mktemp("data")
    for number in range(12):
        for kind in ("images", "labels"):
            (folder / "own" / kind).mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (40, IMGSZ, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "own" / "images" / f"{number}.png")
        (folder / "own" / "labels" / f"{number}.txt").write_text("0 0.5 0.5 0.9 0.9\n")
    return YoloOptions(
        name="own", source="yolo", root=str(folder / "prepared"), path=str(folder / "own"), names=["person"],
        splits={"train": 4, "val": 4, "test": 4}, imgsz_choices=[IMGSZ],
    )  # fmt: skip


def random_weights(family: str, folder: Path) -> Path:
    """Weights of a family as they are before training, with the class of the data."""
    made = YOLO(f"{family}.yaml")
    made.model = DetectionModel(f"{family}.yaml", nc=1, verbose=False)
    made.model.names = {0: "person"}
    made.save(folder / "random.pt")
    return folder / "random.pt"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_export_of_a_family_answers_as_pytorch_does_whatever_the_shape_of_a_picture(family, tmp_path):
    """The threshold is chosen with the one, and holds for the other."""
    weights = random_weights(family, tmp_path)
    request = PredictionRequest(class_names=["person"], imgsz=IMGSZ, weights=weights, device="cpu")
    export_onnx(request, tmp_path / "model.onnx")
    shapes = [(64, 64, 3), (64, 40, 3), (48, 100, 3)]
    pictures = [np.random.default_rng(0).integers(0, 255, shape, np.uint8) for shape in shapes]
    difference = onnx_difference(request, tmp_path / "model.onnx", pictures)
    assert difference.boxes_px < 0.1
    assert difference.scores < 1e-3


@pytest.mark.slow
def test_a_head_without_nms_is_promoted(store, data, tmp_path):
    run = judged_run(store, evaluated(tmp_path, data, random_weights(WITHOUT_NMS, tmp_path), IMGSZ), ANY)
    arguments = PromoteArguments(name="people", run=run, alias="staging")
    promoted = promote(
        PromoteJob(arguments, store, data, TrainOptions(device="cpu"), EvaluateOptions(resamples=20), Path("nowhere"))
    )
    assert promoted.version.number == 1
