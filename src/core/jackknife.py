"""How sure a figure is that is computed from images: what it becomes when some of them are left out.

Images, not boxes, are left out: boxes on one image share its difficulties. The intervals say how a figure would vary
with other images of the same kind; they say nothing about other seeds of a training.

The jackknife replaces the bootstrap because it holds from ten images on: a bootstrap's interval is too narrow by
sqrt((n - 1) / n), knows no Student's t, and has no width at all where all images are alike. docs/statistics.md has the
measured coverage of both.

References: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 11 (jackknife, groups left out);
Korn and Graubard, Confidence Intervals for Proportions with Small Expected Number of Positive Counts, 1998 (effective
sample size); Wilson, Probable Inference, the Law of Succession, and Statistical Inference, 1927.
"""

import math

import numpy as np
from numpy.typing import NDArray

from src.core.errors import DataError
from src.core.interval import Interval

MOST_GROUPS = 200  # of images that are left out together: more cost time and say no more


def leave_out_weights(image_count: int) -> NDArray[np.int64]:
    """Data sets from which each image, or of many images each group of them, is left out once.

    Args:
        image_count: Number of images I.

    Returns:
        (1 + G, I), how often each image occurs: first the data set as it is, then without each of the G groups.

    Raises:
        DataError: there are no images.
    """
    if image_count < 1:
        raise DataError("There are no images to leave out.")
    groups = min(image_count, MOST_GROUPS)
    # mixed, because neighbouring images are often alike and must not be left out together
    group = np.random.default_rng(0).permutation(np.arange(image_count) % groups)
    left_out = (np.arange(groups)[:, None] != group).astype(np.int64)
    return np.concatenate([np.ones((1, image_count), np.int64), left_out])


def std_error(values: NDArray[np.float64]) -> float:
    """The standard error of a figure; NaN for fewer than two groups, or where a group holds all that defines it.

    Args:
        values: The figure on the data sets of `leave_out_weights`, (1 + G,).
    """
    left_out = values[1:]
    if len(left_out) < 2:
        return math.nan
    return float(math.sqrt((len(left_out) - 1) * left_out.var()))


def difference_interval(values: NDArray[np.float64], confidence: float = 0.95) -> Interval:
    """The interval of a difference, or of any figure that is about normal: Student's t around it.

    Args:
        values: The figure on the data sets of `leave_out_weights`, (1 + G,).
        confidence: How often the interval is to hold the true value.

    Returns:
        Without ends where the standard error is not known.
    """
    estimate = float(values[0])
    half = student_t(len(values) - 2, confidence) * std_error(values)
    return Interval(estimate, estimate - half, estimate + half)


def proportion_interval(values: NDArray[np.float64], count: float, confidence: float = 0.95) -> Interval:
    """The interval of a figure from 0 to 1: Wilson's, for as many independent cases as the images are worth.

    The effective number of cases is p(1 - p) / se² with the jackknife's standard error, made smaller for the few images
    that this error is learnt from; where all images are alike it is the number of cases. So no interval has no width.

    Args:
        values: The figure on the data sets of `leave_out_weights`, (1 + G,).
        count: Over how many boxes or detections it is a proportion; no more than that it can be worth.
        confidence: How often the interval is to hold the true value.

    Returns:
        Without ends where nothing is counted, or the standard error is not known.
    """
    estimate, error = float(values[0]), std_error(values)
    if not count or math.isnan(error) or math.isnan(estimate):
        return Interval(estimate, math.nan, math.nan)
    freedom = len(values) - 2
    z = student_t(math.inf, confidence)
    estimate = min(max(estimate, 0.0), 1.0)  # a sum of shares may round to just above 1
    variance, least = estimate * (1 - estimate), 1e-12
    cases = min(count, variance / error**2) if variance > least and error**2 > least else count
    return wilson_interval(estimate, cases * (z / student_t(freedom, confidence)) ** 2, z)


def wilson_interval(share: float, cases: float, z: float) -> Interval:
    """Wilson's score interval of a share of so many independent cases, z standard deviations to either side."""
    middle = (share + z**2 / (2 * cases)) / (1 + z**2 / cases)
    half = z / (1 + z**2 / cases) * math.sqrt(share * (1 - share) / cases + z**2 / (4 * cases**2))
    return Interval(share, max(middle - half, 0.0), min(middle + half, 1.0))


def student_t(freedom: float, confidence: float = 0.95) -> float:
    """The two-sided quantile of Student's t with some degrees of freedom; NaN without any, normal for infinitely many.

    Raises:
        DataError: the confidence is no share.
    """
    if not 0 < confidence < 1:
        raise DataError(f"confidence is {confidence}; expected a share between 0 and 1.")
    if freedom < 1:
        return math.nan
    from scipy.special import ndtri, stdtrit  # a third of a second

    upper = (1 + confidence) / 2
    return float(ndtri(upper) if math.isinf(freedom) else stdtrit(freedom, upper))
