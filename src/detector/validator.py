"""Ultralytics' validation, which also keeps every detection it scored."""

from collections.abc import Mapping, Sequence
from typing import Any

from src.core.detection_records import DetectionRecords
from src.detector.engine import DetectionValidator, RTDETRValidator, nms, renumbered, select_channels
from src.detector.records import joined_records

_NO_TIME_LIMIT_S = 3600.0


class RecordingValidator(DetectionValidator):  # type: ignore[misc]  # Ultralytics is untyped
    """Validates as Ultralytics does, and leaves the scored detections of the last pass in `records`.

    A model with another head than the data's classes can be validated too: `channels` says which output of the
    head stands for each class of the data.

    Attributes:
        records: Of the last pass; None before the first.
        channels: For each class of the data, the index of the model's class, or None where the model has none.
        class_names: Names of the data's classes, with `channels`.
    """

    records: DetectionRecords | None = None
    channels: Sequence[int | None] | None = None
    class_names: Mapping[int, str] | None = None

    def init_metrics(self, model: Any) -> None:
        """Forget the last pass, and count by the data's classes where the model's are others."""
        super().init_metrics(model)
        self._image_names: list[str] = []
        if self.class_names is not None:
            self.names = self.metrics.names = self.confusion_matrix.names = dict(self.class_names)
            self.nc = len(self.class_names)

    def postprocess(self, preds: Any) -> list[dict[str, Any]]:
        """Non-maximum suppression as in validation by Ultralytics, but without its time limit.

        With it, a machine under load leaves the rest of the images without any detection.
        """
        if self.channels is not None:
            preds = select_channels(preds[0] if isinstance(preds, list | tuple) else preds, self.channels)
        found = nms.non_max_suppression(
            preds,
            self.args.conf,
            self.args.iou,
            multi_label=True,
            agnostic=self.args.single_cls or self.args.agnostic_nms,
            max_det=self.args.max_det,
            max_time_img=_NO_TIME_LIMIT_S,
            end2end=self.end2end,
        )
        return [{"bboxes": x[:, :4], "conf": x[:, 4], "cls": x[:, 5], "extra": x[:, 6:]} for x in found]

    def update_metrics(self, preds: list[dict[str, Any]], batch: dict[str, Any]) -> None:
        """Note which images a batch holds, besides what Ultralytics notes."""
        super().update_metrics(preds, batch)
        self._image_names.extend(batch["im_file"])

    def get_stats(self) -> dict[str, Any]:
        """Copy what the metrics are computed from before Ultralytics clears it."""
        stats = self.metrics.stats
        self.records = joined_records(
            self._image_names,
            stats["tp"],
            stats["conf"],
            stats["pred_cls"],
            stats["target_cls"],
            class_count=len(self.names),
        )
        result: dict[str, Any] = super().get_stats()
        return result

    @property
    def mean_average_precision(self) -> dict[str, float]:
        """The unrounded mAP of the last pass."""
        box = self.metrics.box
        return {"val/mAP50": float(box.map50), "val/mAP50-95": float(box.map)}


class RtdetrValidator(RecordingValidator, RTDETRValidator):  # type: ignore[misc]  # Ultralytics is untyped
    """The same for RT-DETR, whose head leaves one box an object."""

    def postprocess(self, preds: Any) -> list[dict[str, Any]]:
        """The boxes above the confidence, as Ultralytics has them, of the data's classes only."""
        found: list[dict[str, Any]] = RTDETRValidator.postprocess(self, preds)
        return found if self.channels is None else [_of_the_data(each, self.channels) for each in found]


def _of_the_data(found: dict[str, Any], channels: Sequence[int | None]) -> dict[str, Any]:
    classes = renumbered(found["cls"], channels)
    return {name: values[classes >= 0] for name, values in {**found, "cls": classes}.items()}
