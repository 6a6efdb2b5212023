"""What can be known of a model's precision without labels: its scores, calibrated where there are labels.

Recall cannot be known so: what a model misses has no score.

Reference: Zadrozny and Elkan, Transforming Classifier Scores into Accurate Multiclass Probability Estimates, 2002
(isotonic regression).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from src.documents.monitor import CalibratedScores


def calibrated(scores: NDArray[np.float64], hit: NDArray[np.bool_]) -> CalibratedScores:
    """The share of right detections by score, by isotonic regression.

    Args:
        scores: Of detections with labels, (N,).
        hit: Which are right, (N,).
    """
    values, number = np.unique(np.round(scores, 4), return_inverse=True)
    if not len(values):
        return CalibratedScores((), ())
    count = np.bincount(number)
    shares = isotonic_regression(np.bincount(number, weights=hit) / count, weights=count).x
    steps = np.flatnonzero(np.diff(shares, prepend=-1.0))
    return CalibratedScores(
        tuple(float(value) for value in values[steps]), tuple(round(float(share), 4) for share in shares[steps])
    )


def shares(scores: NDArray[np.float64], known: CalibratedScores) -> NDArray[np.float64]:
    """How likely each detection is right, (N,); scores below all that are known get the lowest share."""
    place = np.searchsorted(np.array(known.scores), np.round(scores, 4), side="right") - 1
    found: NDArray[np.float64] = np.array(known.shares)[place.clip(0)]
    return found
