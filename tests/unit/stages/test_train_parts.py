import json

import numpy as np
import pytest
from optuna_search import NullTrial

from src.core.detection_records import DetectionRecords
from src.data.prepared import PreparedData
from src.detector.arguments import defaults
from src.detector.train import TrainingResult
from src.detector.validation import Validation, ValidationRequest
from src.documents.splits import DataSet
from src.documents.training import Flag, Training
from src.mlflow.runs import NullRun
from src.stages.train import baseline
from src.stages.train.baseline import Baseline, untrained
from src.stages.train.outcome import TrainOutcome
from src.stages.train.reporting import Observer, Pruned, parameters
from src.stages.train.stage import searched_arguments

RECORDS = DetectionRecords(
    image_index=np.array([0, 1]),
    class_index=np.array([0, 0]),
    scores=np.array([0.9, 0.2]),
    true_positive=np.array([[True] * 10, [False] * 10]),
    positives=np.array([[1], [1]]),
)


class FakeTrial(NullTrial):
    """A trial that remembers, and is pruned when told to be."""

    def __init__(self, prunes=False):
        super().__init__(3, {"train.lr0": 0.1}, "study")
        self.reports = []
        self.attrs = {}
        self._prunes = prunes

    def set_user_attr(self, key, value):
        """Remember."""
        self.attrs[key] = value

    def report(self, value, step):
        """Remember."""
        self.reports.append((value, step))

    def should_prune(self):
        """As told."""
        return self._prunes


def test_the_objective_of_each_epoch_is_reported():
    """Counted from 1; epochs without the metric are not."""
    trial = FakeTrial()
    observer = Observer(NullRun(), trial, "val/mAP50", {})
    observer.on_epoch(1, {"val/mAP50": 0.5, "train/lr": 0.1})
    observer.on_epoch(2, {"train/lr": 0.1})
    assert trial.reports == [(0.5, 1)]


def test_a_pruned_training_ends_with_what_it_had_reached():
    """The message goes into the trial's record."""
    with pytest.raises(Pruned, match=r"epoch 2 at val/mAP50 0\.5000"):
        Observer(NullRun(), FakeTrial(prunes=True), "val/mAP50", {}).on_epoch(2, {"val/mAP50": 0.5})


def test_an_objective_that_is_no_epoch_metric_is_not_reported():
    """A pruner would compare nothing with nothing; how far it is is told all the same."""
    trial = FakeTrial(prunes=True)
    Observer(NullRun(), trial, None, {}).on_epoch(1, {"val/mAP50": 0.5})
    assert trial.reports == []
    assert trial.attrs == {"step": 1}


def test_recorded_are_facts_differences_and_everything_searched_as_it_was_used():
    """A searched value that Ultralytics rounded is recorded as used; lists become text."""
    resolved = {**defaults(), "imgsz": 96, "freeze": [1, 2]}
    searched = {"train.imgsz": 70, "train.lr0": 0.01, "data.split_seed": 5}
    assert parameters(resolved, searched, {"data.name": "x"}) == {
        "data.name": "x",
        "train.imgsz": 96,
        "train.freeze": "[1, 2]",
        "train.lr0": 0.01,
        "data.split_seed": 5,
    }


def test_only_training_arguments_are_guarded():
    """Other sections' parameters are no business of Ultralytics."""
    assert searched_arguments({"train.lr0": 1, "data.split_seed": 2, "model": 3}) == {"lr0"}


@pytest.fixture
def evaluations(monkeypatch):
    """How often a model was really evaluated."""
    requests = []

    def validate(request):
        requests.append(request)
        return Validation({"val/mAP50": 0.5, "val/mAP50-95": 0.4}, 0.7, 0.6, RECORDS)

    monkeypatch.setattr(baseline, "validate", validate)
    return requests


def _request(tmp_path, **changes):
    settings = {"imgsz": 64, "batch": 4, "architecture": "yolov8n.yaml", **changes}
    return ValidationRequest(data_yaml=tmp_path / "data.yaml", class_names=("person",), **settings)


def test_a_baseline_is_evaluated_once(tmp_path, evaluations):
    """Every trial of a search asks for it."""
    first = untrained(_request(tmp_path), "digest", tmp_path)
    assert untrained(_request(tmp_path), "digest", tmp_path) == first
    assert len(evaluations) == 1
    assert first.metrics == {
        "val/mAP50": 0.5,
        "val/mAP50-95": 0.4,
        "val/precision": 1.0,
        "val/recall": 0.5,
        "val/F1": pytest.approx(2 / 3),
    }
    assert json.loads(next(tmp_path.glob("*/*.json")).read_text())["of"]["imgsz"] == 64


@pytest.mark.parametrize(
    "change", [{"imgsz": 96}, {"batch": 8}, {"architecture": "yolov8s.yaml"}, {"settings": {"iou": 0.5}}]
)
def test_what_decides_the_figures_makes_another_baseline(tmp_path, evaluations, change):
    """And other data too."""
    untrained(_request(tmp_path), "digest", tmp_path)
    untrained(_request(tmp_path, **change), "digest", tmp_path)
    untrained(_request(tmp_path), "other", tmp_path)
    assert len(evaluations) == 3


def test_a_baseline_is_known_by_the_content_of_the_weights(tmp_path, evaluations):
    """A file that was trained on under the same name is another model."""
    weights = tmp_path / "w.pt"
    for content in (b"one", b"two", b"two"):
        weights.write_bytes(content)
        untrained(_request(tmp_path, weights=weights), "digest", tmp_path)
    assert len(evaluations) == 2


@pytest.mark.parametrize("ending", ["json", "npz"])
def test_a_damaged_baseline_is_evaluated_again(tmp_path, evaluations, ending):
    """Half a file cannot be trusted."""
    untrained(_request(tmp_path), "digest", tmp_path)
    next(tmp_path.glob(f"*/*.{ending}")).write_text("damaged")
    untrained(_request(tmp_path), "digest", tmp_path)
    assert len(evaluations) == 2


def _outcome(folder, trained=0.3):
    metrics = {"val/mAP50-95": trained, "train/optimizer_steps": 5.0, "train/seconds": 1.0}
    return TrainOutcome(
        objective=(trained,),
        metrics=metrics,
        asked=("val/mAP50-95",),
        flags=(Flag("few_steps", "Only 5."),),
        folder=folder,
        weights=folder / "best.pt",
        records=folder / "r.npz",
        baseline=Baseline({"val/mAP50-95": 0.4}, folder),
        on_test=None,
        deployed=(),
        result=TrainingResult(
            metrics=metrics,
            resolved={**defaults(), "lr0": 0.5},
            flags=(),
            optimizer_steps=5,
            epochs=3,
            best_epoch=2,
            batches=10,
            best=folder / "best.pt",
            last=folder / "last.pt",
            records=RECORDS,
            class_names=("person",),
        ),
    )


def test_later_stages_read_how_a_training_went(tmp_path):
    """The decision asks for the run, the epochs and the steps; DVC for the metrics."""
    data = PreparedData("people", tmp_path, tmp_path / "data.yaml", "abc", ("person",), {}, "synthetic")

    _outcome(tmp_path).save(data=data, start="yolov8n.pt", epochs=4, run_id="r1")

    training = Training.read(tmp_path)
    assert (training.run_id, training.data, training.start) == ("r1", DataSet("people", "abc"), "yolov8n.pt")
    assert (training.epochs, training.epochs_run, training.best_epoch) == (4, 3, 2)
    assert (training.optimizer_steps, training.batches_per_epoch) == (5, 10)
    assert training.arguments == {"train.lr0": 0.5}
    assert training.flags == (Flag("few_steps", "Only 5."),)
    assert json.loads((tmp_path / "metrics.json").read_text())["val/mAP50-95"] == 0.3


@pytest.mark.parametrize("unknown", [float("nan"), float("inf")])
def test_a_metric_without_value_is_null(tmp_path, unknown):
    """Readers of JSON refuse NaN."""
    data = PreparedData("people", tmp_path, tmp_path / "data.yaml", "abc", ("person",), {}, "synthetic")

    _outcome(tmp_path, trained=unknown).save(data=data, start="yolov8n.pt", epochs=4, run_id=None)

    assert json.loads((tmp_path / "metrics.json").read_text())["val/mAP50-95"] is None
