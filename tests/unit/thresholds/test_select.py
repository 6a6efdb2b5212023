import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.thresholds.criteria import best_f, few_false_alarms, least_cost, most_precision, most_recall
from src.thresholds.curve import Counts, sweep
from src.thresholds.select import select
from tests.unit.thresholds.strategies import criteria, records, scored

IOU = 0.7


def brute_force(detections, criterion):
    """(goodness, second, threshold) of every threshold in every gap that satisfies the criterion."""
    if not detections.positives.sum():
        return []
    found = []
    for threshold in [0.0, *np.unique(detections.scores)]:
        kept = detections.scores > threshold
        counts = Counts(
            np.asarray(float(kept.sum())),
            np.asarray(float(detections.hit[kept].sum())),
            np.asarray(float(detections.positives.sum())),
            detections.image_count,
        )
        if criterion.allowed(counts):
            found.append((float(criterion.goodness(counts)), float(criterion.second(counts)), threshold))
    return found


@given(scored(), criteria())
def test_no_threshold_is_better_and_one_is_found_whenever_there_is_one(some, criterion):
    """Against brute force over all thresholds: as good, and of equally good ones the highest."""
    all_of_them = brute_force(some, criterion)
    point = select({IOU: sweep(some)}, criterion).point
    assert (point is not None) == bool(all_of_them)
    if point is not None:
        best = max(all_of_them)
        assert (float(criterion.goodness(point.counts)), float(criterion.second(point.counts))) == best[:2]
        assert (some.scores > point.score).sum() == (some.scores > best[2]).sum() == point.counts.kept


@given(st.lists(scored(), min_size=2, max_size=3), criteria())
def test_no_other_nms_iou_is_better(some, criterion):
    """The choice over several NMS IoUs is as good as the best choice at any one of them."""
    truth = some[0].positives
    same_truth = [
        records(each.image_index[:0], each.class_index[:0], each.scores[:0], each.hit[:0], truth)
        if each.positives.shape != truth.shape or (each.positives > truth).any()
        else records(each.image_index, each.class_index, each.scores, each.hit, truth)
        for each in some
    ]
    curves = {iou: sweep(each) for iou, each in zip((0.5, 0.6, 0.7), same_truth, strict=False)}
    alone = [point for iou in curves if (point := select({iou: curves[iou]}, criterion).point)]
    together = select(curves, criterion).point
    assert (together is not None) == bool(alone)
    if together is not None:
        assert criterion.goodness(together.counts) == max(float(criterion.goodness(p.counts)) for p in alone)


@given(scored(), st.floats(0, 1))
def test_the_nearest_point_comes_closest_to_a_floor_that_is_out_of_reach(some, floor):
    selection = select({IOU: sweep(some)}, most_recall(floor))
    if selection.nearest is not None:
        assert selection.point is None
        assert selection.nearest.counts.precision == sweep(some).counts.precision.max() < floor
    assert (selection.point is None) == bool(selection.reason)


@pytest.mark.parametrize(
    ("ious", "chosen"),
    [
        pytest.param([0.4, 0.7, 0.8], 0.7, id="the default, if it is among them"),
        pytest.param([0.4, 0.6], 0.6, id="else the nearest to it"),
        pytest.param([0.8, 0.6], 0.6, id="of two equally near ones the lower"),
    ],
)
def test_of_equally_good_nms_ious_one_wins(ious, chosen):
    some = sweep(one_class([0.9, 0.5], [True, False], boxes=2))
    assert select(dict.fromkeys(ious, some), best_f()).point.iou == chosen


@pytest.mark.parametrize(
    "criterion",
    [
        pytest.param(best_f(), id="f_beta"),
        pytest.param(most_recall(0.5), id="max_recall"),
        pytest.param(most_precision(0.5), id="max_precision"),
        pytest.param(least_cost(1, 1), id="min_cost"),
        pytest.param(few_false_alarms(1), id="false_alarms"),
    ],
)
class TestEdges:
    """What happens where there is next to nothing to choose from."""

    def test_no_ground_truth_is_no_reason_for_any_threshold(self, criterion):
        """A set of backgrounds only, with and without false alarms on it."""
        for scores in ([], [0.9, 0.2]):
            selection = select({IOU: sweep(one_class(scores, [False] * len(scores), boxes=0))}, criterion)
            assert (selection.point, selection.nearest) == (None, None)
            assert "no ground truth" in selection.reason

    def test_no_detections_leave_nothing_to_choose(self, criterion):
        """Only where costs decide, keeping nothing is a choice like others."""
        selection = select({IOU: sweep(one_class([], [], boxes=3))}, criterion)
        if criterion.text.startswith("cost"):
            assert selection.point.counts.kept == 0
        else:
            assert selection.point is None
            assert "no detections" in selection.reason

    def test_false_alarms_only_leave_nothing_to_choose(self, criterion):
        selection = select({IOU: sweep(one_class([0.9, 0.2], [False, False], boxes=3))}, criterion)
        if criterion.text.startswith("cost"):
            assert selection.point.counts.kept == 0
            assert selection.point.score >= 0.9
        else:
            assert (selection.point, selection.nearest) == (None, None)
            assert "none of up to 2 detections is right" in selection.reason

    def test_equal_scores_are_kept_together(self, criterion):
        """A hit cannot be had without the false alarm of the same score."""
        point = select({IOU: sweep(one_class([0.5, 0.5, 0.5], [True, False, True], boxes=2))}, criterion).point
        assert (point.counts.kept, point.counts.hits) == (3, 2)
        assert point.score < 0.5


def test_ties_at_the_chosen_score_are_all_kept():
    some = one_class([0.9, 0.5, 0.5, 0.1], [True, True, False, False], boxes=2)
    point = select({IOU: sweep(some)}, best_f()).point
    assert (some.scores > point.score).tolist() == [True, True, True, False]


def test_a_class_without_anything_changes_nothing():
    """One class missing from ground truth and detections: the choice is that of the others."""
    some = one_class([0.9, 0.5], [True, False], boxes=2)
    with_empty = records(some.image_index, some.class_index, some.scores, some.hit, np.hstack([some.positives, [[0]]]))
    assert select({IOU: sweep(with_empty)}, best_f()).point.score == select({IOU: sweep(some)}, best_f()).point.score


def test_a_class_that_is_only_found_by_mistake_counts_as_false_alarms():
    """Detections of a class without boxes cost precision, since all classes are taken together."""
    zeros = np.zeros(2, np.int64)
    some = records(zeros, np.array([0, 1]), np.array([0.5, 0.9]), np.array([True, False]), np.array([[1, 0]]))
    point = select({IOU: sweep(some)}, best_f()).point
    assert float(point.counts.precision) == 0.5


@pytest.mark.parametrize(
    ("criterion", "kept"),
    [
        pytest.param(best_f(1), 1, id="F1"),
        pytest.param(best_f(3), 4, id="recall counts more"),
        pytest.param(best_f(0.3), 1, id="precision counts more"),
        pytest.param(most_recall(0.6), 1, id="precision floor"),
        pytest.param(most_recall(0.5), 4, id="a lower precision floor"),
        pytest.param(most_precision(1.0), 4, id="recall floor"),
        pytest.param(least_cost(1, 3), 4, id="misses cost more"),
        pytest.param(least_cost(3, 1), 1, id="false alarms cost more"),
        pytest.param(few_false_alarms(1), 1, id="one false alarm"),
        pytest.param(few_false_alarms(2), 4, id="two false alarms"),
    ],
)
def test_each_criterion_chooses_what_it_says(criterion, kept):
    """A hit, two false alarms, then the other hit; five false alarms follow."""
    some = one_class(np.linspace(0.9, 0.1, 9), [True, False, False, True] + [False] * 5, boxes=2)
    assert select({IOU: sweep(some)}, criterion).point.counts.kept == kept


@pytest.mark.parametrize(
    ("criterion", "nearest"),
    [
        pytest.param(most_recall(0.9), (2, 1), id="the highest precision"),
        pytest.param(most_precision(0.9), (6, 2), id="the highest recall, of those the highest precision"),
        pytest.param(few_false_alarms(0.5), (2, 1), id="the fewest false alarms that find anything"),
    ],
)
def test_what_cannot_be_satisfied_is_said_with_the_nearest_point(criterion, nearest):
    """Three boxes, two of them found behind false alarms."""
    some = one_class([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [False, True, False, False, False, True], boxes=3)
    selection = select({IOU: sweep(some)}, criterion)
    assert selection.point is None
    assert (selection.nearest.counts.kept, selection.nearest.counts.hits) == nearest
    assert criterion.text in selection.reason


def one_class(scores, hit, boxes):
    zeros = np.zeros(len(scores), np.int64)
    return records(zeros, zeros, np.array(scores, float), np.array(hit, bool), np.array([[boxes]]))
