import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.core.detection_records import DetectionRecords
from src.core.interval import image_weights
from src.evaluation.average_precision import COCO, average_precision
from src.evaluation.headline import (
    HEADLINES,
    frequent_classes,
    headline_intervals,
    headline_samples,
    point_samples,
)
from tests.unit.evaluation.strategies import random_records, records


@given(records(levels=8), st.floats(0, 1))
@settings(max_examples=50)
def test_resampled_figures_are_those_of_the_repeated_images(some, confidence):
    """An image of weight two counts twice in what is kept, what is right and what there is to find."""
    weights = image_weights(some.image_count, 4, seed=1)
    samples = point_samples(some, weights, confidence)
    for row, times in enumerate(weights):
        kept = np.repeat(np.arange(len(some.scores)), times[some.image_index] * (some.scores > confidence))
        hits = some.true_positive[kept, 0].sum()
        positives = (some.positives.sum(axis=1) * times).sum()
        expected = {
            "precision": hits / len(kept) if len(kept) else np.nan,
            "recall": hits / positives if positives else np.nan,
            "F1": 2 * hits / (len(kept) + positives) if positives else np.nan,
        }
        np.testing.assert_allclose([samples[name][row] for name in expected], list(expected.values()))


def test_the_first_sample_is_the_data_set_as_it_is():
    some = random_records(0, images=20, classes=2, detections=200, hit_rate=0.6)
    samples = headline_samples(some, image_weights(20, 50, seed=0), 0.25)
    assert set(samples) == set(HEADLINES)
    assert samples["mAP50"][0] == pytest.approx(average_precision(some, COCO).map50)
    assert samples["mAP50-95"][0] == pytest.approx(average_precision(some, COCO).map50_95)
    assert all(values.shape == (51,) for values in samples.values())


def test_without_detections_there_is_no_precision_but_a_recall_of_zero():
    none = DetectionRecords(
        np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros((0, 10), bool), np.ones((3, 1), int)
    )
    samples = headline_samples(none, image_weights(3, 5, seed=0), 0.25)
    assert np.isnan(samples["precision"]).all()
    assert not np.concatenate([samples[name] for name in ("recall", "F1", "mAP50")]).any()


def test_a_class_on_few_images_is_no_part_of_map():
    positives = np.zeros((20, 3), int)
    positives[:, 0], positives[:5, 1], positives[:4, 2] = 1, 3, 1
    assert frequent_classes(positives).tolist() == [True, True, False]


def test_the_only_class_is_never_too_rare():
    positives = np.zeros((20, 3), int)
    positives[:2, 1] = 1
    assert frequent_classes(positives).tolist() == [False, True, False]


def test_each_figure_has_an_interval_around_it():
    some = random_records(0, images=20, classes=2, detections=200, hit_rate=0.6)
    for interval in headline_intervals(some, 0.25).values():
        assert 0 <= interval.low < interval.estimate < interval.high <= 1
