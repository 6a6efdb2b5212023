"""Known figures on real data: pretrained YOLOv8n on the persons of COCO128."""

import pytest

from src.data.build import ensure_prepared

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def persons(coco128):
    """The known split, prepared."""
    return ensure_prepared(coco128.options())


@pytest.mark.parametrize(
    ("imgsz", "map50", "map50_95"),
    [pytest.param(320, 0.726, 0.537, id="320"), pytest.param(416, 0.822, 0.598, id="416")],
)
def test_the_untrained_weights_reach_the_known_figures(persons, real_data, imgsz, map50, map50_95):
    """COCO's 80-class head on a data set of one class: the head's `person` is evaluated, and nothing else."""
    from src.detector.validation import ValidationRequest, validate

    evaluation = validate(
        ValidationRequest(
            data_yaml=persons.data_yaml,
            class_names=persons.class_names,
            imgsz=imgsz,
            batch=16,
            weights=real_data / "yolov8n.pt",
            device="cpu",
        )
    )
    assert evaluation.metrics["val/mAP50"] == pytest.approx(map50, abs=0.0006)
    assert evaluation.metrics["val/mAP50-95"] == pytest.approx(map50_95, abs=0.0006)
    assert evaluation.records.positives.shape == (10, 1)
    assert evaluation.records.positives.sum() == 31


def test_classes_that_the_head_does_not_know_are_not_found(persons, real_data):
    """And do not disturb those that it knows."""
    from src.detector.validation import ValidationRequest, validate

    evaluation = validate(
        ValidationRequest(
            data_yaml=persons.data_yaml,
            class_names=("pedestrian",),
            imgsz=320,
            batch=16,
            weights=real_data / "yolov8n.pt",
            device="cpu",
        )
    )
    assert len(evaluation.records.scores) == 0
    assert evaluation.metrics["val/mAP50"] == 0.0
