"""The evaluation's figures against those of Ultralytics."""

import numpy as np
import pytest

from src.evaluation.average_precision import average_precision
from tests.unit.evaluation.strategies import random_records

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("seed", range(20))
def test_average_precision_is_that_of_ultralytics(seed):
    """Over images, classes and hit rates of all kinds, AP by class and threshold equals Ultralytics' own."""
    from ultralytics.utils.metrics import ap_per_class

    rng = np.random.default_rng(seed)
    records = random_records(
        seed,
        images=int(rng.integers(1, 30)),
        classes=int(rng.integers(1, 6)),
        detections=int(rng.integers(1, 600)),
        hit_rate=float(rng.random()),
    )
    classes = np.tile(np.arange(records.class_count), records.image_count)
    targets = np.repeat(classes, records.positives.ravel())

    result = ap_per_class(records.true_positive, records.scores, records.class_index, targets)

    expected, with_truth = result[5], result[6]
    np.testing.assert_allclose(average_precision(records).per_class[with_truth], expected, atol=1e-6)
