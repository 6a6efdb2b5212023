import numpy as np
import pytest
from hypothesis import given, settings

from src.core.detection_records import DetectionRecords
from src.evaluation.curves import curve
from tests.unit.evaluation.strategies import random_records, records


@given(records(levels=6))
@settings(max_examples=60)
def test_each_point_is_what_keeping_the_scores_from_there_on_gives(some):
    """For one class as for all, with equal scores too."""
    for class_ in (None, 0):
        points = curve(some, class_)
        mine = np.ones(len(some.scores), bool) if class_ is None else some.class_index == class_
        positives = some.positives.sum() if class_ is None else some.positives[:, 0].sum()
        if not positives:
            assert len(points.scores) == 0
            continue
        assert points.scores.tolist() == sorted(set(some.scores[mine].tolist()), reverse=True)
        for score, precision, recall, f1 in zip(points.scores, points.precision, points.recall, points.f1, strict=True):
            kept = mine & (some.scores >= score)
            hits = some.true_positive[kept, 0].sum()
            assert precision == pytest.approx(hits / kept.sum())
            assert recall == pytest.approx(hits / positives)
            assert f1 == pytest.approx(2 * hits / (kept.sum() + positives))


@pytest.mark.parametrize("seed", range(5))
def test_a_thinned_curve_keeps_its_shape(seed):
    """A twentieth of the points, and nowhere more than 4 % off; the best F1 is the exact one."""
    some = random_records(seed, images=2_000, classes=1, detections=6_000, hit_rate=0.6)
    whole, thin = curve(some, points=10**9), curve(some, points=300)
    assert len(thin.scores) <= 303
    assert thin.f1.max() == whole.f1.max()
    assert (thin.scores[0], thin.scores[-1]) == (whole.scores[0], whole.scores[-1])
    for name in ("precision", "recall", "f1"):
        joined = np.interp(whole.scores, thin.scores[::-1], getattr(thin, name)[::-1])
        later = slice(20, None)  # the first few detections make precision jump from 0 to 1
        np.testing.assert_allclose(joined[later], getattr(whole, name)[later], atol=0.04)


def test_without_detections_the_curve_is_empty():
    none = DetectionRecords(
        np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros((0, 10), bool), np.ones((2, 1), int)
    )
    assert len(curve(none).scores) == len(curve(none, 0).f1) == 0
