"""What there is to see in a prepared data set before anything is trained on it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from src.config.sections import section
from src.core.detections import GroundTruth
from src.core.files import write_text
from src.data.ground_truth import ground_truth
from src.data.images import open_picture
from src.data.options import DataOptions
from src.data.prepared import PreparedData, read_manifest
from src.data.suspicious import labelled_twice
from src.detector.options import ModelOptions, ProjectTrainOptions
from src.detector.predict import PredictionRequest, Predictor, read_image
from src.detector.suppression import suppress
from src.detector.weights import resolve_weights
from src.passes.contradicted import Contradiction, Doubt, contradictions
from src.render.boxes import draw_boxes, small_jpeg
from src.render.printed import prepared_page
from src.render.printed.prepared_page import Doubted, Sample

FOLDER = Path("outputs/data")
SAMPLES = 6  # of each class and split
DOUBTFUL = 12  # pictures of each kind of doubt
_NO_BOXES = np.zeros((0, 4))


def look(data: PreparedData, options: DataOptions, folder: Path = FOLDER, predictor: Predictor | None = None) -> Path:
    """Write the page about a data set.

    Args:
        data: The prepared data set.
        options: Its options, which name the image sizes that will be trained with.
        folder: Where the page goes.
        predictor: A trained model, whose detections the labels are compared with; None for no comparison.

    Returns:
        `NAME.html` in the folder.

    Raises:
        DataError: an image or label file is gone or damaged.
    """
    truths = {split: ground_truth(data, split) for split, count in data.counts.items() if count.images}
    twice = [(split, pair) for split, truth in truths.items() for pair in labelled_twice(truth)]
    manifest = read_manifest(data.root)
    path = folder / f"{data.name}.html"
    write_text(
        path,
        prepared_page.as_html(
            manifest,
            truths,
            imgsz_choices=options.imgsz_choices,
            samples=[sample for split, truth in truths.items() for sample in _samples(data, split, truth)],
            labelled_twice=[(split, pair.file, pair.class_name, pair.iou) for split, pair in twice],
            near_duplicates=[
                (name, _jpeg(data.root / "images" / name))
                for pair in manifest.near_duplicates[:DOUBTFUL]
                for name in pair
            ],
            doubts=None if predictor is None else _doubts(data, truths, predictor),
        ),
    )
    return path


def look_at(cfg: DictConfig, data: PreparedData, options: DataOptions) -> Path:
    """Write the page; where the configuration names weights, labels are compared with what these detect.

    Raises:
        ConfigError: there is no such file.
        DataError: an image or label file is gone or damaged.
        TrainingError: the weights cannot be fetched or loaded.
    """
    model, train = section(cfg, "model", ModelOptions), section(cfg, "train", ProjectTrainOptions)
    weights = resolve_weights(model)
    request = PredictionRequest(
        class_names=data.class_names,
        imgsz=max(options.imgsz_choices),
        weights=weights,
        device=train.device,
        threads=train.threads,
        trust_pickle=model.trust_pickle,
    )
    return look(data, options, predictor=Predictor(request) if weights else None)


def _doubts(data: PreparedData, truths: Mapping[str, GroundTruth], predictor: Predictor) -> list[Doubted]:
    """What a model contradicts in the labels, by kind, with pictures of the most evident ones of each split."""
    found = []
    for split, truth in truths.items():
        raw = predictor.raw_boxes(read_image(data.root / file) for file in truth.files)
        found += [(split, each) for each in contradictions(suppress(raw), truth, predictor.known)]
    return [
        Doubted(doubt.value, len(these), [_doubted(data, truths[split], each) for split, each in these[:DOUBTFUL]])
        for doubt in Doubt
        if (these := [(split, each) for split, each in found if each.doubt is doubt])
    ]


def _doubted(data: PreparedData, truth: GroundTruth, which: Contradiction) -> tuple[str, bytes]:
    file = truth.files[which.image]
    score = f", score {which.score:.2f}" if which.score else ""
    return f"{file}: {which.class_name}{score}", _jpeg(data.root / file, _boxes(truth, which.image), which)


def _samples(data: PreparedData, split: str, truth: GroundTruth) -> list[Sample]:
    """Images of each class, evenly over the split, and of none."""
    of_class = {name: np.unique(truth.image_index[truth.class_index == c]) for c, name in enumerate(truth.class_names)}
    empty = np.setdiff1d(np.arange(truth.image_count), truth.image_index)
    return [
        Sample(split, name, truth.files[image], _jpeg(data.root / truth.files[image], _boxes(truth, image)))
        for name, images in {**of_class, "": empty}.items()
        for image in _evenly(images)
    ]


def _evenly(images: NDArray[np.int64]) -> Sequence[int]:
    places = np.linspace(0, len(images) - 1, min(SAMPLES, len(images))).astype(int)
    return [int(images[place]) for place in places]


def _boxes(truth: GroundTruth, image: int) -> NDArray[np.float64]:
    boxes_xyxy: NDArray[np.float64] = truth.boxes_xyxy[truth.image_index == image]
    return boxes_xyxy


def _jpeg(path: Path, boxes_xyxy: NDArray[np.float64] = _NO_BOXES, doubted: Contradiction | None = None) -> bytes:
    """A small picture, with labelled boxes, and one on which labels and model do not agree."""
    doubt = {} if doubted is None else {"wrong_xyxy": doubted.box_xyxy[None], "wrong_scores": np.array([doubted.score])}
    with open_picture(path) as image:
        return small_jpeg(draw_boxes(np.asarray(image.convert("RGB")), missed_xyxy=boxes_xyxy, **doubt))
