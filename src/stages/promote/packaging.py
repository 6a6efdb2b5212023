"""The candidate's package, made and tried on an image whose boxes are recorded."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from src.detector.latency import export_onnx
from src.detector.predict import PredictionRequest
from src.mlflow.registry import package
from src.mlflow.registry.package import BACKENDS, Package
from src.stages.promote.challenge import Contender
from src.stages.promote.intake import Intake
from src.stages.promote.likeness import Likeness, likeness

RECORDED_WITH = "pytorch"  # what the stage evaluate runs


def packaged(intake: Intake, folder: Path) -> Mapping[str, Likeness]:
    """Export the weights, write the model's folder, load it as anybody would, and look at the example.

    Args:
        intake: The candidate.
        folder: The model's folder, to be made.

    Returns:
        By backend, how its boxes compare with the recorded ones.

    Raises:
        RegistryError: the package does not give the recorded boxes.
        TrainingError: the weights cannot be exported.
    """
    candidate = intake.candidate
    onnx = folder.with_name("model.onnx")
    export_onnx(PredictionRequest(candidate.class_names, candidate.imgsz, weights=intake.weights), onnx)
    package.save(
        Package(
            weights=intake.weights,
            onnx=onnx,
            example=intake.example,
            class_names=candidate.class_names,
            imgsz=candidate.imgsz,
            confidence=candidate.confidence,
            iou=candidate.iou,
        ),
        folder,
    )
    compared = {backend: _compared(intake, folder, backend) for backend in BACKENDS}
    compared[RECORDED_WITH].require("Loaded back, the model")
    return compared


def _compared(intake: Intake, folder: Path, backend: str) -> Likeness:
    found = package.predict(folder, [intake.example.read_bytes()], backend=backend)
    truth = intake.predictions.truth
    [number] = [index for index, file in enumerate(truth.files) if Path(file).name == intake.example.name]
    point = Contender(intake.predictions, intake.candidate.confidence, intake.candidate.iou).point
    recorded = intake.predictions.detections(point.iou, point.score)
    kept = (recorded.image_index == number) & point.keeps(recorded.scores, recorded.class_index)
    here = recorded.where(np.flatnonzero(kept))
    return likeness([{**box, "image": number} for box in found], here, truth.class_names)
