"""Our average precision against faster-coco-eval's, on real predictions for real photographs."""

import numpy as np
import pytest

from src.data.build import ensure_prepared
from src.data.ground_truth import ground_truth
from src.detector.predict import PredictionRequest, Predictor, read_image
from src.detector.suppression import suppress
from src.documents.predictions import Predictions
from src.evaluation.average_precision import COCO, ULTRALYTICS, average_precision
from src.evaluation.coco import SIZES, coco_metrics
from src.evaluation.matching import match, records_of

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def predictions(real_data, coco128):
    """The pretrained weights on the ten val and the ten test images, by split."""
    data = ensure_prepared(coco128.options())
    predictor = Predictor(
        PredictionRequest(data.class_names, imgsz=640, weights=real_data / "yolov8n.pt", device="cpu", threads=1)
    )
    found = {}
    for split in ("val", "test"):
        truth = ground_truth(data, split)
        images = [data.root / file for file in truth.files]
        found[split] = Predictions(truth, predictor.raw_boxes(map(read_image, images)))
    return found


@pytest.mark.parametrize("iou", [0.5, 0.7])
@pytest.mark.parametrize("split", ["val", "test"])
def test_average_precision_agrees_with_the_library(predictions, split, iou):
    """At every IoU threshold, to rounding; 1e-4 is what is asked for."""
    found = predictions[split]
    detections = suppress(found.raw, iou=iou)
    ours = average_precision(records_of(detections, found.truth), COCO)
    theirs = coco_metrics(detections, found.truth)
    np.testing.assert_allclose(ours.per_class, theirs.per_class, atol=1e-12)
    assert ours.map50 == pytest.approx(theirs.mean("mAP50"), abs=1e-12)
    assert ours.map50_95 == pytest.approx(theirs.mean("mAP50-95"), abs=1e-12)


@pytest.mark.parametrize(
    ("split", "map50", "map50_95"), [pytest.param("val", 0.760, 0.570), pytest.param("test", 0.796, 0.570)]
)
def test_the_figures_are_near_those_of_ultralytics(predictions, split, map50, map50_95):
    """What Ultralytics' validation says of these weights and images at this size, but for how it pads and reads AP."""
    found = predictions[split]
    detections = suppress(found.raw)
    records = records_of(detections, found.truth)
    assert average_precision(records, ULTRALYTICS).map50 == pytest.approx(map50, abs=0.03)
    assert average_precision(records, ULTRALYTICS).map50_95 == pytest.approx(map50_95, abs=0.03)
    theirs = coco_metrics(detections, found.truth)
    assert theirs.mean("mAP50") == pytest.approx(map50, abs=0.03)


@pytest.mark.parametrize("split", ["val", "test"])
def test_larger_people_are_found_better(predictions, split):
    found = predictions[split]
    metrics = coco_metrics(suppress(found.raw), found.truth)
    small, medium, large = (metrics.mean_of_size(size, "mAP50-95") for size in SIZES)
    assert 0.2 < small < medium < large < 1


def test_most_people_are_found(predictions):
    """And no box twice, at any threshold."""
    found = predictions["test"]
    matches = match(suppress(found.raw), found.truth)
    assert matches.hit.sum() >= 40
    for column in matches.truth_index.T:
        boxes = column[column >= 0]
        assert len(np.unique(boxes)) == len(boxes)
