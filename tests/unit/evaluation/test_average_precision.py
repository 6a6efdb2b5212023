import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.detection_records import DetectionRecords
from src.core.errors import DataError
from src.evaluation.average_precision import average_precision, mean_over_classes, weighted_average_precision
from tests.unit.evaluation.strategies import random_records, records


def by_definition(scores, hits, positives):
    """Average precision of one class at one threshold, by interpolating the whole curve."""
    if not len(scores):
        return 0.0
    hits = hits[np.argsort(-scores, kind="stable")]
    true, false = np.cumsum(hits), np.cumsum(~hits)
    recall = np.concatenate([[0.0], true / positives, [true[-1] / positives, 1.0]])
    precision = np.concatenate([[1.0], true / (true + false), [0.0, 0.0]])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    points = np.linspace(0, 1, 101)
    return np.trapezoid(np.interp(points, recall, envelope), points)


@given(records())
def test_equals_the_interpolated_curve(some):
    """Looking at true positives alone gives what interpolating the whole curve gives, for any records."""
    result = average_precision(some).per_class
    for class_ in range(some.class_count):
        mine = some.class_index == class_
        positives = some.positives[:, class_].sum()
        for threshold in range(10):
            expected = (
                by_definition(some.scores[mine], some.true_positive[mine, threshold], positives)
                if positives
                else np.nan
            )
            np.testing.assert_allclose(result[class_, threshold], expected, atol=1e-12)


@given(records(), st.data())
def test_a_weight_is_a_repeated_image(some, data):
    """An image of weight two counts like two equal images, one of weight zero like none."""
    weights = np.array(data.draw(st.lists(st.integers(0, 2), min_size=some.image_count, max_size=some.image_count)))
    kept = np.repeat(np.arange(some.image_count), weights)
    parts = [np.flatnonzero(some.image_index == image) for image in kept]
    detections = np.concatenate([np.zeros(0, int), *parts])
    repeated = DetectionRecords(
        np.repeat(np.arange(len(kept)), [len(part) for part in parts]),
        some.class_index[detections],
        some.scores[detections],
        some.true_positive[detections],
        some.positives[kept],
    )
    weighted = weighted_average_precision(some, weights[None])[0]
    np.testing.assert_allclose(average_precision(repeated).per_class, weighted, atol=1e-12)


def test_a_perfect_detector_has_nearly_one():
    """All boxes found and nothing else gives 0.995, as in Ultralytics: the last half step of recall is never passed."""
    perfect = DetectionRecords(
        np.arange(4), np.zeros(4, int), np.linspace(1, 0.5, 4), np.ones((4, 10), bool), np.ones((4, 1), int)
    )
    assert average_precision(perfect).map50 == pytest.approx(0.995)
    assert average_precision(perfect).map50_95 == pytest.approx(0.995)


def test_a_class_without_detections_counts_as_zero_and_one_without_truth_not_at_all():
    """Only classes with ground truth enter the mean."""
    some = DetectionRecords(
        np.zeros(1, int), np.zeros(1, int), np.ones(1), np.ones((1, 10), bool), np.array([[1, 3, 0]])
    )
    result = average_precision(some)
    np.testing.assert_allclose(result.per_class[:, 0], [0.995, 0.0, np.nan])
    assert result.map50 == pytest.approx(0.995 / 2)


def test_without_any_ground_truth_there_is_no_mean():
    """The mean over no classes is not a number, rather than zero."""
    empty = random_records(0, images=2, classes=1, detections=3, hit_rate=0.0)
    empty = DetectionRecords(
        empty.image_index, empty.class_index, empty.scores, empty.true_positive, np.zeros((2, 1), int)
    )
    assert np.isnan(average_precision(empty).map50)


def test_many_resamples_are_worked_off_in_chunks(monkeypatch):
    """Cutting the work into chunks does not change the result."""
    some = random_records(5, images=4, classes=2, detections=50, hit_rate=0.5)
    weights = np.random.default_rng(0).integers(0, 3, (20, 4))
    whole = weighted_average_precision(some, weights)
    monkeypatch.setattr("src.evaluation.average_precision._CHUNK_ELEMENTS", 70)
    np.testing.assert_array_equal(whole, weighted_average_precision(some, weights))


def test_wrong_arguments_are_refused():
    """Weights for other images and unknown metrics are data errors."""
    some = random_records(5, images=4, classes=2, detections=5, hit_rate=0.5)
    with pytest.raises(DataError, match=r"expected \(resamples, 4 images\)"):
        weighted_average_precision(some, np.ones((1, 3), int))
    with pytest.raises(DataError, match="valid are mAP50, mAP50-95"):
        mean_over_classes(np.zeros((1, 1, 10)), "map")
