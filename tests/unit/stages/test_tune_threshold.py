import json
import math
from dataclasses import asdict, dataclass

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from src.core.detections import Detections, GroundTruth
from src.core.errors import DataError
from src.data.options import SyntheticOptions
from src.documents.threshold import Threshold, UltralyticsPoint
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import NullRun
from src.passes import matched
from src.render.printed import threshold as printed
from src.stages.tune_threshold import pictures as threshold_pictures
from src.stages.tune_threshold import stage
from src.stages.tune_threshold.record import record, save, tracked
from src.stages.tune_threshold.stage import TuneJob, tune_threshold
from src.thresholds.options import ThresholdOptions
from tests.support import documents
from tests.unit.evaluation.scenes import random_scene


@dataclass
class Raw:
    """Boxes that are detections already, the same at every NMS IoU."""

    detections: Detections
    needs_nms: bool = True


@dataclass
class Found:
    """Predictions of such."""

    truth: GroundTruth
    raw: Raw


def scene(seed=0, images=12, classes=2, truths=40, detections=90):
    detections, truth = random_scene(seed, images=images, classes=classes, truths=truths, detections=detections)
    return Found(truth, Raw(detections.where(detections.scores > 0.001)))


def remarks(outcome):
    return printed.remarks(outcome.threshold, outcome.broken_on_test)


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
        documents.evaluation().write(folder)
        monkeypatch.setattr(
            stage.Predictions, "load", lambda path: predictions[str(path.relative_to(folder / "predictions"))]
        )
        monkeypatch.setattr(matched, "suppress", lambda raw, **_: raw.detections)  # without torch
        job = TuneJob(
            data=SyntheticOptions(name="drawn", root=str(tmp_path)),
            threshold=ThresholdOptions(evaluation=str(folder), resamples=20, **{"iou_grid": [0.6, 0.7], **options}),
            tracking=TrackingOptions(kind="none"),
            folder=tmp_path / "tuned",
        )
        outcome = tune_threshold(job)
        save(outcome)
        record(outcome, NullRun())
        printed.show(outcome.threshold, outcome.broken_on_test, outcome.folder, Console(quiet=True))
        assert repr(Threshold.read(job.folder)) == repr(outcome.threshold)  # NaN is not equal to itself
        return outcome

    return run


def test_the_document_says_what_was_chosen(tuned):
    outcome = tuned({"val": scene(0), "test": scene(1), "corrupted/fog": scene(2), "corrupted/rain": scene(3)})
    found = outcome.threshold
    assert found.criterion == "F1 as large as possible"
    assert found.chosen.score == outcome.point.score == found.chosen.score_interval.estimate
    assert found.chosen.iou == 0.7  # all NMS IoUs tie here
    assert (found.val.images, found.val.boxes) == (12, 40)
    assert found.ultralytics == UltralyticsPoint(precision=0.79, recall=0.74)
    assert list(found.robustness) == ["fog", "rain"]
    assert 0 <= found.calibration.test.ece <= 1
    assert (found.chosen.per_class, found.nearest, found.reason) == (None, None, None)


@pytest.mark.parametrize(("needs_nms", "searched"), [(True, {"0.5", "0.6"}), (False, {"0.7"})])
def test_the_iou_of_a_model_that_needs_no_nms_is_not_searched(tuned, needs_nms, searched):
    found = scene(0)
    outcome = tuned({"val": Found(found.truth, Raw(found.raw.detections, needs_nms))}, iou_grid=[0.5, 0.6])
    assert set(outcome.threshold.chosen.iou_shares) == searched


def test_the_errors_add_up_with_the_figures(tuned):
    """Boxes that are not found, and detections that are not right, are each an error of some type."""
    outcome = tuned({"val": scene(0), "test": scene(1)})
    kept, hits, boxes = outcome.views["test"].counts(outcome.point).sum(axis=0)
    errors = asdict(outcome.threshold.errors.tuned)
    assert errors["missed"] == boxes - hits
    assert sum(errors.values()) == boxes - hits + kept - hits
    assert outcome.threshold.test.tuned.precision.estimate == pytest.approx(hits / kept)


def test_figures_curves_and_pictures_are_written(tuned, tmp_path, monkeypatch):
    outcome = tuned({"val": scene(0), "test": scene(1)})
    folder = tmp_path / "tuned"
    monkeypatch.setattr(threshold_pictures, "read_image", lambda _: np.zeros((360, 360, 3), np.uint8))
    threshold_pictures.draw(outcome)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics.items() <= tracked(outcome.threshold).items()
    assert {"threshold", "nms_iou", "val/tuned_F1", "test/tuned_F1", "test/default_F1"} <= set(metrics)
    names = {"precision_recall", "f1_by_threshold", "reliability", "default_and_tuned"}
    assert {path.stem for path in (folder / "plots").glob("*.png")} == names
    for path in (folder / "plots").glob("*.png"):
        Image.open(path).verify()
    curves = {f"{split}_{kind}.csv" for split in ("val", "test") for kind in ("f1", "pr", "reliability")}
    assert {path.name for path in (folder / "curves").iterdir()} == curves


def test_a_constraint_out_of_reach_is_no_made_up_answer(tuned):
    outcome = tuned({"val": scene(0), "test": scene(1)}, criterion="max_precision", recall_floor=1.0)
    found = outcome.threshold
    assert (found.chosen, found.val, found.test.tuned) == (None, None, None)
    assert found.test.default.f1.estimate > 0
    assert found.nearest.recall < 1
    assert "threshold" not in tracked(outcome.threshold)
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
    outcome = tuned({"val": val, "test": scene(1)})
    assert outcome.threshold.chosen is None
    assert reason in outcome.threshold.reason
    assert outcome.threshold.nearest is None


@pytest.mark.parametrize(
    ("test", "known"),
    [
        pytest.param(NO_TRUTH, {"precision"}, id="no ground truth"),
        pytest.param(NO_DETECTIONS, {"recall", "F1"}, id="no detections"),
        pytest.param(BACKGROUND, set(), id="nothing at all"),
    ],
)
def test_a_test_split_without_anything_leaves_figures_unknown(tuned, test, known):
    """They are null in the file and left out of the metrics in the tracker."""
    outcome = tuned({"val": scene(0), "test": test})
    found = outcome.threshold.test.tuned.by_name()
    assert {name for name, value in found.items() if not math.isnan(value.estimate)} == known
    assert {
        name for name in ("precision", "recall", "F1") if f"test/tuned_{name}" in tracked(outcome.threshold)
    } == known


def test_without_a_test_split_that_is_said(tuned):
    outcome = tuned({"val": scene(0)})
    assert outcome.threshold.chosen is not None
    assert outcome.threshold.test is None
    assert any("There is no test split" in line for line in remarks(outcome))


def test_classes_with_too_few_boxes_share_a_threshold_and_the_gain_is_compared(tuned):
    outcome = tuned({"val": scene(0), "test": scene(1)}, per_class=True, min_positives=20)
    chosen = outcome.threshold.chosen
    assert sorted(each.own for each in chosen.per_class.values()) == [False, True]
    shared = next(each for each in chosen.per_class.values() if not each.own)
    assert shared.score == chosen.score
    assert "fewer than 20" in shared.reason
    assert not math.isnan(outcome.threshold.test.per_class_difference.f1.low)
    assert any("Thresholds per class against one for all" in line for line in remarks(outcome))


def test_a_class_that_is_missing_from_val_has_the_threshold_for_all(tuned):
    """It is known by name, and has neither boxes nor detections."""
    some = scene(0, classes=1)
    truth = some.truth
    with_more = GroundTruth(
        truth.files, truth.sizes_wh, ("class 0", "missing"), truth.image_index, truth.class_index, truth.boxes_xyxy
    )
    outcome = tuned({"val": Found(with_more, some.raw)}, per_class=True, min_positives=10)
    chosen = outcome.threshold.chosen
    assert chosen.per_class["class 0"].own
    assert chosen.per_class["missing"].score == chosen.score
    assert "0 boxes" in chosen.per_class["missing"].reason


def test_a_small_test_set_is_said_to_decide_nothing(tuned):
    """Tuned and default on the same twelve images have no significant difference."""
    outcome = tuned({"val": scene(0), "test": scene(1)})
    difference = outcome.threshold.test.difference.f1
    assert difference.low <= 0 <= difference.high
    assert any("no significant difference on 12 test images" in line for line in remarks(outcome))


def test_a_missing_evaluation_is_named(tmp_path):
    job = TuneJob(
        data=SyntheticOptions(name="drawn", root=str(tmp_path)),
        threshold=ThresholdOptions(evaluation=str(tmp_path / "nowhere")),
        tracking=TrackingOptions(kind="none"),
        folder=tmp_path / "tuned",
    )
    with pytest.raises(DataError, match=r"There is no .*nowhere/evaluation\.json.*threshold.evaluation="):
        tune_threshold(job)
