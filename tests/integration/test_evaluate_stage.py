"""The stage `evaluate` on real photographs, with the pretrained weights as the model."""

import json
import shutil
from dataclasses import asdict, replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from src.core.errors import DataError
from src.core.interval import Interval
from src.data.build import ensure_prepared
from src.data.options import ArchiveOptions
from src.data.prepared import PreparedData
from src.detector.options import ModelOptions, TrainOptions
from src.documents.evaluation import Evaluation
from src.documents.latency import Latency
from src.documents.predictions import Predictions, corruptions_in, folder_of
from src.documents.splits import DataSet
from src.evaluation.options import EvaluateOptions
from src.mlflow.options import TrackingOptions
from src.render.printed.evaluation import remarks
from src.stages.evaluate.pictures import draw
from src.stages.evaluate.record import save, tracked
from src.stages.evaluate.stage import EvaluateJob, evaluate
from tests.integration.prepared import coco128_options
from tests.support import documents

pytestmark = pytest.mark.integration

QUICK = {"resamples": 50, "latency_runs": 3, "latency_warmup": 1}


def job(real_data, folder, data: ArchiveOptions, **evaluate_options):
    return EvaluateJob(
        data=data,
        model=ModelOptions(weights=str(real_data / "yolov8n.pt")),
        train=TrainOptions(imgsz=416, batch=16, device="cpu"),
        evaluate=EvaluateOptions(**{**QUICK, **evaluate_options}),
        tracking=TrackingOptions(kind="none"),
        folder=folder,
    )


@pytest.fixture(scope="module")
def evaluated(real_data, coco128, tmp_path_factory):
    """An evaluation of the pretrained weights, with one corruption and an export."""
    folder = tmp_path_factory.mktemp("evaluation")
    data = coco128.options()
    weights = str(real_data / "yolov8n.pt")
    outcome = evaluate(job(real_data, folder / "out", data, weights=weights, corruptions=["blur"]))
    draw(outcome, seed=0)
    save(outcome)
    return outcome


def test_the_files_say_what_later_stages_ask(evaluated):
    found = Evaluation.read(evaluated.folder)

    test = found.splits.test
    assert (test.images, test.boxes) == (10, 47)
    assert test.metrics.map50.low < test.metrics.map50.estimate < test.metrics.map50.high
    assert sum(asdict(test.errors).values()) > 0
    assert found.model.parameters == 3_157_200
    assert found.ultralytics.test.map50 == pytest.approx(0.771, abs=0.002)  # the known figure
    assert list(found.robustness) == ["blur"]


def test_a_model_is_no_better_than_itself(evaluated):
    """The untrained baseline is the same weights here: nothing of ten images differs, which says so much of others."""
    difference = Evaluation.read(evaluated.folder).difference.test.map50_95
    assert difference == Interval(0.0, -difference.high, pytest.approx(1 - 0.05 ** (1 / 10)))


def test_every_detection_is_kept_with_what_it_is_worth(evaluated):
    table = pq.read_table(folder_of(evaluated.folder, "test") / "detections.parquet").to_pydict()

    hits = [kind == "hit" for kind in table["kind"]]
    assert np.all(np.array(table["iou"])[hits] >= 0.5)
    assert len({(image, box) for image, box in zip(table["image"], table["truth_index"], strict=True) if box}) <= 47
    assert set(table["file"]) <= set(evaluated.predictions["test"].truth.files)


def test_the_export_gives_the_same_outputs(evaluated):
    latency = Latency.read(evaluated.folder)

    assert latency.onnx_difference.boxes_px < 0.05
    assert latency.onnx_difference.scores < 1e-3
    for _, runtime in latency.items():
        assert 0 < runtime.total_ms.p50 <= runtime.total_ms.p95 <= runtime.total_ms.p99


def test_corrupted_predictions_are_kept_for_the_threshold(evaluated):
    assert corruptions_in(evaluated.folder) == ["blur"]
    corrupted = Predictions.load(folder_of(evaluated.folder, "corrupted", "blur"))

    np.testing.assert_array_equal(corrupted.truth.boxes_xyxy, evaluated.predictions["test"].truth.boxes_xyxy)
    assert len(corrupted.raw.scores) != len(evaluated.predictions["test"].raw.scores)


def test_pictures_and_tables_are_there(evaluated):
    pictures = {path.name for path in (evaluated.folder / "plots").glob("*.png")}
    tables = {path.name for path in (evaluated.folder / "curves").glob("*.csv")}

    assert pictures == {"curves.png", "confusion.png", "robustness.png", "corruptions.png"}
    assert tables == {"val_pr.csv", "val_f1.csv", "test_pr.csv", "test_f1.csv", "confusion.csv"}


def test_the_remarks_and_the_trackers_metrics_agree_with_the_files(evaluated):
    metrics = json.loads((evaluated.folder / "metrics.json").read_text())

    assert metrics.items() <= tracked(evaluated.evaluation).items()
    assert set(metrics) == {
        *("val/deployed_mAP50", "val/deployed_mAP50-95", "test/mAP50", "test/mAP50-95"),
        *("untrained/val/deployed_mAP50", "untrained/val/deployed_mAP50-95"),
        *("untrained/test/mAP50", "untrained/test/mAP50-95"),
    }
    assert any(
        "Against the starting weights on test: mAP50-95 +0.000" in line
        for line in remarks(evaluated.evaluation, evaluated.latency)
    )


def test_without_a_test_set_val_stands_alone(real_data, coco128, tmp_path):
    data = coco128.options("~data.splits.test")
    weights = str(real_data / "yolov8n.pt")

    outcome = evaluate(job(real_data, tmp_path / "out", data, weights=weights, corruptions=[], onnx=False))
    draw(outcome, seed=0)
    save(outcome)

    assert list(outcome.measures) == ["val"]
    assert Evaluation.read(tmp_path / "out").splits.test is None


def test_there_has_to_be_a_training(real_data, coco128, tmp_path):
    data = coco128.options()

    with pytest.raises(DataError, match=r"There is no .*nowhere/training\.json: .*evaluate\.training="):
        evaluate(job(real_data, tmp_path, data, training=str(tmp_path / "nowhere")))


def test_a_model_is_not_tested_on_images_that_it_may_have_been_trained_on(real_data, coco128, tmp_path):
    data = coco128.options()
    training = tmp_path / "training"
    (training / "weights").mkdir(parents=True)
    shutil.copy(real_data / "yolov8n.pt", training / "weights" / "best.pt")
    replace(documents.training(), data=DataSet("others", "0" * 64)).write(training)

    with pytest.raises(DataError, match="might hold images that it was trained on"):
        evaluate(job(real_data, tmp_path, data, training=str(training)))


def test_the_data_of_a_training_are_not_replaced_by_others(real_data, tmp_path):
    """An evaluation with another configuration than the training's refuses before it writes."""
    prepared = ensure_prepared(coco128_options(real_data, tmp_path / "data"))
    training = tmp_path / "training"
    training.mkdir()
    replace(documents.training(), data=DataSet(prepared.name, prepared.digest)).write(training)
    others = coco128_options(real_data, tmp_path / "data", "data.resize=64")

    with pytest.raises(DataError, match="not what the configuration describes"):
        evaluate(job(real_data, tmp_path, others, training=str(training)))

    assert PreparedData.load(prepared.root).digest == prepared.digest
