"""COCO's average precision, computed by faster-coco-eval.

References: Lin et al., Microsoft COCO: Common Objects in Context, 2014, https://cocodataset.org/#detection-eval;
the library: https://github.com/MiXaiLL76/faster_coco_eval.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import IOU_THRESHOLDS
from src.core.detections import Detections, GroundTruth
from src.evaluation.average_precision import mean_over_classes

SIZES = ("small", "medium", "large")
MAX_DETECTIONS = 300

_AREAS_PX = {"all": (0, 1e10), "small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}


@dataclass(frozen=True, eq=False)
class CocoMetrics:
    """Average precision over all boxes and by their size.

    A box is small up to 32² pixels of its image, medium from there to 96², large from there on; a box of exactly 32² or
    96² counts on both sides, as in COCO. COCO measures the object's outline; here the area of the box stands for it.

    Attributes:
        per_class: By class and IoU threshold, (C, 10); NaN for classes without boxes.
        per_class_and_size: By size, class and IoU threshold, (3, C, 10); NaN where there are no boxes.
        boxes_by_size: Ground truth boxes by size and class, (3, C) int64.
    """

    per_class: NDArray[np.float64]
    per_class_and_size: NDArray[np.float64]
    boxes_by_size: NDArray[np.int64]

    def mean(self, metric: str, classes: NDArray[np.bool_] | None = None) -> float:
        """`mAP50` or `mAP50-95`, over those of the classes (C,) that have boxes; NaN when none has."""
        per_class = self.per_class if classes is None else self.per_class[classes]
        return float(mean_over_classes(per_class[None], metric)[0])

    def mean_of_size(self, size: str, metric: str) -> float:
        """The same for the boxes of one of `SIZES`, over the classes that have such boxes."""
        return float(mean_over_classes(self.per_class_and_size[SIZES.index(size)][None], metric)[0])


def coco_metrics(detections: Detections, truth: GroundTruth) -> CocoMetrics:
    """Evaluate detections as COCO does, with up to 300 of them an image."""
    precision = _precision(detections, truth)
    ap = np.where(precision > -1, precision, np.nan).mean(axis=1).transpose(2, 1, 0)  # areas, classes, thresholds
    return CocoMetrics(ap[0], ap[1:], _boxes_by_size(truth))


def _precision(detections: Detections, truth: GroundTruth) -> NDArray[np.float64]:
    """Precision at 10 IoU thresholds, 101 recall points, C classes and 4 areas; -1 where there are no boxes."""
    if not len(truth.boxes_xyxy):
        return np.full((len(IOU_THRESHOLDS), 101, truth.class_count, len(_AREAS_PX)), -1.0)
    from faster_coco_eval import COCO, COCOeval_faster  # a second

    expected, found = COCO(print_function=_say_nothing), COCO(print_function=_say_nothing)
    images = [{"id": image} for image in range(truth.image_count)]
    categories = [{"id": class_, "name": name} for class_, name in enumerate(truth.class_names)]
    for side, annotations in ((expected, _annotations(truth)), (found, _annotations(detections, detections.scores))):
        side.dataset = {"images": images, "categories": categories, "annotations": annotations}
        side.createIndex()
    evaluation = COCOeval_faster(expected, found, iouType="bbox", print_function=_say_nothing)
    evaluation.params.iouThrs = np.array(IOU_THRESHOLDS)
    evaluation.params.maxDets = [MAX_DETECTIONS]
    evaluation.params.areaRng = [list(limits) for limits in _AREAS_PX.values()]
    evaluation.params.areaRngLbl = list(_AREAS_PX)
    evaluation.evaluate()
    evaluation.accumulate()
    precision: NDArray[np.float64] = evaluation.eval["precision"][..., 0]
    return precision


def _say_nothing(*_: object) -> None:
    """In place of the library's progress messages."""


def _annotations(boxes: Detections | GroundTruth, scores: NDArray[np.float64] | None = None) -> list[dict[str, Any]]:
    sizes_wh = boxes.boxes_xyxy[:, 2:] - boxes.boxes_xyxy[:, :2]
    columns: dict[str, list[Any]] = {
        "id": list(range(1, len(sizes_wh) + 1)),
        "image_id": boxes.image_index.tolist(),
        "category_id": boxes.class_index.tolist(),
        "bbox": np.concatenate([boxes.boxes_xyxy[:, :2], sizes_wh], axis=1).tolist(),
        "area": sizes_wh.prod(axis=1).tolist(),
        "iscrowd": [0] * len(sizes_wh),
    }
    if scores is not None:
        columns["score"] = scores.tolist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _boxes_by_size(truth: GroundTruth) -> NDArray[np.int64]:
    area_px = (truth.boxes_xyxy[:, 2:] - truth.boxes_xyxy[:, :2]).prod(axis=1)
    counts = np.zeros((len(SIZES), truth.class_count), np.int64)
    for size, name in enumerate(SIZES):
        low, high = _AREAS_PX[name]
        np.add.at(counts[size], truth.class_index[(area_px >= low) & (area_px <= high)], 1)
    return counts
