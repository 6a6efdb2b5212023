"""What a threshold surely does on images of the same kind, when it is known on some: one-sided 97.5 % bounds.

A threshold that is chosen because it just keeps a floor on val breaks it on half of all other images. So a floor counts
as kept when the lower bound keeps it, and a limit when the upper bound does.

Many thresholds are looked at, so that one of them may keep its bound by luck. They are much alike: with 97.5 % for each
the chosen one keeps its floor on at least 95 % of data sets (docs/statistics.md has the measured shares).

References: Angelopoulos et al., Learn then Test: Calibrating Predictive Algorithms to Achieve Risk Control, 2021; the
bound itself as in src/core/jackknife.py.
"""

import numpy as np
from numpy.typing import NDArray

from src.core.jackknife import student_t

CONFIDENCE = 0.975

_FEWEST_FREEDOM = 3.0
_TINY = 1e-12


def least_share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the share of all parts in all wholes is at least, (K,); 0 where there is none.

    Args:
        part: By image and threshold, (I, K).
        whole: Likewise, at least as large.
    """
    total = whole.sum(axis=0)
    share = part.sum(axis=0) / np.maximum(total, 1)
    error, freedom = _error(part - share * whole)
    error = error / np.maximum(total, 1)
    variance, z = share * (1 - share), student_t(np.inf, 2 * CONFIDENCE - 1)
    cases = np.where(np.minimum(variance, error**2) > _TINY, variance / np.maximum(error**2, _TINY), total)
    cases = np.minimum(cases, total) * (z / _quantile(freedom)) ** 2 if len(part) > 1 else np.zeros_like(total)
    cases = np.maximum(cases, _TINY)
    middle = share + z**2 / (2 * cases)
    half = z * np.sqrt(variance / cases + z**2 / (4 * cases**2))
    return np.where(total > 0, np.maximum((middle - half) / (1 + z**2 / cases), 0.0), 0.0)


def most_per_image(part: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the mean over images is at most, (K,): by Student's t, and no less than for a Poisson count.

    Args:
        part: By image and threshold, (I, K).

    Reference: Garwood, Fiducial Limits for the Poisson Distribution, 1936.
    """
    from scipy.special import gammaincinv

    images, total = len(part), part.sum(axis=0)
    error, freedom = _error(part - part.mean(axis=0))
    by_t = (total + _quantile(freedom) * error) / images if images > 1 else np.full_like(total, np.inf)
    poisson: NDArray[np.float64] = np.maximum(by_t, gammaincinv(total + 1, CONFIDENCE) / images)
    return poisson


def _error(deviations: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The standard error of a sum over images and its degrees of freedom, (K,), from deviations of mean 0, (I, K)."""
    images = len(deviations)
    square = (deviations**2).mean(axis=0)
    kurtosis = np.where(square > _TINY, (deviations**4).mean(axis=0) / np.maximum(square, _TINY) ** 2, 1.0)
    freedom = np.minimum(images - 1.0, 2 * images / np.maximum(kurtosis - 1, _TINY))
    return images * np.sqrt(square / max(images - 1, 1)), np.maximum(freedom, _FEWEST_FREEDOM)


def _quantile(freedom: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import stdtrit

    quantiles: NDArray[np.float64] = stdtrit(freedom, CONFIDENCE)
    return quantiles
