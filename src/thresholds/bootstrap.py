"""How sure a chosen threshold is: the choice repeated on resamples of the images.

The best threshold of any criterion lies just below the score of a hit: going lower without finding anything more only
adds false alarms. So only the scores of hits are selectable, and where those are too many, every so-manieth of them;
the counts at each of them are exact. Counting them by image once turns all resamples into one matrix product.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.core.interval import Interval, expanded_confidence, percentile_interval
from src.thresholds.criteria import Criterion
from src.thresholds.curve import Counts, CountsByThreshold
from src.thresholds.select import best_of, preferred

MAX_SELECTABLE = 2000  # 0.05 % of the hits between two; a resample is no finer than that

_BLOCK_ELEMENTS = 4_000_000  # 16 MB per intermediate array
_EXACT_SINGLE = 2**24  # whole numbers up to here are exact in single precision


@dataclass(frozen=True)
class Reselection:
    """What choosing again on each resample says.

    Attributes:
        score: The threshold, with the interval of those that resamples chose.
        iou_shares: The share of resamples that chose each NMS IoU.
        feasible_share: The share of resamples in which the criterion could be satisfied.
    """

    score: Interval
    iou_shares: Mapping[float, float]
    feasible_share: float


def reselect(
    detections: Mapping[float, DetectionRecords],
    curves: Mapping[float, CountsByThreshold],
    criterion: Criterion,
    *,
    chosen: float,
    weights: NDArray[np.int64],
    max_selectable: int = MAX_SELECTABLE,
) -> Reselection:
    """Choose threshold and NMS IoU anew on each resample of the images.

    Args:
        detections: By NMS IoU.
        curves: Of these detections.
        criterion: The order of thresholds.
        chosen: The threshold that was chosen on the images as they are.
        weights: How often each image occurs in each data set, see `image_weights`, (1 + resamples, I).
        max_selectable: How many thresholds a resample chooses from.
    """
    ious = preferred(detections)
    per_iou = [_best_on_resamples(detections[iou], curves[iou], criterion, weights[1:], max_selectable) for iou in ious]
    goodness, second, scores = (np.stack(values, axis=1) for values in zip(*per_iou, strict=True))
    iou_index, feasible = best_of(goodness, second, np.isfinite(goodness))
    picked = scores[np.arange(len(scores)), iou_index]
    return Reselection(
        score=percentile_interval(
            np.concatenate([[chosen], np.where(feasible, picked, np.nan)]), expanded_confidence(weights.shape[1])
        ),
        iou_shares={iou: float(((iou_index == place) & feasible).mean()) for place, iou in enumerate(ious)},
        feasible_share=float(feasible.mean()),
    )


def selectable(curve: CountsByThreshold, most: int = MAX_SELECTABLE) -> NDArray[np.int64]:
    """Which of a curve's thresholds a resample chooses from, ascending indices.

    Args:
        curve: The curve.
        most: How many at most, the one that keeps nothing not counted.
    """
    with_hits = np.flatnonzero(np.diff(curve.counts.hits)) + 1
    if len(with_hits) > most:
        with_hits = with_hits[np.linspace(0, len(with_hits) - 1, most).round().astype(np.int64)]
    return np.concatenate([[0], with_hits])


def resampled_counts(
    detections: DetectionRecords, curve: CountsByThreshold, indices: NDArray[np.int64], weights: NDArray[np.int64]
) -> Counts:
    """The counts at some thresholds in each of B data sets, (B, K).

    Args:
        detections: The detections.
        curve: Of these detections.
        indices: Which of its thresholds, K of them: 0 and others, ascending.
        weights: How often each image occurs in each data set, (B, I).
    """
    lowest = curve.scores[indices[1:] - 1]  # the lowest score that each threshold keeps, descending
    place = np.searchsorted(-lowest, -detections.scores)  # the first threshold that keeps the detection
    relevant = place < len(lowest)
    image, place, hit = detections.image_index[relevant], place[relevant], detections.hit[relevant]
    kept = np.zeros((len(weights), len(indices)))
    hits = np.zeros((len(weights), len(indices)))
    for images, rows in _blocks(image, detections.image_count, len(lowest)):
        cell = (image[rows] - images.start) * len(lowest) + place[rows]
        shape = (images.stop - images.start, len(lowest))
        kept[:, 1:] += _weighted(weights[:, images], cell, shape)
        hits[:, 1:] += _weighted(weights[:, images], cell[hit[rows]], shape)
    positives = weights.astype(np.float64) @ detections.positives.sum(axis=1)
    np.cumsum(kept, axis=1, out=kept)
    np.cumsum(hits, axis=1, out=hits)
    return Counts(kept, hits, positives[:, None], detections.image_count)


def _best_on_resamples(
    detections: DetectionRecords, curve: CountsByThreshold, criterion: Criterion, weights: NDArray[np.int64], most: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Goodness (-inf where no threshold is allowed), second criterion and threshold of each resample's choice, (B,)."""
    indices = selectable(curve, most)
    counts = resampled_counts(detections, curve, indices, weights)
    goodness, second = criterion.goodness(counts), criterion.second(counts)
    # a resample without ground truth says nothing
    allowed = criterion.allowed(counts) & (counts.positives > 0)
    best, found = best_of(goodness, second, allowed)
    rows = np.arange(len(weights))
    return np.where(found, goodness[rows, best], -np.inf), second[rows, best], curve.thresholds[indices[best]]


def _blocks(image: NDArray[np.int64], images: int, columns: int) -> Iterator[tuple[slice, NDArray[np.int64] | slice]]:
    """Ranges of images that keep tables of images by columns small, with their detections."""
    step = max(1, _BLOCK_ELEMENTS // max(columns, 1))
    ascending = bool((np.diff(image) >= 0).all())
    order = None if ascending else np.argsort(image, kind="stable")
    ordered = image if order is None else image[order]
    for start in range(0, images, step):
        stop = min(start + step, images)
        rows = slice(*np.searchsorted(ordered, [start, stop]).tolist())
        yield slice(start, stop), rows if order is None else order[rows]


def _weighted(weights: NDArray[np.int64], cell: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """The weighted sums over images of a table of counts, (B, columns)."""
    table = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    largest = len(cell) * int(weights.max(initial=0))
    dtype = np.float32 if largest < _EXACT_SINGLE else np.float64
    product: NDArray[np.float64] = (weights.astype(dtype) @ table.astype(dtype)).astype(np.float64)
    return product
