"""The candidate's package, made and tried on an image whose boxes are recorded."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from src.core.errors import RegistryError
from src.detector.families import is_rtdetr
from src.detector.latency import export_onnx
from src.detector.predict import PredictionRequest
from src.detector.suppression import suppress
from src.evaluation.output_agreement import OutputAgreement, output_agreement
from src.mlflow.registry import package
from src.mlflow.registry.package import BACKENDS, Package
from src.stages.promote.against_incumbent import DeployedModel
from src.stages.promote.fetch_candidate import FetchedCandidate

RECORDED_WITH = "pytorch"  # what the stage evaluate runs


def packaged(fetched: FetchedCandidate, folder: Path) -> Mapping[str, OutputAgreement]:
    """Export the weights, write the model's folder, load it as a user would, and compare its boxes on the example.

    Args:
        fetched: The candidate.
        folder: The model's folder, to be made.

    Returns:
        By backend, how its boxes compare with the recorded ones.

    Raises:
        RegistryError: the package does not give the recorded boxes.
        TrainingError: the weights cannot be exported.
    """
    candidate = fetched.candidate
    onnx = folder.with_name("model.onnx")
    export_onnx(PredictionRequest(candidate.class_names, candidate.imgsz, weights=fetched.weights), onnx)
    package.save(
        Package(
            weights=fetched.weights,
            onnx=onnx,
            example=fetched.example,
            class_names=candidate.class_names,
            imgsz=candidate.imgsz,
            confidence=candidate.confidence,
            iou=candidate.iou,
            is_rtdetr=is_rtdetr(fetched.weights, None),
        ),
        folder,
    )
    compared = {backend: _compared(fetched, folder, backend) for backend in BACKENDS}
    require_same("Loaded back, the model", compared[RECORDED_WITH])
    return compared


def require_same(what: str, agreement: OutputAgreement) -> None:
    """Refuse a package that gives other boxes than the recorded ones.

    Raises:
        RegistryError: it does.
    """
    if not agreement.is_same:
        raise RegistryError(
            f"{what} gives {agreement}. Nothing was registered: the weights do not reproduce their evaluation on this"
            " machine; run `python -m src.evaluate` again, with the versions of requirements.lock."
        )


def _compared(fetched: FetchedCandidate, folder: Path, backend: str) -> OutputAgreement:
    found = package.predict(folder, [fetched.example.read_bytes()], backend=backend)
    truth = fetched.predictions.truth
    [number] = [index for index, file in enumerate(truth.files) if Path(file).name == fetched.example.name]
    point = DeployedModel(fetched.predictions, fetched.candidate.confidence, fetched.candidate.iou).point
    recorded = suppress(fetched.predictions.raw, iou=point.iou, confidence=point.score)
    kept = (recorded.image_index == number) & point.keeps(recorded.scores, recorded.class_index)
    here = recorded.where(np.flatnonzero(kept))
    return output_agreement([{**box, "image": number} for box in found], here, truth.class_names)
