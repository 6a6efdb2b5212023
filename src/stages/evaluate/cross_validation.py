"""Cross-validation: how much the values of a training recipe depend on which images it was trained and judged on."""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from src.data.linked import linked
from src.data.prepared import PreparedData
from src.detector.options import ModelOptions, ProjectTrainOptions
from src.detector.predict import PredictionRequest, Predictor
from src.detector.suppression import suppress
from src.detector.train import TrainingRequest, TrainingResult
from src.detector.train import train as train_detector
from src.detector.weights import starting_weights
from src.documents.evaluation import CrossValidation, Fold
from src.documents.training import Flag
from src.evaluation.coco import coco_metrics
from src.evaluation.folds import fold_of_each, summarise
from src.passes.predictions import predict_split

HELD_IN, HELD_OUT = "train", "val"


def cross_validate(
    data: PreparedData, train: ProjectTrainOptions, model: ModelOptions, *, folds: int, seed: int
) -> CrossValidation:
    """Train once per fold on the other folds' images, and measure in deployment mode on the fold's own.

    The images of train and val are shared out anew, groups of `data.groups` whole; test stays untouched. What is
    measured are the weights of the last epoch, because choosing the best epoch on the very images that are held out
    would flatter.

    Args:
        data: A prepared data set; its folder is only read.
        train: How to train, the same in every fold.
        model: Where each training starts.
        folds: How many.
        seed: Of the sharing out.

    Side effects: trains in a temporary folder; sets torch's threads and random seeds of this process.

    Raises:
        ConfigError: there are fewer images than folds, or fewer groups.
        TrainingError: a training broke.
    """
    images = sorted(path for split in (HELD_IN, HELD_OUT) for path in (data.root / "images" / split).iterdir())
    images = [path for path in images if path.suffix != ".npy"]
    groups = [data.groups[f"{path.parent.name}/{path.stem}"] for path in images] if data.groups else None
    fold_of_image = fold_of_each(len(images), folds, seed, groups)
    results = []
    for fold in range(folds):
        with tempfile.TemporaryDirectory(prefix=f"fold-{fold}-") as scratch:
            held_out = [path for path, own in zip(images, fold_of_image, strict=True) if own == fold]
            held_in = [path for path, own in zip(images, fold_of_image, strict=True) if own != fold]
            fold_data = linked(data, Path(scratch) / "data", {HELD_IN: held_in, HELD_OUT: held_out})
            results.append(_fold(fold_data, train, model, Path(scratch) / "training"))
    return summarise(results)


class _NullObserver:
    """An observer that does nothing."""

    def on_start(self, resolved: Mapping[str, Any], flags: tuple[Flag, ...]) -> None:
        """Do nothing."""

    def on_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Do nothing."""


def _fold(data: PreparedData, train: ProjectTrainOptions, model: ModelOptions, folder: Path) -> Fold:
    weights = starting_weights(model)
    result = train_detector(
        TrainingRequest(
            data_yaml=data.data_yaml,
            folder=folder,
            arguments=train.arguments,
            weights=weights,
            architecture=None if weights else model.architecture,
            device=train.device,
            threads=train.threads,
            trust_pickle=model.trust_pickle,
        ),
        _NullObserver(),
    )
    found = predict_split(Predictor(_request(data, train, result)), data, HELD_OUT)
    metrics = coco_metrics(suppress(found.raw), found.truth)
    return Fold(
        images=found.truth.image_count,
        boxes=len(found.truth.boxes_xyxy),
        map50=_number(metrics.mean("mAP50")),
        map50_95=_number(metrics.mean("mAP50-95")),
    )


def _request(data: PreparedData, train: ProjectTrainOptions, result: TrainingResult) -> PredictionRequest:
    return PredictionRequest(
        class_names=data.class_names,
        imgsz=int(result.resolved["imgsz"]),
        weights=result.last,
        device=train.device,
        threads=train.threads,
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
