"""How sure a value is that is computed from images: what it becomes when some of them are left out.

Images, not boxes, are left out: boxes on one image share its difficulties. The intervals say how a value would vary
with other images of the same kind; they say nothing about other seeds of a training.

The jackknife replaces the bootstrap because it holds from ten images on: a bootstrap's interval is too narrow by
sqrt((n - 1) / n), knows no Student's t, and has no width at all where all images are alike. docs/statistics.md has the
measured coverage of both.

References: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 11 (jackknife, groups left out);
Korn and Graubard, Confidence Intervals for Proportions with Small Expected Number of Positive Counts, 1998 (effective
sample size); Wilson, Probable Inference, the Law of Succession, and Statistical Inference, 1927; Satterthwaite, An
Approximate Distribution of Estimates of Variance Components, 1946 (degrees of freedom); Pitman, Significance Tests
Which May Be Applied to Samples from Any Populations, 1937 (exchange of two models).
"""

import math

import numpy as np
from numpy.typing import NDArray

from src.core.errors import DataError
from src.core.interval import Interval

MOST_GROUPS = 200  # of images that are left out together: more cost time and say no more
PAIRS = 20  # of halves of the images

_FEWEST_FREEDOM = 3.0
_ENVELOPE = 1 / (2 ** (2 / 3) - 1)
_TINY = 1e-12  # of a variance: what rounding leaves of none


def jackknife_weights(image_count: int, blocks: int | None = None) -> NDArray[np.int64]:
    """The data sets that an interval is computed from: parts of the images.

    Args:
        image_count: Number of images I.
        blocks: In so many groups of neighbours, of measurements of which those that follow each other are alike; None
            for images, each of which is a measurement of its own.

    Returns:
        How often each image occurs, (1 + G + 2 PAIRS, I): first all images; then all but one, or of many images all but
        one of G groups; then random halves, each followed by its other half.

    Raises:
        DataError: there are no images.
    """
    if image_count < 1:
        raise DataError("There are no images to leave out.")
    rng = np.random.default_rng(0)
    groups = min(image_count, blocks or MOST_GROUPS)
    group = np.arange(image_count) * groups // image_count
    if blocks is None:
        rng.shuffle(group)  # neighbouring images must not be left out together, because they are often alike
    left_out = np.arange(groups)[:, None] != group
    half = rng.permuted(np.tile(np.arange(image_count) < image_count // 2, (PAIRS, 1)), axis=1)
    halves = np.stack([half, ~half], axis=1).reshape(-1, image_count)
    return np.concatenate([np.ones((1, image_count), bool), left_out, halves]).astype(np.int64)


def exchange_weights(image_count: int, exchanges: int, seed: int) -> NDArray[np.int64] | None:
    """Two models exchanged on random images: what a difference would be if it made none which model is which.

    Args:
        image_count: Number of images I.
        exchanges: How many times E.
        seed: Of the drawing.

    Returns:
        How often the images of the first model, and after them those of the second, count as the first one's, (E, 2 I);
        1 minus that is how often they count as the second one's. None for so many images that Student's t needs no
        such help.
    """
    if image_count > MOST_GROUPS:
        return None
    kept = np.random.default_rng(seed).integers(0, 2, (exchanges, image_count))
    return np.concatenate([kept, 1 - kept], axis=1)


def std_error(values: NDArray[np.float64]) -> float:
    """The standard error of a value; NaN for fewer than two groups, or where a group holds all that defines it.

    Args:
        values: The value on the data sets of `jackknife_weights`, (1 + G + 2 PAIRS,).
    """
    left_out = _left_out(values)
    return float(math.sqrt((len(left_out) - 1) * left_out.var())) if len(left_out) > 1 else math.nan


def freedom(values: NDArray[np.float64]) -> float:
    """The degrees of freedom of the standard error: the fewer, the more of it comes from a few of the images.

    Its variance is learnt from the kurtosis of what each image adds; a normal sample has n - 1.

    Args:
        values: See `std_error`.
    """
    left_out = _left_out(values)
    variance = left_out.var()
    if variance < _TINY / len(left_out) ** 2:
        return float(len(left_out) - 1)
    kurtosis = float(((left_out - left_out.mean()) ** 4).mean() / variance**2)
    return max(_FEWEST_FREEDOM, min(len(left_out) - 1.0, 2 * len(left_out) / max(kurtosis - 1, _TINY)))


def envelope_bias(values: NDArray[np.float64]) -> float:
    """By how much an average precision is too high with so few images: it reads the best precision from a recall on.

    Halves of the images show how the bias grows. That of an envelope falls as n^(-2/3) (Kiefer and Wolfowitz, 1976), so
    that half of the images have 2^(2/3) times the bias of all.

    Args:
        values: See `std_error`.
    """
    halves = values[-2 * PAIRS :]
    known = ~np.isnan(halves)
    return float(_ENVELOPE * (halves[known].mean() - values[0])) if known.any() else 0.0


def mean_interval(values: NDArray[np.float64], confidence: float = 0.95) -> Interval:
    """The interval of a value that is about normal: Student's t to both sides.

    Args:
        values: The value on the data sets of `jackknife_weights`, (1 + G + 2 PAIRS,).
        confidence: How often it is to hold the true value.

    Returns:
        Without ends where the standard error is not known.
    """
    estimate, half = float(values[0]), student_t(freedom(values), confidence) * std_error(values)
    return Interval(estimate, estimate - half, estimate + half)


def difference_interval(
    values: NDArray[np.float64], exchanged: NDArray[np.float64] | None = None, confidence: float = 0.95
) -> Interval:
    """The interval of a difference of two models on the same images.

    It is no narrower than what exchanging the models gives, so that it can leave out 0 only if that test says so, too.
    Where the models differ on none of n images, they may yet differ on a share of others, of which 95 % of such samples
    would show one (Hanley and Lippman-Hand, If Nothing Goes Wrong, Is Everything All Right?, 1983).

    Args:
        values: The difference on the data sets of `jackknife_weights`, (1 + G + 2 PAIRS,).
        exchanged: The difference with the models exchanged, see `exchange_weights`, (E,); None where that was not done.
        confidence: How often it is to hold the true value.

    Returns:
        Without ends where the standard error is not known.
    """
    value = mean_interval(values, confidence)
    half = value.high - value.estimate
    if math.isnan(half):
        return value
    if exchanged is not None:
        alike = np.abs(exchanged[~np.isnan(exchanged)])
        # the difference itself is one of the exchanges, so that the test is exact
        half = max(half, float(np.quantile(np.append(alike, abs(value.estimate)), confidence, method="higher")))
    if half < math.sqrt(_TINY):
        half = 1 - (1 - confidence) ** (1 / len(_left_out(values)))
    return Interval(value.estimate, value.estimate - half, value.estimate + half)


def proportion_interval(values: NDArray[np.float64], count: float, bias: float = 0.0) -> Interval:
    """The 95 % interval of a value from 0 to 1: Wilson's, for as many independent cases as the images are worth.

    The effective number of cases is p(1 - p) / se² with the jackknife's standard error, made smaller for the few images
    that this error is learnt from; where all images are alike it is the number of cases. So no interval has no width.

    Args:
        values: The value on the data sets of `jackknife_weights`, (1 + G + 2 PAIRS,).
        count: Over how many boxes or detections it is a proportion; no more than that it can be worth.
        bias: By how much the value is too high, see `envelope_bias`.

    Returns:
        Without ends where nothing is counted, or the standard error is not known.
    """
    estimate, error = float(values[0]), std_error(values)
    if not count or math.isnan(error) or math.isnan(estimate):
        return Interval(estimate, math.nan, math.nan)
    middle = min(max(estimate - bias, 0.0), 1.0)
    variance = middle * (1 - middle)
    cases = min(count, variance / error**2) if min(variance, error**2) > _TINY else count
    z = student_t(math.inf)
    low, high = wilson(middle, cases * (z / student_t(freedom(values))) ** 2, z)
    return Interval(estimate, min(low, estimate), max(high, estimate))


def wilson(share: float, cases: float, z: float) -> tuple[float, float]:
    """Wilson's score interval of a share of so many independent cases, z standard deviations to either side."""
    middle = (share + z**2 / (2 * cases)) / (1 + z**2 / cases)
    half = z / (1 + z**2 / cases) * math.sqrt(share * (1 - share) / cases + z**2 / (4 * cases**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def student_t(freedom: float, confidence: float = 0.95) -> float:
    """The two-sided quantile of Student's t with some degrees of freedom; normal for infinitely many."""
    from scipy.special import ndtri, stdtrit  # a third of a second

    upper = (1 + confidence) / 2
    return float(ndtri(upper) if math.isinf(freedom) else stdtrit(freedom, upper))


def _left_out(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[1 : -2 * PAIRS]
