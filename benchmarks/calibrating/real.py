"""A real population: what a detector finds on photographs, at several image sizes; made once and kept outside git."""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.calibrating.populations import Population
from src.core.detection_records import DetectionRecords

CACHE = Path.home() / ".cache" / "calibration"
SIZES = (416, 256)  # two models that differ as much as two settings of a study may
_BACKGROUNDS = 0.15


def people(archive: Path, weights: Path) -> Population:
    """The people of COCO128, with as many pictures without any as make up 15 %."""
    models = [records.of_class(0) for records in _records(archive, weights)]
    shown = models[0].positives.sum(axis=1) > 0
    backgrounds = np.flatnonzero(~shown)[: round(shown.sum() * _BACKGROUNDS / (1 - _BACKGROUNDS))]
    images = np.sort(np.concatenate([np.flatnonzero(shown), backgrounds]))
    return Population("real people", tuple(model.on_images(images) for model in models))


def all_classes(archive: Path, weights: Path) -> Population:
    """All 80 classes of COCO128, most of them rare."""
    return Population("real 80 classes", tuple(_records(archive, weights)))


def _records(archive: Path, weights: Path) -> list[DetectionRecords]:
    paths = [CACHE / f"{weights.stem}-{size}.npz" for size in SIZES]
    for path, size in zip(paths, SIZES, strict=True):
        if not path.exists():
            _predict(archive, weights, size).save(path)
    return [DetectionRecords.load(path) for path in paths]


def _predict(archive: Path, weights: Path, imgsz: int) -> DetectionRecords:
    """The detections on all images of the archive, as deployed."""
    from hydra import compose, initialize_config_dir

    from src.config import app, schema
    from src.config.sections import section
    from src.data.build import ensure_prepared
    from src.data.options import DataOptions
    from src.detector.predict import PredictionRequest, Predictor
    from src.passes.matched import match_at
    from src.passes.predictions import predict_split

    schema.register()
    with tempfile.TemporaryDirectory(prefix="calibration-") as scratch, initialize_config_dir(app.ROOT["config_path"]):
        wishes = [
            "data=coco128_person",
            f"data.archive={archive}",
            f"data.root={scratch}",
            "data.classes=${data.names}",
        ]
        wishes += ["data.splits={train:0.8,val:0.1,test:0.1}", "data.backgrounds=keep"]
        data = ensure_prepared(section(compose("config", overrides=wishes), "data", DataOptions))
        predictor = Predictor(PredictionRequest(data.class_names, imgsz, weights))
        parts = [match_at(predict_split(predictor, data, split), 0.7).records for split in ("train", "val", "test")]
    first = np.cumsum([0, *(part.image_count for part in parts)])
    return DetectionRecords(
        np.concatenate([part.image_index + start for part, start in zip(parts, first, strict=False)]),
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("class_index", "scores", "true_positive", "positives")
        ),
    )
