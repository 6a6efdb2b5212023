"""What a trial keeps of a model as it is deployed, with detections that are made up."""

from pathlib import Path

import pytest

from src.core.detection_records import DetectionRecords
from src.core.errors import TrainingError
from src.data.options import SyntheticOptions
from src.data.prepared import PreparedData
from src.detector.figures import constraint
from src.detector.options import ModelOptions, TrainOptions
from src.detector.predict import PredictionRequest
from src.mlflow.options import TrackingOptions
from src.passes.figures import TrainedModel
from src.stages.train import as_deployed as stage
from src.stages.train.as_deployed import as_deployed, excess
from src.stages.train.job import TrainJob
from tests.support.predictions import IMAGES, predictions


@pytest.fixture
def passes(monkeypatch, tmp_path):
    """The passes that are made; results of starting weights are kept in a folder of the test."""
    made = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("src.passes.figures.Predictor", lambda request: request)

    def predict(request, _, split):
        made.append((request.weights, request.architecture, split))
        return predictions(len(made))

    monkeypatch.setattr("src.passes.figures.predict_split", predict)
    return made


def job(tmp_path, **settings):
    return TrainJob(
        SyntheticOptions(name="people", source="synthetic", splits={"train": 8, "val": 4}, images=12, side=64),
        ModelOptions(architecture="yolov8n.yaml"),
        TrainOptions(**settings),
        TrackingOptions(),
        tmp_path / "run",
    )


def model(tmp_path, split="val"):
    data = PreparedData("people", tmp_path, tmp_path / "data.yaml", "abc", ("person",), {}, "synthetic")
    return TrainedModel(PredictionRequest(("person",), 96, weights=Path("best.pt")), data, {}, split)


def test_what_nothing_asks_for_is_not_computed(tmp_path, passes):
    asked = job(tmp_path, constraints={"latency_ms": "<= 3"})
    assert as_deployed(asked, model(tmp_path), None) is None
    assert passes == []


def test_the_starting_weights_are_evaluated_once_for_all_trials(tmp_path, passes):
    asked = job(tmp_path, objective=["deployed/F1", "deployed/mAP50"])
    first, second = (as_deployed(asked, model(tmp_path), None) for _ in range(2))
    assert [weights for weights, _, _ in passes] == [Path("best.pt"), None, Path("best.pt")]
    assert passes[1] == (None, "yolov8n.yaml", "val")
    assert first.start == second.start
    assert set(first.metrics) == set(first.start.metrics) == {"deployed/F1", "deployed/mAP50"}
    assert DetectionRecords.load(first.records).positives.shape == (IMAGES, 1)
    assert DetectionRecords.load(first.start.records).positives.shape == (IMAGES, 1)


def test_on_test_the_figures_and_files_have_other_names(tmp_path, passes):
    asked = job(tmp_path, objective="deployed/mAP50-95")
    on_val, on_test = (as_deployed(asked, model(tmp_path, split), None) for split in ("val", "test"))
    assert list(on_test.metrics) == list(on_test.start.metrics) == ["test/deployed/mAP50-95"]
    assert on_val.records != on_test.records
    assert on_val.start != on_test.start


def test_without_a_baseline_nothing_is_said_of_the_starting_weights(tmp_path, passes):
    asked = job(tmp_path, objective="deployed/F1", baseline=False)
    assert as_deployed(asked, model(tmp_path), None).start is None
    assert len(passes) == 1


def test_starting_weights_that_cannot_be_used_lose_no_training(tmp_path, passes, monkeypatch):
    def broken(*_):
        raise TrainingError("no weights")

    monkeypatch.setattr(stage, "kept_or_made", broken)
    found = as_deployed(job(tmp_path, objective="deployed/F1"), model(tmp_path), None)
    assert found.start is None
    assert found.metrics["deployed/F1"] > 0


def test_a_constraint_on_what_is_not_defined_is_an_error_and_no_result():
    limit = constraint("deployed/mAP50/cat", ">= 0.5")
    with pytest.raises(TrainingError, match=r"deployed/mAP50/cat >= 0\.5 cannot be judged.* is nan"):
        excess(limit, {"deployed/mAP50/cat": float("nan")})
