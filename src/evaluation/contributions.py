"""What each group of images contributes to the uncertainty of a mean average precision: the jackknife.

The metric without a group of images says how much it hangs on that group. These contributions are all that is needed
to know how models on the same images vary together: the variance of a metric is the sum of the squares of its
contributions, that of a difference the sum of the squares of their differences. They take a tenth of the time of a
bootstrap, and permutations of the models within the images are sums of them.

Reference: Busing, Meijer and van der Leeden, Delete-m jackknife for unequal m, Statistics and Computing 9, 1999.
"""

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.evaluation.average_precision import jackknifed_average_precision, mean_over_classes

MOST_GROUPS = 50  # the standard error itself is known to a tenth then; more would take longer and say little more


def contributions(
    records: DetectionRecords, metric: str, classes: NDArray[np.bool_] | None = None
) -> NDArray[np.float64] | None:
    """What each group of images contributes to a metric, in the metric's unit.

    Up to `MOST_GROUPS` images are a group each. Models on the same images have the same groups.

    Args:
        records: The model's detections.
        metric: `mAP50` or `mAP50-95`.
        classes: Which classes it is the mean of, (C,); None for all that have boxes.

    Returns:
        (groups,), with sum 0; the sum of their squares is the metric's variance over images. None where that cannot be
        known: of a single image, or without ground truth.

    Raises:
        DataError: there is no such metric.
    """
    images = records.image_count
    if images < 2:
        return None
    groups = min(images, MOST_GROUPS)
    # mixed, because neighbouring images are often alike and must not be left out together
    group = np.random.default_rng(0).permutation(np.arange(images) % groups)
    weights = np.concatenate([np.ones((1, images)), group != np.arange(groups)[:, None]]).astype(np.int64)
    per_class = jackknifed_average_precision(records, weights)
    values = mean_over_classes(per_class if classes is None else per_class[:, classes], metric)
    if np.isnan(values[0]):
        return None
    without = np.where(np.isnan(values[1:]), values[0], values[1:])  # all ground truth is in that group
    share = images / np.bincount(group)
    pseudo = share * values[0] - (share - 1) * without
    found: NDArray[np.float64] = (pseudo - pseudo.mean()) / np.sqrt((share - 1) * groups)
    found -= found.mean()
    return found
