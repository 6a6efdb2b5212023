"""Each family of docs/guides/models.md, from its architecture to a registered model and its ONNX file, at 64 pixels."""

from pathlib import Path

import numpy as np
import pytest
from ultralytics import RTDETR

from src.data.build import ensure_prepared
from src.detector.latency import export_onnx, onnx_difference
from src.detector.options import TrainOptions
from src.detector.predict import PredictionRequest, Predictor
from src.detector.suppression import suppress
from src.detector.train import TrainingRequest, train
from src.detector.validation import ValidationRequest, validate
from src.evaluation.options import EvaluateOptions
from src.stages.promote.arguments import PromoteArguments
from src.stages.promote.stage import PromoteJob, promote
from tests.integration.judged_runs import ANY, SIDE, evaluated, judged_run, noise_data, random_weights
from tests.support.stores import local_store

pytestmark = pytest.mark.integration

WITHOUT_NMS = "yolo26n"  # its head is the one that differs most
OTHERS = ["yolov3-tiny", "yolov5n", "yolov6n", "yolov8n", "yolov9t", "yolov10n", "yolo11n", "yolo12n"]
WITHOUT_SUPPRESSION = "yolov8n-rtdetr"  # RT-DETR's decoder on a small backbone
FAMILIES = [WITHOUT_NMS, WITHOUT_SUPPRESSION, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return local_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return noise_data(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_export_of_a_family_answers_as_pytorch_does_whatever_the_shape_of_a_picture(family, tmp_path):
    """The threshold is chosen with the one, and holds for the other."""
    weights = random_weights(family, tmp_path)
    request = PredictionRequest(class_names=["person"], imgsz=SIDE, weights=weights, device="cpu")
    export_onnx(request, tmp_path / "model.onnx")
    shapes = [(64, 64, 3), (64, 40, 3), (48, 100, 3)]
    pictures = [np.random.default_rng(0).integers(0, 255, shape, np.uint8) for shape in shapes]
    difference = onnx_difference(request, tmp_path / "model.onnx", pictures)
    assert difference.boxes_px < 0.1
    assert difference.scores < 1e-3


class Nobody:
    """Does not want to know how a training goes."""

    def on_start(self, resolved, flags):
        pass

    def on_epoch(self, epoch, metrics):
        pass


@pytest.fixture(scope="module")
def rtdetr(data, tmp_path_factory):
    """RT-DETR after one epoch."""
    arguments = {"imgsz": SIDE, "batch": 4, "workers": 0, "epochs": 1, "optimizer": "SGD", "lr0": 0.001}
    folder = tmp_path_factory.mktemp("rtdetr")
    request = TrainingRequest(
        ensure_prepared(data).data_yaml, folder, arguments, architecture=f"{WITHOUT_SUPPRESSION}.yaml", device="cpu"
    )
    return train(request, Nobody())


def test_rt_detr_is_trained_and_validated_by_its_own_rules(rtdetr, data):
    assert {"train/giou_loss", "train/cls_loss", "train/l1_loss"} <= set(rtdetr.metrics)
    request = ValidationRequest(ensure_prepared(data).data_yaml, ("person",), SIDE, 4, weights=rtdetr.best)
    assert validate(request).metrics["val/mAP50-95"] == rtdetr.metrics["val/mAP50-95"]


@pytest.mark.parametrize("class_names", [("person",), ("dog", "person")], ids=["its own classes", "others"])
@pytest.mark.parametrize("confidence", [0.001, 0.25])
def test_the_boxes_of_rt_detr_are_those_that_predict_returns(rtdetr, class_names, confidence):
    """Nothing is suppressed, and pictures are stretched."""
    pictures = [np.random.default_rng(0).integers(0, 255, shape, np.uint8) for shape in ((40, 64, 3), (90, 50, 3))]
    predictor = Predictor(PredictionRequest(class_names, SIDE, weights=rtdetr.best, device="cpu"))
    ours = suppress(predictor.raw_boxes(pictures), iou=0.3, confidence=confidence)

    for index, picture in enumerate(pictures):
        [theirs] = RTDETR(rtdetr.best).predict(picture, imgsz=SIDE, conf=confidence, verbose=False, save=False)
        mine = ours.where(ours.image_index == index)
        np.testing.assert_array_equal(mine.boxes_xyxy, theirs.boxes.xyxy.numpy().astype(float))
        np.testing.assert_array_equal(mine.scores, theirs.boxes.conf.numpy().astype(float))
        assert set(mine.class_index) <= {class_names.index("person")}


@pytest.mark.slow
@pytest.mark.parametrize("family", [WITHOUT_NMS, WITHOUT_SUPPRESSION, *OTHERS])
def test_a_family_is_promoted(family, store, data, tmp_path):
    """Promotion loads the registered model back, with PyTorch and with ONNX, and compares it with the evaluation."""
    run = judged_run(store, evaluated(tmp_path, data, random_weights(family, tmp_path), SIDE), ANY)
    arguments = PromoteArguments(name=family, run=run, alias="staging")
    promoted = promote(
        PromoteJob(arguments, store, data, TrainOptions(device="cpu"), EvaluateOptions(resamples=20), Path("nowhere"))
    )
    assert promoted.alias == "staging"
    assert set(promoted.agreement) == {"pytorch", "onnx"}
