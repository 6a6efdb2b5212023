import logging
import sys

import numpy as np
import pytest
from hypothesis import given, settings

from src.evaluation.average_precision import COCO, average_precision, weighted_average_precision
from src.evaluation.coco import coco_metrics
from src.evaluation.matching import records_of
from tests.unit.evaluation.scenes import detected, ground_truth, random_scene, scenes


@given(scenes(levels=10))
@settings(max_examples=100)
def test_our_average_precision_is_that_of_the_library(scene):
    """By class and IoU threshold, to rounding, with equal scores and classes without boxes too."""
    detections, truth = scene
    ours = average_precision(records_of(detections, truth), COCO)
    theirs = coco_metrics(detections, truth)
    np.testing.assert_allclose(ours.per_class, theirs.per_class, atol=1e-12)
    np.testing.assert_allclose(ours.map50, theirs.mean("mAP50"), atol=1e-12)
    np.testing.assert_allclose(ours.map50_95, theirs.mean("mAP50-95"), atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_on_larger_sets_too(seed):
    """Hundreds of images, where recall reaches many of the 101 points."""
    detections, truth = random_scene(seed, images=200, classes=4, truths=900, detections=4_000, spread=0.08)
    ours = average_precision(records_of(detections, truth), COCO)
    np.testing.assert_allclose(ours.per_class, coco_metrics(detections, truth).per_class, atol=1e-12)


def test_the_usual_tool_says_the_same():
    """pycocotools, the reference implementation."""
    from pycocotools import coco as pycoco
    from pycocotools.cocoeval import COCOeval

    from src.evaluation import coco

    detections, truth = random_scene(0, images=20, classes=2, truths=90, detections=400)
    sides = [pycoco.COCO(), pycoco.COCO()]
    for side, annotations in zip(
        sides, (coco._annotations(truth), coco._annotations(detections, detections.scores)), strict=True
    ):
        side.dataset = {
            "images": [{"id": image} for image in range(20)],
            "categories": [{"id": 0}, {"id": 1}],
            "annotations": annotations,
        }
        side.createIndex()
    evaluation = COCOeval(*sides, "bbox")
    evaluation.params.maxDets = [1, 10, 300]
    evaluation.evaluate()
    evaluation.accumulate()
    ap = evaluation.eval["precision"][:, :, :, 0, 2].mean(axis=1).T
    np.testing.assert_allclose(ap, coco_metrics(detections, truth).per_class, atol=1e-4)


@given(scenes())
@settings(max_examples=20)
def test_a_reweighted_set_is_the_set_with_repeated_images(scene):
    """Evaluated by the library, image by image under a new name."""
    detections, truth = scene
    weights = np.random.default_rng(len(detections)).integers(0, 3, truth.image_count)
    kept = np.repeat(np.arange(truth.image_count), weights)
    if not len(kept):
        return
    d = [np.flatnonzero(detections.image_index == image) for image in kept]
    t = [np.flatnonzero(truth.image_index == image) for image in kept]
    new_d, new_t = (np.repeat(np.arange(len(kept)), [len(part) for part in parts]) for parts in (d, t))
    d, t = np.concatenate([np.zeros(0, int), *d]), np.concatenate([np.zeros(0, int), *t])
    repeated = detected(new_d, detections.class_index[d], detections.scores[d], detections.boxes_xyxy[d])
    repeated_truth = ground_truth(
        new_t, truth.class_index[t], truth.boxes_xyxy[t], images=len(kept), classes=truth.class_count
    )
    np.testing.assert_allclose(
        weighted_average_precision(records_of(detections, truth), weights[None], COCO)[0],
        coco_metrics(repeated, repeated_truth).per_class,
        atol=1e-12,
    )


def test_sizes_are_told_apart_by_pixels_of_the_image():
    """Each found perfectly, or not at all; a box of exactly 32² pixels counts as small and as medium."""
    truth = ground_truth(
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [[0, 0, 31, 31], [40, 0, 72, 32], [0, 40, 80, 100], [99, 99, 199, 199]],
        images=1,
        size_wh=(200, 200),
    )
    metrics = coco_metrics(detected([0, 0], [0, 0], [0.9, 0.8], truth.boxes_xyxy[[0, 2]]), truth)
    assert metrics.boxes_by_size[:, 0].tolist() == [2, 2, 1]
    assert metrics.mean_of_size("small", "mAP50-95") == pytest.approx(51 / 101)
    assert metrics.mean_of_size("medium", "mAP50") == pytest.approx(51 / 101)
    assert metrics.mean_of_size("large", "mAP50") == 0.0


def test_a_perfect_detector_has_one():
    """Unlike in Ultralytics, where it has 0.995."""
    truth = ground_truth([0, 1], [0, 0], [[0, 0, 10, 10], [5, 5, 30, 30]], images=2)
    metrics = coco_metrics(detected([0, 1], [0, 0], [0.9, 0.8], truth.boxes_xyxy), truth)
    assert metrics.mean("mAP50-95") == pytest.approx(1.0)


def test_without_boxes_there_is_no_figure_and_without_detections_it_is_zero():
    some, none = detected([0], [0], [0.5], [[0, 0, 5, 5]]), detected([], [], [], [])
    empty = ground_truth([], [], [], images=1)
    assert np.isnan(coco_metrics(some, empty).mean("mAP50"))
    assert np.isnan(coco_metrics(none, empty).mean("mAP50"))
    assert coco_metrics(none, ground_truth([0], [0], [[0, 0, 5, 5]], images=1)).mean("mAP50") == 0.0


def test_nothing_is_said_and_pycocotools_stays_what_it_is(capfd, caplog):
    """The library can pose as pycocotools for the whole process, print and log its progress; it must not."""
    caplog.set_level(logging.DEBUG)
    before = sys.modules.get("pycocotools")
    coco_metrics(*random_scene(0, images=2, classes=2, truths=5, detections=9))
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert sys.modules.get("pycocotools") is before
