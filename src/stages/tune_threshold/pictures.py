"""The pictures about an operating point."""

import numpy as np
from numpy.typing import NDArray

from src.detector.predict import read_image
from src.passes.matched import MatchedDetections
from src.render import threshold as render
from src.render.annotated import annotate
from src.render.figures import Line
from src.stages.tune_threshold.stage import TuneOutcome
from src.thresholds.operating_point import DEFAULT, OperatingPoint, most_different
from src.thresholds.outline import outline

_SAMPLES = 4


def draw(outcome: TuneOutcome) -> None:
    """Write `plots/*.png` into the folder of the outcome.

    Raises:
        DataError: an image cannot be read.
    """
    plots = outcome.folder / "plots"
    lines = {split: _line(outcome, split) for split in outcome.curves}
    chosen = outcome.threshold.chosen
    score = None if chosen is None else chosen.score_interval
    render.draw_precision_recall(plots / "precision_recall.png", lines, outcome.threshold)
    render.draw_f1(plots / "f1_by_threshold.png", lines, score, DEFAULT.score)
    render.draw_reliability(plots / "reliability.png", outcome.calibration)
    if outcome.point is not None and (pairs := _pairs(outcome, outcome.point)):
        render.draw_pairs(plots / "default_and_tuned.png", pairs)


def _line(outcome: TuneOutcome, split: str) -> Line:
    curve = outcome.curves[split]
    drawn = outline(curve)
    counts = curve.counts
    return Line(curve.thresholds[drawn], counts.precision[drawn], counts.recall[drawn], np.asarray(counts.f()[drawn]))


def _pairs(
    outcome: TuneOutcome, point: OperatingPoint
) -> list[tuple[tuple[str, NDArray[np.uint8]], tuple[str, NDArray[np.uint8]]]]:
    split = outcome.last_split
    default, tuned = outcome.default_views[split], outcome.views[split]
    pairs = []
    for image in most_different(default.counts(DEFAULT), tuned.counts(point), _SAMPLES):
        image_rgb = np.ascontiguousarray(read_image(outcome.data_root / tuned.truth.files[image])[..., ::-1])
        pairs.append(
            (
                _half(image_rgb, image, default, DEFAULT, "default"),
                _half(image_rgb, image, tuned, point, "tuned"),
            )
        )
    return pairs


def _half(
    image_rgb: NDArray[np.uint8], image: int, of: MatchedDetections, point: OperatingPoint, name: str
) -> tuple[str, NDArray[np.uint8]]:
    drawn = annotate(
        image_rgb,
        image,
        detections=of.detections,
        taken=of.matches.truth_index[:, 0],
        truth=of.truth,
        kept=of.kept(point),
    )
    at = f"{name} {point.score:.3g}, NMS IoU {point.iou:g}"
    return f"{at}: {drawn.counts}", drawn.picture
