"""Whether scores are what they look like: of detections with a score of 0.8, are 80 % right?

Right means matched with a ground truth box at IoU 0.50. Bins hold equally many detections each, five or more (but never
split equal scores), and no bin crosses the operating point, since most detections are noise far below it and would fill
any other bins. The expected calibration error is the mean over detections of |mean score - share that is right| of
their bins.

Reference: Naeini et al., Obtaining Well Calibrated Probabilities Using Bayesian Binning, 2015; equally filled bins as
in Nguyen and O'Connor, Posterior calibration and exploratory analysis for natural language processing models, 2015.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords

BINS = 10  # at most, on each side of the operating point
_IN_A_BIN = 5  # at least, where there are as many: a share of one or two says little


@dataclass(frozen=True, eq=False)
class Reliability:
    """Scores against the shares that are right, in B bins of ascending score.

    Attributes:
        detections: How many are in each bin, (B,).
        mean_score: Their mean score, (B,).
        hit_rate: The share of them that is right, (B,).
        kept: Whether the bin is above the operating point, (B,) bool.
    """

    detections: NDArray[np.int64]
    mean_score: NDArray[np.float64]
    hit_rate: NDArray[np.float64]
    kept: NDArray[np.bool_]

    @property
    def ece(self) -> float:
        """Expected calibration error over all detections; NaN without any."""
        return self._error(np.ones_like(self.kept))

    @property
    def ece_kept(self) -> float:
        """Expected calibration error over the detections above the operating point; NaN without any."""
        return self._error(self.kept)

    def _error(self, bins: NDArray[np.bool_]) -> float:
        if not bins.any():
            return float("nan")
        return float(np.average(np.abs(self.mean_score - self.hit_rate)[bins], weights=self.detections[bins]))


def reliability(detections: DetectionRecords, kept: NDArray[np.bool_], bins: int = BINS) -> Reliability:
    """The reliability table of all detections.

    Args:
        detections: All of them, above and below the operating point.
        kept: Which are above it, (N,).
        bins: How many at most on each side of it.
    """
    parts = [_table(detections.scores[side], detections.hit[side], bins) for side in (~kept, kept)]
    sizes = [len(part[0]) for part in parts]
    count, mean_score, hit_rate = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Reliability(count, mean_score, hit_rate, np.repeat([False, True], sizes))


def _table(
    scores: NDArray[np.float64], hit: NDArray[np.bool_], bins: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    bins = max(1, min(bins, len(scores) // _IN_A_BIN))
    order = np.argsort(scores, kind="stable")
    scores, hit = scores[order], hit[order]
    # cut after every n-th detection, then move each cut to where the score changes
    cuts = np.searchsorted(scores, scores[(np.arange(1, bins) * len(scores)) // bins]) if len(scores) else scores[:0]
    edges = np.unique(np.concatenate([[0], cuts, [len(scores)]])).astype(np.int64)
    count = np.diff(edges)
    sums = [np.diff(np.concatenate([[0.0], np.cumsum(values)])[edges]) for values in (scores, hit)]
    return count, sums[0] / count, sums[1] / count
