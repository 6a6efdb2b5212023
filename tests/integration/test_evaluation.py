"""The evaluation's figures against those of Ultralytics."""

import importlib

import numpy as np
import pytest

from src.data.build import ensure_prepared
from src.detector.validation import ValidationRequest, validate
from src.evaluation.average_precision import average_precision
from tests.unit.evaluation.strategies import random_records

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("seed", range(20))
def test_average_precision_is_that_of_ultralytics(seed):
    """Over images, classes and hit rates of all kinds, AP by class and threshold equals Ultralytics' own."""
    from src.detector import engine  # noqa: F401 - sets Ultralytics' environment before it is imported

    ap_per_class = importlib.import_module("ultralytics.utils.metrics").ap_per_class

    rng = np.random.default_rng(seed)
    records = random_records(
        seed,
        images=int(rng.integers(1, 30)),
        classes=int(rng.integers(1, 6)),
        detections=int(rng.integers(1, 600)),
        hit_rate=float(rng.random()),
    )
    classes = np.tile(np.arange(records.class_count), records.image_count)
    targets = np.repeat(classes, records.positives.ravel())

    result = ap_per_class(records.true_positive, records.scores, records.class_index, targets)

    expected, with_truth = result[5], result[6]
    np.testing.assert_allclose(average_precision(records).per_class[with_truth], expected, atol=1e-6)


def test_real_detections_have_the_figures_of_ultralytics(real_data, coco128):
    """On pretrained YOLOv8n and real images of several classes, mAP from the records is that of the validator."""
    data = ensure_prepared(coco128.options("data.classes=[person,chair,cup,car]"))
    evaluation = validate(
        ValidationRequest(
            data_yaml=data.data_yaml,
            class_names=data.class_names,
            imgsz=320,
            batch=8,
            weights=real_data / "yolov8n.pt",
            device="cpu",
        )
    )

    records = evaluation.records
    result = average_precision(records)

    assert len(records.scores) > 100
    assert result.map50 == pytest.approx(evaluation.metrics["val/mAP50"], abs=1e-6)
    assert result.map50_95 == pytest.approx(evaluation.metrics["val/mAP50-95"], abs=1e-6)
