"""The version that has an alias now, as a contender on the candidate's images."""

from dataclasses import dataclass
from pathlib import Path

from src.core.errors import DataError, RegistryError
from src.data.options import DataOptions
from src.data.prepared import PreparedData
from src.detector.options import ProjectTrainOptions
from src.detector.predict import PredictionRequest, Predictor
from src.mlflow.registry.candidate import DATA_TAG
from src.mlflow.registry.package import config_in, weights_in
from src.mlflow.registry.store import MlflowRegistry, Version
from src.stages.evaluate.passes import look_at
from src.stages.promote.challenge import Contender
from src.stages.promote.intake import Intake, predictions_of


@dataclass(frozen=True)
class Holder:
    """What is needed to judge the holder on the candidate's images.

    Attributes:
        version: The holder.
        contender: As it is deployed.
        evaluated_here: Whether it had to be evaluated for this.
    """

    version: Version
    contender: Contender
    evaluated_here: bool


def holder_on(
    registry: MlflowRegistry,
    version: Version,
    intake: Intake,
    *,
    data: DataOptions,
    train: ProjectTrainOptions,
    folder: Path,
) -> Holder:
    """Fetch the holder from the registry, and what it says about the images that the candidate was judged by.

    What its run recorded is taken where it was about the same data; else its weights look at the images, which have to
    be at hand.

    Args:
        registry: Where it is registered.
        version: The holder.
        intake: The candidate.
        data: The candidate's data, as the configuration describes it.
        train: The device and threads to evaluate with.
        folder: For downloads.

    Raises:
        RegistryError: it is no detector of this project, or the data is not at hand.
    """
    made = registry.fetch_model(version, folder / "holder")
    config = config_in(made)
    if not {"confidence", "iou", "imgsz"} <= set(config):
        raise RegistryError(
            f"Version {version.number} of {version.name}, which has the alias now, was not registered by `python -m"
            " src.promote`, so that it cannot be compared. Take the alias from it (`mlflow ui`), and promote again."
        )
    found = None
    if version.tags.get(DATA_TAG) == intake.candidate.data_digest and version.run_id is not None:
        found = predictions_of(registry, version.run_id, intake.candidate.split, folder / "holder-run")
    evaluated_here = found is None
    if found is None:
        request = PredictionRequest(
            class_names=intake.candidate.class_names,
            imgsz=int(config["imgsz"]),
            weights=weights_in(made),
            device=train.device,
            threads=train.threads,
        )
        found = look_at(Predictor(request), _at_hand(data, intake, version), intake.candidate.split)
    return Holder(version, Contender(found, config["confidence"], float(config["iou"])), evaluated_here)


def _at_hand(options: DataOptions, intake: Intake, version: Version) -> PreparedData:
    name, digest = intake.candidate.evaluation["data"]["name"], intake.candidate.data_digest
    try:
        data = PreparedData.load(options.folder)
        reason = "" if data.digest == digest else f"{options.folder} holds other data"
    except DataError as error:
        reason = str(error)
    if reason:
        raise RegistryError(
            f"Version {version.number} of {version.name}, which has the alias now, was evaluated on other data than the"
            f" candidate. To judge both on the candidate's images, '{name}' (digest {digest[:12]}…) has to be prepared"
            f" on this machine: give data=… as for its training. Now: {reason}"
        )
    return data
