"""A registered version, ready to look at pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from src.core.errors import RegistryError
from src.detector.options import ProjectTrainOptions
from src.detector.predict import PredictionRequest, Predictor
from src.mlflow.registry.package import config_in, weights_in
from src.mlflow.registry.store import MlflowRegistry, Version
from src.thresholds.operating_point import OperatingPoint


@dataclass(frozen=True, eq=False)
class DeployedVersion:
    """A version as it is deployed.

    Attributes:
        version: Which it is.
        folder: Its files.
        class_names: In the order of their ids.
        point: Where it is operated.
        predictor: Its model.
    """

    version: Version
    folder: Path
    class_names: Sequence[str]
    point: OperatingPoint
    predictor: Predictor


def deployed(
    registry: MlflowRegistry,
    name: str,
    alias: str,
    *,
    train: ProjectTrainOptions,
    scratch: Path,
    class_names: Sequence[str] | None = None,
) -> DeployedVersion:
    """Fetch the version that has an alias, and load it.

    Args:
        registry: Where it is registered.
        name: Of the registered model.
        alias: Which version.
        train: The device and threads.
        scratch: For downloads.
        class_names: Those that it is to look for; None for its own.

    Raises:
        RegistryError: there is no such version, or it is no detector of this project.
    """
    version = registry.model(name).at(name, alias)
    folder = registry.fetch_model(version, scratch / alias)
    config = config_in(folder)
    if not {"confidence", "iou", "imgsz", "class_names"} <= set(config):
        raise RegistryError(
            f"Version {version.number} of {name} was not registered by `python -m src.promote`, so that it is not known"
            " how it is deployed."
        )
    names = class_names or config["class_names"]
    request = PredictionRequest(
        names, int(config["imgsz"]), weights=weights_in(folder), device=train.device, threads=train.threads
    )
    point = OperatingPoint.of(config["confidence"], float(config["iou"]), names)
    return DeployedVersion(version, folder, names, point, Predictor(request))
