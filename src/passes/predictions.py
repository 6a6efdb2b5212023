"""A detector's pass over a prepared split: one forward pass for each image, as it is or under a corruption."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from src.core.detections import GroundTruth
from src.data.ground_truth import ground_truth
from src.data.prepared import PreparedData
from src.detector.predict import Predictor, read_image
from src.documents.predictions import Predictions
from src.evaluation.corruptions import corrupt, image_seed


def predict_split(predictor: Predictor, data: PreparedData, split: str) -> Predictions:
    """Pass the images of a split through the network.

    Raises:
        DataError: an image or label file is gone or damaged.
    """
    truth = ground_truth(data, split)
    return Predictions(truth, predictor.raw_boxes(_images_bgr(data, truth)))


def predict_corrupted(
    predictor: Predictor, data: PreparedData, truth: GroundTruth, corruption: str, seed: int
) -> Predictions:
    """Pass the images through the network under a corruption; boxes that it moves or hides are moved or left out.

    Args:
        predictor: The model.
        data: The data set that the images belong to.
        truth: The clean images with their boxes.
        corruption: Its name.
        seed: Of what is random in it.
    """
    boxes_xyxy, kept = np.zeros_like(truth.boxes_xyxy), np.zeros(len(truth.boxes_xyxy), bool)

    def corrupted_bgr(index: int, image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        here = truth.image_index == index
        own_seed = image_seed(corruption, truth.files[index], seed)
        image_rgb, boxes_xyxy[here], kept[here] = corrupt(
            image_bgr[..., ::-1], truth.boxes_xyxy[here], corruption, own_seed
        )
        return np.ascontiguousarray(image_rgb[..., ::-1])

    # one image in memory at a time; the boxes are known when all have been seen
    raw = predictor.raw_boxes(itertools.starmap(corrupted_bgr, enumerate(_images_bgr(data, truth))))
    corrupted = replace(
        truth,
        image_index=truth.image_index[kept],
        class_index=truth.class_index[kept],
        boxes_xyxy=boxes_xyxy[kept],
    )
    return Predictions(corrupted, raw)


def _images_bgr(data: PreparedData, truth: GroundTruth) -> Iterator[NDArray[np.uint8]]:
    return (read_image(data.root / file) for file in truth.files)
