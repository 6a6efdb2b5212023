"""Cross-validation: how much the figures of a training recipe depend on which images it was trained and judged on."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from src.core.files import write_text
from src.data.manifest import SplitCounts
from src.data.prepared import PreparedData
from src.detector.options import ModelOptions, ProjectTrainOptions
from src.detector.predict import PredictionRequest, Predictor
from src.detector.settings import Flag
from src.detector.train import TrainingRequest, TrainingResult
from src.detector.train import train as train_detector
from src.detector.weights import resolve_weights
from src.evaluation.average_precision import METRICS
from src.evaluation.coco import coco_metrics
from src.evaluation.folds import fold_of_each
from src.stages.evaluate.passes import look_at

HELD_IN, HELD_OUT = "train", "val"


@dataclass(frozen=True)
class Fold:
    """One training and what it is worth on the images that were held out of it.

    Attributes:
        images: Number of images held out.
        boxes: Number of boxes on them.
        figures: `mAP50` and `mAP50-95` by name; NaN where there are no boxes.
    """

    images: int
    boxes: int
    figures: Mapping[str, float]


@dataclass(frozen=True)
class CrossValidation:
    """The folds of a cross-validation.

    Attributes:
        folds: In order.
    """

    folds: tuple[Fold, ...]

    def as_json(self) -> dict[str, Any]:
        """Each fold, and mean, standard deviation (of a sample) and number of folds for each figure."""
        listed = [
            {"images": fold.images, "boxes": fold.boxes, **{name: _number(fold.figures[name]) for name in METRICS}}
            for fold in self.folds
        ]
        return {"folds": listed, **{name: self._summary(name) for name in METRICS}}

    def _summary(self, name: str) -> dict[str, float | int | None]:
        values = np.array([fold.figures[name] for fold in self.folds])
        values = values[~np.isnan(values)]
        return {
            "mean": float(values.mean()) if len(values) else None,
            "std": float(values.std(ddof=1)) if len(values) > 1 else None,
            "n": len(values),
        }


def cross_validate(
    data: PreparedData, train: ProjectTrainOptions, model: ModelOptions, *, folds: int, seed: int
) -> CrossValidation:
    """Train once per fold on the other folds' images, and measure in deployment mode on the fold's own.

    The images of train and val are shared out anew; test stays untouched. What is measured are the weights of the last
    epoch, because choosing the best epoch on the very images that are held out would flatter.

    Args:
        data: A prepared data set; its folder is only read.
        train: How to train, the same in every fold.
        model: Where each training starts.
        folds: How many.
        seed: Of the sharing out.

    Side effects: trains in a temporary folder; sets torch's threads and random seeds of this process.

    Raises:
        ConfigError: there are fewer images than folds.
        TrainingError: a training broke.
    """
    images = sorted(path for split in (HELD_IN, HELD_OUT) for path in (data.root / "images" / split).iterdir())
    images = [path for path in images if path.suffix != ".npy"]
    fold_of_image = fold_of_each(len(images), folds, seed)
    results = []
    for fold in range(folds):
        with tempfile.TemporaryDirectory(prefix=f"fold-{fold}-") as scratch:
            held_out = [path for path, own in zip(images, fold_of_image, strict=True) if own == fold]
            held_in = [path for path, own in zip(images, fold_of_image, strict=True) if own != fold]
            fold_data = _linked(data, Path(scratch) / "data", {HELD_IN: held_in, HELD_OUT: held_out})
            results.append(_fold(fold_data, train, model, Path(scratch) / "training"))
    return CrossValidation(tuple(results))


class _Silent:
    """Hears of a training and tells nobody."""

    def on_start(self, resolved: Mapping[str, Any], flags: tuple[Flag, ...]) -> None:
        """Nobody is told."""

    def on_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Nobody is told."""


def _linked(data: PreparedData, root: Path, images: Mapping[str, Sequence[Path]]) -> PreparedData:
    """A data set of links into another one.

    Lists of files would do for Ultralytics, too, but it keeps what it knows of a list in a file beside the labels:
    the lists of several folds would overwrite each other there, and the prepared data would change.
    """
    counts = {}
    for split, paths in images.items():
        links = {kind: root / kind / split for kind in ("images", "labels")}
        for folder in links.values():
            folder.mkdir(parents=True)
        boxes = []
        for path in paths:
            label = data.root / "labels" / path.parent.name / f"{path.stem}.txt"
            name = f"{path.parent.name}_{path.name}"  # images of different splits may have the same name
            (links["images"] / name).symlink_to(path)
            (links["labels"] / name).with_suffix(".txt").symlink_to(label)
            boxes.append(len(label.read_text(encoding="utf-8").splitlines()))
        counts[split] = SplitCounts(images=len(paths), boxes=sum(boxes), backgrounds=boxes.count(0))
    folders = {split: f"images/{split}" for split in images}
    description = {**folders, "names": dict(enumerate(data.class_names))}
    write_text(root / "data.yaml", yaml.safe_dump(description, sort_keys=False, allow_unicode=True))
    return replace(data, root=root, data_yaml=root / "data.yaml", counts=counts)


def _fold(data: PreparedData, train: ProjectTrainOptions, model: ModelOptions, folder: Path) -> Fold:
    weights = resolve_weights(model)
    result = train_detector(
        TrainingRequest(
            data_yaml=data.data_yaml,
            folder=folder,
            arguments={**train.arguments, "plots": False},
            weights=weights,
            architecture=None if weights else model.architecture,
            device=train.device,
            threads=train.threads,
            trust_pickle=model.trust_pickle,
        ),
        _Silent(),
    )
    found = look_at(Predictor(_request(data, train, result)), data, HELD_OUT)
    metrics = coco_metrics(found.detections(), found.truth)
    return Fold(
        images=found.truth.image_count,
        boxes=len(found.truth.boxes_xyxy),
        figures={name: metrics.mean(name) for name in METRICS},
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
    return None if np.isnan(value) else value
