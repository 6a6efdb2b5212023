"""The reader of figures: what a trained model is worth, as it is deployed, on val.

`train.objective` and `train.constraints` name figures (`src.detector.figures`); the stages evaluate and tune_threshold
measure the same ones with the same functions, later and on test.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from src.core.detection_records import DetectionRecords
from src.core.detections import FLOOR
from src.core.errors import ConfigError, TrainingError, did_you_mean
from src.data.prepared import PreparedData
from src.detector.figures import AtBestF1, AtFloor, AveragePrecisionOf, Figure, LatencyOf, OfTraining, OwnFunction
from src.detector.predict import PredictionRequest, Predictor
from src.detector.suppression import suppress
from src.documents.predictions import VAL, Predictions
from src.evaluation.measures import Measures, measure
from src.passes.latency import p95_ms
from src.passes.matched import match_at
from src.passes.predictions import predict_split
from src.thresholds.criteria import Criterion, best_f, most_precision, most_recall
from src.thresholds.curve import CountsByThreshold, sweep
from src.thresholds.options import ThresholdOptions
from src.thresholds.select import select

_FLOORS: Mapping[str, Callable[[float], Criterion]] = {"recall": most_recall, "precision": most_precision}


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model and what it does on a split as it is deployed; each part is computed when it is first asked for.

    A function of the user's own (`train.objective=module.function`) gets it.

    Attributes:
        request: The model, and how it predicts.
        data: What it was trained on.
        metrics: What its training says; empty of weights that were not trained here.
        split: `val`; `test` for a setting that is confirmed.
    """

    request: PredictionRequest
    data: PreparedData
    metrics: Mapping[str, float]
    split: str = VAL

    @property
    def weights(self) -> Path | None:
        """Its file; None of random weights."""
        return self.request.weights

    @cached_property
    def predictions(self) -> Predictions:
        """What its head puts out for each image of the split, and what it should have found."""
        return predict_split(Predictor(self.request), self.data, self.split)

    @cached_property
    def measures(self) -> Measures:
        """What evaluate measures on the split: detections, matches, AP by class and size, errors, confusion."""
        return measure(suppress(self.predictions.raw), self.predictions.truth)

    @property
    def records(self) -> DetectionRecords:
        """The detections that average precision is computed from."""
        return self.measures.records

    @cached_property
    def curves(self) -> Mapping[float, CountsByThreshold]:
        """By NMS IoU, what each threshold does."""
        grid = ThresholdOptions().iou_grid
        return {iou: sweep(match_at(self.predictions, iou).records, FLOOR) for iou in grid}


def read(wanted: Iterable[Figure], model: TrainedModel) -> dict[str, float]:
    """The values of figures by name; NaN where one is not defined.

    Raises:
        TrainingError: a function of the user's own broke, or the model cannot be used.
    """
    return {each.name: _read(each, model) for each in wanted}


def check(wanted: Iterable[Figure], class_names: Iterable[str]) -> None:
    """Refuse figures of classes that the data do not have, and functions that are not there.

    Raises:
        ConfigError: naming the figure.
    """
    names = tuple(class_names)
    for each in wanted:
        if isinstance(each.what, OwnFunction):
            _function(each.name)
        elif isinstance(each.what, AveragePrecisionOf) and each.what.part and each.what.part not in names:
            raise ConfigError(
                f"{each.name}: the data have no class '{each.what.part}'.{did_you_mean(each.what.part, names)} They"
                f" have: {', '.join(names)}. Sizes are small_boxes, medium_boxes and large_boxes."
            )


def _read(wanted: Figure, model: TrainedModel) -> float:
    match wanted.what:
        case OfTraining():
            return model.metrics[wanted.name]
        case AveragePrecisionOf() as what:
            return _average_precision(what, model)
        case AtBestF1(rate):
            return _at_threshold(best_f(), rate, model)
        case AtFloor(rate, floor):
            return _at_threshold(_FLOORS[rate](floor), rate, model)
        case LatencyOf(backend):
            return p95_ms(model.request, model.data, backend)
        case OwnFunction():
            return _own(wanted.name, model)


def _average_precision(what: AveragePrecisionOf, model: TrainedModel) -> float:
    measures = model.measures
    if what.size:
        return measures.coco.mean_of_size(what.size, what.metric)
    if what.part:
        found = measures.coco.per_class[measures.truth.class_names.index(what.part)]
        return float(found[0] if what.metric == "mAP50" else found.mean())
    return measures.metrics.by_name()[what.metric].estimate


def _at_threshold(criterion: Criterion, rate: str, model: TrainedModel) -> float:
    """A rate at the best threshold of all NMS IoUs; 0 where none is allowed: there is nothing to deploy."""
    point = select(model.curves, criterion).point
    if point is None:
        return 0.0
    counts = point.counts
    return float({"precision": counts.precision, "recall": counts.recall, "F1": counts.f()}[rate])


def _own(path: str, model: TrainedModel) -> float:
    try:
        return float(_function(path)(model))
    except Exception as error:  # anybody's code
        raise TrainingError(f"train.objective={path}: the function broke: {type(error).__name__}: {error}") from error


def _function(path: str) -> Callable[[TrainedModel], Any]:
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"{path} is no metric, and no function either: {error}. A function of your own is module.function, of a"
            " module that Python finds from here."
        ) from error
    if not callable(found):
        raise ConfigError(f"{path} is {type(found).__name__}; expected a function of a trained model.")
    made: Callable[[TrainedModel], Any] = found
    return made
