"""Figures of a model whose detections are made up, against the functions of the stages and against their definition."""

import math
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from src.core.detections import FLOOR
from src.core.errors import ConfigError, TrainingError
from src.data.prepared import PreparedData
from src.detector.figures import figure
from src.detector.predict import PredictionRequest
from src.detector.suppression import suppress
from src.evaluation.measures import measure
from src.passes.figures import TrainedModel, check, read
from src.passes.matched import match_at
from src.stages.tune_threshold.choice import choose
from src.thresholds.curve import sweep
from src.thresholds.options import ThresholdOptions
from tests.support.predictions import predictions

CLASSES = ("person", "small boats")


@pytest.fixture
def model():
    made = TrainedModel(
        PredictionRequest(CLASSES, 96, weights=Path("best.pt")),
        PreparedData("people", Path(), Path("data.yaml"), "abc", CLASSES, {}, "synthetic"),
        {"val/mAP50": 0.25},
    )
    made.__dict__["predictions"] = predictions(0)
    return made


def value(name, model):
    return read([figure(name)], model)[name]


def test_a_figure_of_the_training_is_what_the_training_says(model):
    assert value("val/mAP50", model) == 0.25


@pytest.mark.parametrize("metric", ["mAP50", "mAP50-95"])
def test_average_precision_is_that_of_evaluate(model, metric):
    """Also of the only class there is."""
    measures = measure(suppress(model.predictions.raw), model.predictions.truth)
    assert value(f"deployed/{metric}", model) == measures.metrics.by_name()[metric].estimate
    of_class = measures.evaluated().per_class["person"]
    expected = of_class.ap50 if metric == "mAP50" else of_class.ap50_95
    assert value(f"deployed/{metric}/person", model) == pytest.approx(expected)
    assert 0 < value(f"deployed/{metric}", model) < 1


@pytest.mark.parametrize("size", ["small", "medium"])
def test_average_precision_of_a_size_is_that_of_evaluate(model, size):
    of_size = measure(suppress(model.predictions.raw), model.predictions.truth).evaluated().per_size[size]
    assert value(f"deployed/mAP50-95/{size}_boxes", model) == pytest.approx(of_size.ap50_95)


def test_a_size_that_no_box_has_is_not_defined(model):
    assert math.isnan(value("deployed/mAP50/large_boxes", model))


@pytest.mark.parametrize("rate", ["precision", "recall", "f1"])
def test_rates_are_those_at_the_point_that_tune_threshold_chooses(model, rate):
    options = ThresholdOptions(resamples=10)
    chosen = choose(options, {iou: match_at(model.predictions, iou) for iou in options.iou_grid}).selection.point
    counts = chosen.counts
    expected = {"precision": counts.precision, "recall": counts.recall, "f1": counts.f()}[rate]
    assert value(f"deployed/{'F1' if rate == 'f1' else rate}", model) == float(expected) > 0


@pytest.mark.parametrize("floor", [0.3, 0.5, 0.9])
def test_recall_at_a_precision_floor_is_the_best_of_all_thresholds_and_nms_ious(model, floor):
    found = []
    for iou in ThresholdOptions().iou_grid:
        counts = sweep(match_at(model.predictions, iou).records, FLOOR).counts
        allowed = (counts.precision >= floor) & (counts.hits > 0)
        found += list(counts.recall[allowed])
    assert value(f"deployed/recall_at_precision_{floor}", model) == max(found, default=0.0)


def test_a_floor_that_nothing_reaches_leaves_nothing_to_deploy(model):
    assert value("deployed/precision_at_recall_1.0", model) == 0.0


def test_a_pass_is_made_once_for_all_figures(model, monkeypatch):
    del model.__dict__["predictions"]
    passes = []
    monkeypatch.setattr("src.passes.figures.Predictor", lambda request: request)
    monkeypatch.setattr("src.passes.figures.predict_split", lambda *asked: passes.append(asked) or predictions(0))
    read([figure(name) for name in ("deployed/F1", "deployed/mAP50", "deployed/recall_at_precision_0.5")], model)
    assert len(passes) == 1


@pytest.fixture
def mine(monkeypatch):
    module = ModuleType("mine_of_test")
    module.cost = lambda model: np.float32(1 - model.metrics["val/mAP50"])
    module.broken = lambda _: 1 / 0
    module.NUMBER = 3
    monkeypatch.setitem(sys.modules, module.__name__, module)


def test_a_function_of_ones_own_gets_the_model(model, mine):
    assert value("mine_of_test.cost", model) == 0.75


def test_a_function_that_breaks_says_which_and_how(model, mine):
    with pytest.raises(TrainingError, match=r"mine_of_test\.broken: the function broke: ZeroDivisionError"):
        value("mine_of_test.broken", model)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("deployed/mAP50/persn", "no class 'persn'. Did you mean 'person'"),
        ("mine_of_test.absent", "no function either"),
        ("mine_of_test.NUMBER", "is int; expected a function"),
        ("no_such_module.f", "of a module that Python finds from here"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_trained(mine, name, said):
    with pytest.raises(ConfigError, match=r".") as error:
        check([figure(name)], CLASSES)
    assert said in str(error.value)


def test_classes_and_functions_that_are_there_pass(mine):
    check([figure("deployed/mAP50/small boats"), figure("mine_of_test.cost"), figure("latency_ms")], CLASSES)
