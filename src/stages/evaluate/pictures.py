"""The pictures of an evaluation, and the tables that `dvc plots` draws."""

import numpy as np
from numpy.typing import NDArray

from src.core.detections import Detections, GroundTruth
from src.detector.candidates import DEFAULT_CONFIDENCE
from src.detector.predict import read_image
from src.evaluation.confusion import confusion_pairs
from src.evaluation.corruptions import corrupt, image_seed
from src.evaluation.matching import match
from src.report import evaluation as report
from src.report.boxes import draw_boxes
from src.stages.evaluate.measures import ALL_CLASSES
from src.stages.evaluate.stage import EvaluateOutcome

_ROBUSTNESS = ("mAP50", "recall")
_CLEAN = "clean"


def draw(outcome: EvaluateOutcome, seed: int) -> None:
    """Write `plots/*.png` and `curves/*.csv` into the evaluation's folder.

    Args:
        outcome: The evaluation.
        seed: Of the corruptions.
    """
    plots, curves = outcome.folder / "plots", outcome.folder / "curves"
    overall = {split: measures.curves[ALL_CLASSES] for split, measures in outcome.measures.items()}
    report.draw_curves(plots / "curves.png", overall, DEFAULT_CONFIDENCE)
    for split, measures in outcome.measures.items():
        report.write_pr_table(curves / f"{split}_pr.csv", measures.curves)
        report.write_f1_table(curves / f"{split}_f1.csv", measures.curves)
    measures = outcome.measures[outcome.last_split]
    names = measures.truth.class_names
    report.draw_confusion(
        plots / "confusion.png", measures.confusion, names, f"{outcome.last_split}, confidence {DEFAULT_CONFIDENCE}"
    )
    pairs = confusion_pairs(measures.confusion, names)
    report.write_rows(curves / "confusion.csv", ("actual", "predicted"), pairs)
    if outcome.corrupted:
        corrupted = {name: found.metrics for name, found in outcome.corrupted.items()}
        report.draw_robustness(plots / "robustness.png", measures.metrics, corrupted, _ROBUSTNESS)
        report.draw_examples(plots / "corruptions.png", _examples(outcome, seed))


def annotated(
    image_rgb: NDArray[np.uint8], image: int, detections: Detections, truth: GroundTruth
) -> NDArray[np.uint8]:
    """An image with what was found, missed and wrong on it.

    Args:
        image_rgb: (H, W, 3).
        image: Its index.
        detections: Those above a threshold, of all images.
        truth: What is on the images.
    """
    here = np.flatnonzero(detections.image_index == image)
    taken = match(detections, truth).truth_index[:, 0]
    boxes = np.flatnonzero(truth.image_index == image)
    hit, wrong = here[taken[here] >= 0], here[taken[here] < 0]
    return draw_boxes(
        image_rgb,
        missed_xyxy=truth.boxes_xyxy[np.setdiff1d(boxes, taken)],
        hit_xyxy=detections.boxes_xyxy[hit],
        hit_scores=detections.scores[hit],
        wrong_xyxy=detections.boxes_xyxy[wrong],
        wrong_scores=detections.scores[wrong],
    )


def _examples(outcome: EvaluateOutcome, seed: int) -> dict[str, NDArray[np.uint8]]:
    """The image with the most boxes, clean and under each corruption."""
    clean = outcome.measures[outcome.last_split]
    image = int(np.argmax(clean.truth.positives.sum(axis=1)))
    file = clean.truth.files[image]
    image_rgb = np.ascontiguousarray(read_image(outcome.data.root / file)[..., ::-1])
    boxes_xyxy = clean.truth.boxes_xyxy[clean.truth.image_index == image]
    pictures = {_CLEAN: image_rgb}
    for name in outcome.corrupted:
        pictures[name] = corrupt(image_rgb, boxes_xyxy, name, image_seed(name, file, seed))[0]
    return {
        name: annotated(
            picture,
            image,
            measures.detections.where(measures.detections.scores > DEFAULT_CONFIDENCE),
            measures.truth,
        )
        for (name, picture), measures in zip(pictures.items(), [clean, *outcome.corrupted.values()], strict=True)
    }
