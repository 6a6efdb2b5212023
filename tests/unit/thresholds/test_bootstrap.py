import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.core.interval import image_weights
from src.thresholds import bootstrap
from src.thresholds.bootstrap import resampled_counts, reselect, selectable
from src.thresholds.criteria import best_f, most_recall
from src.thresholds.curve import sweep
from src.thresholds.select import select
from tests.unit.thresholds.strategies import criteria, random_detections, records, scored

IOU = 0.7


def drawn(some, row):
    """The data set in which each image occurs as often as a row of weights says, literally."""
    images = np.repeat(np.arange(some.image_count), row)
    parts = [np.flatnonzero(some.image_index == image) for image in images]
    place = np.repeat(np.arange(len(images)), [len(part) for part in parts])
    index = np.concatenate([np.zeros(0, np.int64), *parts])
    return records(place, some.class_index[index], some.scores[index], some.hit[index], some.positives[images])


@given(scored(), criteria(), st.integers(0, 2**31))
@settings(max_examples=50)
def test_a_resample_chooses_as_it_would_by_itself(some, criterion, seed):
    """Choosing on each drawn data set literally gives the same boxes as the one matrix product."""
    weights = image_weights(some.image_count, 3, seed)
    curve = sweep(some)
    for row in weights:
        alone = select({IOU: sweep(drawn(some, row))}, criterion).point
        chosen = reselect({IOU: some}, {IOU: curve}, criterion, chosen=0.5, weights=np.stack([row, row])).score.low
        if alone is None:
            assert np.isnan(chosen)
            continue
        kept = drawn(some, row)
        counts = (kept.scores > chosen).sum(), kept.hit[kept.scores > chosen].sum()
        assert counts == (alone.counts.kept, alone.counts.hits)


@given(scored(), st.integers(0, 2**31), st.sampled_from([1, 7, 4_000_000]))
@settings(max_examples=50)
def test_the_counts_of_resamples_are_exact(some, seed, block):
    """In blocks of any size, and whatever the order of the images."""
    weights = image_weights(some.image_count, 3, seed)
    curve = sweep(some)
    indices = selectable(curve)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "_BLOCK_ELEMENTS", block)
        counts = resampled_counts(some, curve, indices, weights)
    for row, kept, hits in zip(weights, counts.kept, counts.hits, strict=True):
        times = row[some.image_index]
        above = some.scores[None] > curve.thresholds[indices][:, None]
        np.testing.assert_array_equal(kept, (above * times).sum(axis=1))
        np.testing.assert_array_equal(hits, (above * times * some.hit).sum(axis=1))


def test_too_many_candidates_are_thinned_to_equally_many_hits():
    curve = sweep(random_detections(0, images=50, classes=1, detections=500, hit_rate=0.9))
    few = selectable(curve, 10)
    assert len(few) == 11
    assert few[0] == 0
    assert np.ptp(np.diff(curve.counts.hits[few[1:]])) <= 2


def test_the_interval_of_a_threshold_holds_the_threshold_and_shrinks_with_more_images():
    """Hits score high, false alarms low; one box and two detections an image."""
    widths = []
    for images in (20, 500):
        rng = np.random.default_rng(2)
        hit = np.tile([True, False], images)
        scores = np.where(hit, rng.beta(4, 2, 2 * images), rng.beta(1, 6, 2 * images))
        image = np.repeat(np.arange(images), 2)
        some = records(image, np.zeros_like(image), scores, hit, np.ones((images, 1), np.int64))
        curve = sweep(some)
        point = select({IOU: curve}, best_f()).point
        weights = image_weights(images, 200, 0)
        score = reselect({IOU: some}, {IOU: curve}, best_f(), chosen=point.score, weights=weights).score
        assert score.low <= score.estimate <= score.high
        widths.append(score.high - score.low)
    assert widths[1] < widths[0]


def test_resamples_that_cannot_be_satisfied_are_counted():
    """One image has the only hit: about a third of the resamples are without it."""
    some = records(
        np.array([0, 1]),
        np.zeros(2, np.int64),
        np.array([0.9, 0.8]),
        np.array([True, False]),
        np.array([[1], [1], [1]]),
    )
    result = reselect({IOU: some}, {IOU: sweep(some)}, most_recall(0.5), chosen=0.85, weights=image_weights(3, 500, 0))
    assert result.feasible_share == pytest.approx(1 - (2 / 3) ** 3, abs=0.07)
    assert result.iou_shares == {IOU: result.feasible_share}


def test_the_shares_of_nms_ious_say_which_one_resamples_choose():
    """The same detections at two IoUs tie, so that the default wins in each resample."""
    some = random_detections(3, images=10, classes=1, detections=60, hit_rate=0.8)
    curve = sweep(some)
    weights = image_weights(10, 50, 0)
    result = reselect({0.5: some, 0.7: some}, {0.5: curve, 0.7: curve}, best_f(), chosen=0.5, weights=weights)
    assert (result.iou_shares[0.7], result.iou_shares[0.5]) == (1.0, 0.0)
