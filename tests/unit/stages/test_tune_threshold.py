import json
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from src.core.detections import Detections, GroundTruth
from src.core.errors import DataError
from src.core.files import write_json
from src.data.options import SyntheticOptions
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import NullRun
from src.passes import matched
from src.stages.tune_threshold import pictures as threshold_pictures
from src.stages.tune_threshold import stage
from src.stages.tune_threshold.record import figures, record, save
from src.stages.tune_threshold.stage import TuneJob, tune_threshold
from src.stages.tune_threshold.table import remarks, show
from src.thresholds.options import ThresholdOptions
from tests.unit.evaluation.scenes import random_scene


@dataclass
class Found:
    """Predictions whose raw boxes are detections already, the same at every NMS IoU."""

    truth: GroundTruth
    raw: Detections


def scene(seed=0, images=12, classes=2, truths=40, detections=90):
    detections, truth = random_scene(seed, images=images, classes=classes, truths=truths, detections=detections)
    return Found(truth, detections.where(detections.scores > 0.001))


NO_TRUTH = scene(truths=0)
NO_DETECTIONS = scene(detections=0)
BACKGROUND = scene(truths=0, detections=0)


@pytest.fixture
def tuned(tmp_path, monkeypatch):
    """Run the stage on predictions by split, with further options."""

    def run(predictions, **options):
        folder = tmp_path / "evaluate"
        for name in predictions:
            (folder / "predictions" / name).mkdir(parents=True)
            if name.startswith("corrupted/"):
                (folder / "predictions" / name / "images.parquet").touch()
        write_json(folder / "evaluation.json", {"ultralytics": {"test": {"precision": 0.2, "recall": 0.9, "mAP50": 0}}})
        monkeypatch.setattr(
            stage.Predictions, "load", lambda path: predictions[str(path.relative_to(folder / "predictions"))]
        )
        monkeypatch.setattr(matched, "suppress", lambda raw, **_: raw)  # without torch
        job = TuneJob(
            data=SyntheticOptions(name="drawn", root=str(tmp_path)),
            threshold=ThresholdOptions(evaluation=str(folder), resamples=20, **{"iou_grid": [0.6, 0.7], **options}),
            tracking=TrackingOptions(kind="none"),
            folder=tmp_path / "tuned",
        )
        outcome = tune_threshold(job)
        save(outcome)
        record(outcome, NullRun())
        show(outcome, Console(quiet=True))
        content = json.loads((job.folder / "threshold.json").read_text())
        return outcome, content

    return run


def test_the_json_has_the_agreed_form(tuned):
    outcome, content = tuned({"val": scene(0), "test": scene(1), "corrupted/fog": scene(2), "corrupted/rain": scene(3)})
    assert content["feasible"]
    assert content["criterion"] == "F1 as large as possible"
    assert content["score"] == outcome.point.score == content["score_interval"]["estimate"]
    assert content["iou"] == 0.7  # all NMS IoUs tie here
    assert (content["val"]["images"], content["val"]["boxes"]) == (12, 40)
    for point in ("tuned", "default"):
        assert list(content["test"][point]) == ["precision", "recall", "F1"]
        assert set(content["errors"][point]) == {"missed", "background", "duplicate", "localisation", "wrong_class"}
    assert set(content["test"]["difference"]["F1"]) == {"estimate", "low", "high"}
    assert content["ultralytics"] == {"precision": 0.2, "recall": 0.9}
    assert list(content["robustness"]) == ["fog", "rain"]
    assert 0 <= content["calibration"]["test"]["ece"] <= 1
    assert (content["per_class"], content["nearest"]) == (None, None)


def test_the_errors_add_up_with_the_figures(tuned):
    """Boxes that are not found, and detections that are not right, are each an error of some type."""
    outcome, content = tuned({"val": scene(0), "test": scene(1)})
    kept, hits, boxes = outcome.views["test"].counts(outcome.point).sum(axis=0)
    errors = content["errors"]["tuned"]
    assert errors["missed"] == boxes - hits
    assert sum(errors.values()) == boxes - hits + kept - hits
    assert content["test"]["tuned"]["precision"]["estimate"] == pytest.approx(hits / kept)


def test_figures_curves_and_pictures_are_written(tuned, tmp_path, monkeypatch):
    outcome, _ = tuned({"val": scene(0), "test": scene(1)})
    folder = tmp_path / "tuned"
    monkeypatch.setattr(threshold_pictures, "read_image", lambda _: np.zeros((360, 360, 3), np.uint8))
    threshold_pictures.draw(outcome)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics.items() <= figures(outcome).items()
    assert {"threshold", "nms_iou", "val/tuned_F1", "test/tuned_F1", "test/default_F1"} <= set(metrics)
    names = {"precision_recall", "f1_by_threshold", "reliability", "default_and_tuned"}
    assert {path.stem for path in (folder / "plots").glob("*.png")} == names
    for path in (folder / "plots").glob("*.png"):
        Image.open(path).verify()
    curves = {f"{split}_{kind}.csv" for split in ("val", "test") for kind in ("f1", "pr", "reliability")}
    assert {path.name for path in (folder / "curves").iterdir()} == curves


def test_a_constraint_out_of_reach_is_no_made_up_answer(tuned):
    outcome, content = tuned({"val": scene(0), "test": scene(1)}, criterion="max_precision", recall_floor=1.0)
    assert not content["feasible"]
    assert (content["score"], content["score_interval"], content["iou"], content["val"]) == (None, None, None, None)
    assert content["test"]["tuned"] is None
    assert content["test"]["default"]["F1"]["estimate"] > 0
    assert content["nearest"]["recall"] < 1
    assert "threshold" not in figures(outcome)
    assert any("NO THRESHOLD WAS CHOSEN" in line for line in remarks(outcome))
    assert any("nearest attainable" in line for line in remarks(outcome))


@pytest.mark.parametrize(
    ("val", "reason"),
    [
        pytest.param(NO_TRUTH, "There is no ground truth box", id="no ground truth"),
        pytest.param(NO_DETECTIONS, "there are no detections", id="no detections"),
        pytest.param(BACKGROUND, "There is no ground truth box", id="backgrounds only"),
    ],
)
def test_a_val_split_without_anything_gives_the_reason(tuned, val, reason):
    _, content = tuned({"val": val, "test": scene(1)})
    assert not content["feasible"]
    assert reason in content["reason"]
    assert content["nearest"] is None


@pytest.mark.parametrize(
    ("test", "known"),
    [
        pytest.param(NO_TRUTH, {"precision"}, id="no ground truth"),
        pytest.param(NO_DETECTIONS, {"recall", "F1"}, id="no detections"),
        pytest.param(BACKGROUND, set(), id="nothing at all"),
    ],
)
def test_a_test_split_without_anything_leaves_figures_unknown(tuned, test, known):
    """They are null in the JSON and left out of the metrics."""
    outcome, content = tuned({"val": scene(0), "test": test})
    assert content["feasible"]
    tuned_figures = content["test"]["tuned"]
    assert {name for name in tuned_figures if tuned_figures[name]["estimate"] is not None} == known
    assert {name for name in ("precision", "recall", "F1") if f"test/tuned_{name}" in figures(outcome)} == known


def test_without_a_test_split_that_is_said(tuned):
    outcome, content = tuned({"val": scene(0)})
    assert content["feasible"]
    assert content["test"] is None
    assert any("There is no test split" in line for line in remarks(outcome))


def test_classes_with_too_few_boxes_share_a_threshold_and_the_gain_is_compared(tuned):
    outcome, content = tuned({"val": scene(0), "test": scene(1)}, per_class=True, min_positives=20)
    own = [each["own"] for each in content["per_class"].values()]
    assert sorted(own) == [False, True]
    shared = next(each for each in content["per_class"].values() if not each["own"])
    assert shared["score"] == content["score"]
    assert "fewer than 20" in shared["reason"]
    assert content["test"]["per_class_difference"]["F1"]["low"] is not None
    assert any("Thresholds per class against one for all" in line for line in remarks(outcome))


def test_a_class_that_is_missing_from_val_has_the_threshold_for_all(tuned):
    """It is known by name, and has neither boxes nor detections."""
    some = scene(0, classes=1)
    truth = some.truth
    with_more = GroundTruth(
        truth.files, truth.sizes_wh, ("class 0", "missing"), truth.image_index, truth.class_index, truth.boxes_xyxy
    )
    _, content = tuned({"val": Found(with_more, some.raw)}, per_class=True, min_positives=10)
    assert content["per_class"]["class 0"]["own"]
    assert content["per_class"]["missing"]["score"] == content["score"]
    assert "0 boxes" in content["per_class"]["missing"]["reason"]


def test_a_small_test_set_is_said_to_decide_nothing(tuned):
    """Tuned and default on the same twelve images are not to be told apart."""
    outcome, content = tuned({"val": scene(0), "test": scene(1)})
    difference = content["test"]["difference"]["F1"]
    assert difference["low"] <= 0 <= difference["high"]
    assert any("the difference on 12 test images cannot be told from none" in line for line in remarks(outcome))


def test_a_missing_evaluation_is_named(tmp_path):
    job = TuneJob(
        data=SyntheticOptions(name="drawn", root=str(tmp_path)),
        threshold=ThresholdOptions(evaluation=str(tmp_path / "nowhere")),
        tracking=TrackingOptions(kind="none"),
        folder=tmp_path / "tuned",
    )
    with pytest.raises(DataError, match=r"no finished evaluation in .*nowhere.*threshold.evaluation="):
        tune_threshold(job)
