import time

import numpy as np
import pytest
from faster_coco_eval import COCO, COCOeval_faster
from hypothesis import given, settings
from hypothesis import strategies as st

from src.core.detection_records import IOU_THRESHOLDS
from src.core.detections import Detections, GroundTruth
from src.core.errors import DataError
from src.evaluation.matching import match, records_of
from src.evaluation.overlaps import paired_iou
from tests.unit.evaluation.scenes import detected, ground_truth, random_scene, scenes


def by_definition(detections, truth):
    """COCO's rule written as the loop that it is."""
    result = np.full((len(detections), 10), -1)
    for column, threshold in enumerate(IOU_THRESHOLDS):
        taken = set()
        for index in np.argsort(-detections.scores, kind="stable"):
            best = threshold
            for box in range(len(truth.boxes_xyxy)):
                place = (truth.image_index[box], truth.class_index[box])
                if box in taken or place != (detections.image_index[index], detections.class_index[index]):
                    continue
                iou = paired_iou(detections.boxes_xyxy[[index]], truth.boxes_xyxy[[box]])[0]
                if iou >= best:
                    best = iou
                    result[index, column] = box
            taken.add(result[index, column])
    return result


@given(scenes(levels=5))
@settings(max_examples=60)
def test_equals_the_rule_written_as_a_loop(scene):
    """Working off many images and thresholds at once changes nothing, with equal scores too."""
    np.testing.assert_array_equal(match(*scene).truth_index, by_definition(*scene))


@given(scenes())
@settings(max_examples=60)
def test_each_box_is_taken_once_per_threshold_by_a_detection_of_its_class_and_image(scene):
    """And a detection that takes a box overlaps it at least by the threshold."""
    detections, truth = scene
    matches = match(detections, truth)
    for column, threshold in enumerate(IOU_THRESHOLDS):
        hit = np.flatnonzero(matches.truth_index[:, column] >= 0)
        box = matches.truth_index[hit, column]
        assert len(np.unique(box)) == len(box)
        np.testing.assert_array_equal(detections.image_index[hit], truth.image_index[box])
        np.testing.assert_array_equal(detections.class_index[hit], truth.class_index[box])
        assert (paired_iou(detections.boxes_xyxy[hit], truth.boxes_xyxy[box]) >= threshold).all()


@given(scenes(), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_the_images_does_not_matter(scene, random):
    """Detections of one image are matched as if it were alone."""
    detections, truth = scene
    place = list(range(truth.image_count))
    random.shuffle(place)
    place = np.array(place)
    d = np.argsort(place[detections.image_index], kind="stable")
    t = np.argsort(place[truth.image_index], kind="stable")
    moved = Detections(
        place[detections.image_index[d]], detections.class_index[d], detections.scores[d], detections.boxes_xyxy[d]
    )
    moved_truth = GroundTruth(
        truth.files,
        truth.sizes_wh,
        truth.class_names,
        place[truth.image_index[t]],
        truth.class_index[t],
        truth.boxes_xyxy[t],
    )
    original, other = match(detections, truth), match(moved, moved_truth)
    np.testing.assert_array_equal(original.iou[d], other.iou)
    found = np.where(other.truth_index >= 0, t[np.maximum(other.truth_index, 0)] if len(t) else -1, -1)
    np.testing.assert_array_equal(original.truth_index[d], found)


@given(scenes(levels=4), st.floats(0, 1))
@settings(max_examples=40)
def test_a_confidence_threshold_does_not_change_the_matches_above_it(scene, confidence):
    """Which is why one pass answers for every threshold."""
    detections, truth = scene
    kept = detections.scores >= confidence
    np.testing.assert_array_equal(
        match(detections.where(kept), truth).truth_index, match(detections, truth).truth_index[kept]
    )


@given(scenes())
@settings(max_examples=40)
def test_faster_coco_eval_matches_the_same_pairs(scene):
    """The library's own matching at IoU 0.50, box by box."""
    detections, truth = scene
    if not len(detections):
        return
    gt = COCO()
    gt.dataset = {
        "images": [{"id": image + 1} for image in range(truth.image_count)],
        "categories": [{"id": class_ + 1, "name": name} for class_, name in enumerate(truth.class_names)],
        "annotations": [
            {"id": box + 1, "image_id": image + 1, "category_id": class_ + 1, "bbox": bbox, "area": 1.0, "iscrowd": 0}
            for box, (image, class_, bbox) in enumerate(
                zip(truth.image_index.tolist(), truth.class_index.tolist(), _xywh(truth.boxes_xyxy), strict=True)
            )
        ],
    }
    gt.createIndex()
    found = gt.loadRes(
        [
            {"image_id": image + 1, "category_id": class_ + 1, "bbox": bbox, "score": score}
            for image, class_, bbox, score in zip(
                detections.image_index.tolist(),
                detections.class_index.tolist(),
                _xywh(detections.boxes_xyxy),
                detections.scores.tolist(),
                strict=True,
            )
        ]
    )
    evaluation = COCOeval_faster(gt, found, iouType="bbox")
    evaluation.params.iouThrs = np.array([0.5])
    evaluation.params.maxDets = [1, 10, 300]
    evaluation.evaluate()
    theirs = np.full(len(detections), -1)
    for pair in evaluation.eval["matched"]:
        detection, box = map(int, pair.split("_"))
        theirs[detection - 1] = box - 1
    np.testing.assert_array_equal(theirs, match(detections, truth).truth_index[:, 0])


def _xywh(boxes_xyxy):
    return np.concatenate([boxes_xyxy[:, :2], boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]], axis=1).tolist()


def test_the_better_box_is_left_to_the_detection_that_scores_higher():
    """The second one takes what is left, and remembers its overlap with that."""
    truth = ground_truth([0, 0], [0, 0], [[0, 0, 10, 10], [0, 3, 10, 13]], images=1)
    matches = match(detected([0, 0], [0, 0], [0.9, 0.8], [[0, 0, 10, 10], [0, 0, 10, 10]]), truth)
    assert matches.truth_index[:, 0].tolist() == [0, 1]
    assert matches.truth_index[:, 1].tolist() == [0, -1]
    np.testing.assert_allclose(matches.iou, [1.0, 7 / 13])
    assert matches.hit.all()


def test_who_takes_nothing_remembers_the_best_overlap_of_its_class():
    """Boxes of other classes and images do not count."""
    truth = ground_truth([0, 0, 1], [0, 1, 0], [[0, 0, 10, 10], [0, 6, 10, 16], [0, 6, 10, 16]], images=2, classes=2)
    matches = match(detected([0, 1], [0, 1], [0.9, 0.8], [[0, 6, 10, 16], [0, 6, 10, 16]]), truth)
    assert (matches.truth_index == -1).all()
    np.testing.assert_allclose(matches.iou, [4 / 16, 0.0])


def test_without_detections_or_without_boxes_nothing_matches():
    none = detected([], [], [], [])
    empty = ground_truth([], [], [], images=2)
    some = detected([0, 1], [0, 0], [0.5, 0.4], [[0, 0, 5, 5], [0, 0, 5, 5]])
    assert match(none, empty).truth_index.shape == (0, 10)
    assert match(some, empty).truth_index.tolist() == [[-1] * 10] * 2
    assert match(some, empty).iou.tolist() == [0.0, 0.0]


def test_records_know_the_hits_and_the_boxes():
    """Matches that are known already are not computed again."""
    detections, truth = random_scene(3, images=3, classes=2, truths=9, detections=20)
    matches = match(detections, truth)
    records = records_of(detections, truth)
    np.testing.assert_array_equal(records.true_positive, matches.truth_index >= 0)
    np.testing.assert_array_equal(records.positives, truth.positives)
    np.testing.assert_array_equal(records_of(detections, truth, matches).true_positive, records.true_positive)


def test_detections_on_other_images_or_of_other_classes_are_refused():
    truth = ground_truth([0], [0], [[0, 0, 1, 1]], images=1)
    with pytest.raises(DataError, match=r"image_index\[0\] is 1; expected a value from 0 to 0"):
        match(detected([1], [0], [0.5], [[0, 0, 1, 1]]), truth)
    with pytest.raises(DataError, match=r"class_index\[0\] is 1"):
        match(detected([0], [1], [0.5], [[0, 0, 1, 1]]), truth)


def test_a_box_without_area_overlaps_nothing():
    """Rather than dividing zero by zero."""
    point = np.array([[3.0, 3.0, 3.0, 3.0]])
    assert paired_iou(point, point).tolist() == [0.0]


def test_large_sets_are_matched_fast():
    """500 images with 300 detections each, in well under a second on one core."""
    scene = random_scene(0, images=500, classes=1, truths=5_000, detections=150_000)
    start = time.process_time()
    matches = match(*scene)
    assert time.process_time() - start < 5  # a generous limit; a plain loop takes far longer
    assert matches.hit.sum() > 4_000
