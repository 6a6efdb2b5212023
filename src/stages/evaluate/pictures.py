"""The pictures of an evaluation, and the tables that `dvc plots` draws."""

import numpy as np
from numpy.typing import NDArray

from src.core.detections import DEFAULT_CONFIDENCE
from src.detector.predict import read_image
from src.evaluation.confusion import confusion_pairs
from src.evaluation.corruptions import corrupt, image_seed
from src.evaluation.measures import ALL_CLASSES, Measures
from src.render import evaluation as render
from src.render.annotated import annotate
from src.render.figures import Line, write_rows
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
    lines = {split: _lines(measures) for split, measures in outcome.measures.items()}
    overall = {split: own[ALL_CLASSES] for split, own in lines.items()}
    render.draw_curves(plots / "curves.png", overall, DEFAULT_CONFIDENCE)
    for split, own in lines.items():
        render.write_pr_table(curves / f"{split}_pr.csv", own)
        render.write_f1_table(curves / f"{split}_f1.csv", own)
    measures = outcome.measures[outcome.last_split]
    names = measures.truth.class_names
    render.draw_confusion(
        plots / "confusion.png", measures.confusion, names, f"{outcome.last_split}, confidence {DEFAULT_CONFIDENCE}"
    )
    pairs = confusion_pairs(measures.confusion, names)
    write_rows(curves / "confusion.csv", ("actual", "predicted"), pairs)
    if outcome.corrupted:
        corrupted = {name: found.metrics.by_name() for name, found in outcome.corrupted.items()}
        render.draw_robustness(plots / "robustness.png", measures.metrics.by_name(), corrupted, _ROBUSTNESS)
        render.draw_examples(plots / "corruptions.png", _examples(outcome, seed))


def _lines(measures: Measures) -> dict[str, Line]:
    """The curves of a split by class name."""
    return {name: Line(c.scores, c.precision, c.recall, c.f1) for name, c in measures.curves.items()}


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
        name: annotate(
            picture,
            image,
            detections=measures.detections,
            taken=measures.matches.truth_index[:, 0],
            truth=measures.truth,
            kept=measures.detections.scores > DEFAULT_CONFIDENCE,
        ).picture
        for (name, picture), measures in zip(pictures.items(), [clean, *outcome.corrupted.values()], strict=True)
    }
