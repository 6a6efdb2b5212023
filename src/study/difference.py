"""The difference of two means, and what other images and other seeds would have made of it.

A difference is uncertain for two reasons, which are independent of each other and added up draw by draw:

- the images: both models are evaluated on the same resamples of the images (paired bootstrap, src/core/interval.py);
- the seeds: the mean over n seeds scatters by s / sqrt(n) with Student's t, s being the standard deviation over seeds
  pooled over all repeated settings (src/study/comparison.py). The seeds themselves are too few to be resampled: of
  five, the bootstrap would make the interval too narrow by the factor sqrt(4/5).

Where one of the two is not known, the draws are those of the other alone, and scatter too little.

References: Gelman et al., Bayesian Data Analysis, 3rd edition, 2013, section 3.2 (the mean of a normal sample with
unknown variance, flat prior: Student's t); Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 8.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from src.core.interval import Interval, percentile_interval
from src.study.comparison import Scatter

DRAWS = 4000  # of the seeds' noise: a probability's third digit means nothing anyway


def difference(
    estimate: float,
    *,
    a: NDArray[np.float64] | None,
    b: NDArray[np.float64] | None,
    scatter: Scatter | None,
    counts: Sequence[int],
    confidence: float = 0.95,
) -> Interval:
    """A difference of two means with the interval that the images and the seeds leave it.

    Args:
        estimate: The difference of the means.
        a: The first mean on the resamples, (1 + resamples,); None where it is not known.
        b: The second one on the same resamples.
        scatter: How far repeats lie from each other; None where it is not known.
        counts: How many runs each of the means is over; those of starting weights do not count.
        confidence: Share of the draws inside the interval.

    Returns:
        An interval without ends where neither is known.
    """
    drawn = draws(estimate, a=a, b=b, scatter=scatter, counts=counts)
    return interval_of(estimate, drawn, confidence)


def interval_of(estimate: float, drawn: NDArray[np.float64] | None, confidence: float = 0.95) -> Interval:
    """A figure with the interval of its draws; without ends where there are none."""
    if drawn is None:
        return Interval(estimate, math.nan, math.nan)
    return percentile_interval(np.concatenate([[estimate], drawn]), confidence)


def draws(
    estimate: float,
    *,
    a: NDArray[np.float64] | None,
    b: NDArray[np.float64] | None,
    scatter: Scatter | None,
    counts: Sequence[int],
) -> NDArray[np.float64] | None:
    """What the difference of two means would have been with other images and seeds; None where neither is known.

    The arguments are those of `difference`.
    """
    images = _on_images(a, b)
    if scatter is None:
        return images
    seeds = np.random.default_rng(0).standard_t(scatter.freedom, DRAWS)
    seeds = seeds * scatter.std * math.sqrt(sum(1 / count for count in counts))
    # both are random and independent: each resample of the images meets several of the seeds
    return estimate + seeds if images is None else seeds + np.resize(images, DRAWS)


def are_paired(a: NDArray[np.float64] | None, b: NDArray[np.float64] | None) -> bool:
    """Whether two means are known on the same resamples of the images."""
    return _on_images(a, b) is not None


def _on_images(a: NDArray[np.float64] | None, b: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """The difference on each resample.

    Not shifted to the estimate: resamples without the images that two models differ on say 0 exactly.
    """
    if a is None or b is None or a.shape != b.shape:
        return None
    images = (a - b)[1:]
    images = images[~np.isnan(images)]
    return images if len(images) else None
