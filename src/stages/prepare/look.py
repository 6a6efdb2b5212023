"""What there is to see in a prepared data set before anything is trained on it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, islice
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
                for name in dict.fromkeys(chain.from_iterable(manifest.near_duplicates[:DOUBTFUL]))
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
    by_doubt: dict[Doubt, dict[tuple[str, int], list[Contradiction]]] = {doubt: {} for doubt in Doubt}
    for split, each in found:
        by_doubt[each.doubt].setdefault((split, each.image), []).append(each)
    return [
        Doubted(
            doubt.value,
            sum(map(len, images.values())),
            [_doubted(data, truths[split], these) for (split, _), these in islice(images.items(), DOUBTFUL)],
        )
        for doubt, images in by_doubt.items()
        if images
    ]


def _doubted(data: PreparedData, truth: GroundTruth, on_it: Sequence[Contradiction]) -> tuple[str, bytes]:
    """A picture with all its labels that are in doubt in one way."""
    image = on_it[0].image
    counts = Counter(f"{each.class_name}{f', score {each.score:.2f}' if each.score else ''}" for each in on_it)
    what = "; ".join(f"{count} {text}" if count > 1 else text for text, count in counts.items())
    return f"{truth.files[image]}: {what}", _jpeg(data.root / truth.files[image], _boxes(truth, image), on_it)


def _samples(data: PreparedData, split: str, truth: GroundTruth) -> list[Sample]:
    """Images of each class, evenly over the split, and of none; each image once, for the rarest class that it shows."""
    of_class = {name: np.unique(truth.image_index[truth.class_index == c]) for c, name in enumerate(truth.class_names)}
    chosen: dict[str, Sequence[int]] = {}
    shown: list[int] = []
    for name, images in sorted(of_class.items(), key=lambda each: len(each[1])):
        fresh = np.setdiff1d(images, shown)
        chosen[name] = _evenly(fresh, SAMPLES - (len(images) - len(fresh)))
        shown += chosen[name]
    chosen[""] = _evenly(np.setdiff1d(np.arange(truth.image_count), truth.image_index), SAMPLES)
    return [
        Sample(split, name, _caption(truth, image), _jpeg(data.root / truth.files[image], _boxes(truth, image)))
        for name in (*truth.class_names, "")
        for image in chosen[name]
    ]


def _caption(truth: GroundTruth, image: int) -> str:
    """The file, and where there are several classes how many boxes of which it has."""
    counts = Counter(truth.class_names[c] for c in truth.class_index[truth.image_index == image])
    said = ", ".join(f"{count} {name}" for name, count in counts.items()) if len(truth.class_names) > 1 else ""
    return f"{truth.files[image]}: {said}" if said else truth.files[image]


def _evenly(images: NDArray[np.int64], most: int) -> Sequence[int]:
    places = np.linspace(0, len(images) - 1, max(0, min(most, len(images)))).astype(int)
    return [int(images[place]) for place in places]


def _boxes(truth: GroundTruth, image: int) -> NDArray[np.float64]:
    boxes_xyxy: NDArray[np.float64] = truth.boxes_xyxy[truth.image_index == image]
    return boxes_xyxy


def _jpeg(path: Path, boxes_xyxy: NDArray[np.float64] = _NO_BOXES, doubted: Sequence[Contradiction] = ()) -> bytes:
    """A small picture, with labelled boxes, and those on which labels and model do not agree."""
    doubt = {
        "wrong_xyxy": np.array([each.box_xyxy for each in doubted]).reshape(-1, 4),
        "wrong_scores": np.array([each.score for each in doubted]),
    }
    with open_picture(path) as image:
        return small_jpeg(draw_boxes(np.asarray(image.convert("RGB")), missed_xyxy=boxes_xyxy, **doubt))
