"""The incumbent, which is the version that has an alias now, on the candidate's images."""

from dataclasses import dataclass
from pathlib import Path

from src.core.errors import DataError, RegistryError
from src.data.options import DataOptions
from src.data.prepared import PreparedData
from src.detector.options import ProjectTrainOptions
from src.detector.predict import PredictionRequest, Predictor
from src.documents.manifest import Manifest
from src.mlflow.registry.candidate import DATA_TAG
from src.mlflow.registry.package import config_in, weights_in
from src.mlflow.registry.store import MlflowRegistry, Version
from src.passes.predictions import predict_split
from src.stages.promote.against_incumbent import DeployedModel
from src.stages.promote.fetch_candidate import FetchedCandidate, predictions_of


@dataclass(frozen=True)
class Incumbent:
    """What is needed to judge the incumbent on the candidate's images.

    Attributes:
        version: Which it is.
        model: As it is deployed.
        evaluated_here: Whether it had to be evaluated for this.
    """

    version: Version
    model: DeployedModel
    evaluated_here: bool


def incumbent_on(
    registry: MlflowRegistry,
    version: Version,
    fetched: FetchedCandidate,
    *,
    data: DataOptions,
    train: ProjectTrainOptions,
    folder: Path,
) -> Incumbent:
    """Fetch the incumbent from the registry, and what it says about the images that the candidate was judged by.

    What its run recorded is taken where it was about the same data; else its weights are run on the images, which have
    to be available.

    Args:
        registry: Where it is registered.
        version: Which it is.
        fetched: The candidate.
        data: Where prepared data sets lie.
        train: The device and threads to evaluate with.
        folder: For downloads.

    Raises:
        RegistryError: it is no detector of this project, or the data is not available.
    """
    made = registry.fetch_model(version, folder / "incumbent")
    config = config_in(made)
    if not {"confidence", "iou", "imgsz"} <= set(config):
        raise RegistryError(
            f"Version {version.number} of {version.name}, which has the alias now, was not registered by `python -m"
            " src.promote`, so that it cannot be compared. Take the alias from it (`mlflow ui`), and promote again."
        )
    found = None
    if version.tags.get(DATA_TAG) == fetched.candidate.data_digest and version.run_id is not None:
        found = predictions_of(registry, version.run_id, fetched.candidate.split, folder / "incumbent-run")
    evaluated_here = found is None
    if found is None:
        request = PredictionRequest(
            class_names=fetched.candidate.class_names,
            imgsz=int(config["imgsz"]),
            weights=weights_in(made),
            device=train.device,
            threads=train.threads,
        )
        found = predict_split(Predictor(request), _at_hand(data, fetched, version), fetched.candidate.split)
    return Incumbent(version, DeployedModel(found, config["confidence"], float(config["iou"])), evaluated_here)


def _at_hand(options: DataOptions, fetched: FetchedCandidate, version: Version) -> PreparedData:
    try:
        return prepared(options, fetched.candidate.data_digest)
    except DataError as error:
        raise RegistryError(
            f"Version {version.number} of {version.name}, which has the alias now, was evaluated on other data than the"
            f" candidate. To judge both on the candidate's images, '{fetched.candidate.evaluation.data.name}' has to be"
            f" prepared on this machine, as it was for the training (`python -m src.prepare`). Now: {error}"
        ) from error


def prepared(options: DataOptions, digest: str) -> PreparedData:
    """The data with that digest, prepared on this machine, whatever its name.

    Raises:
        DataError: they are not there.
    """
    for folder in sorted(path.parent for path in Path(options.root).glob(f"*/{Manifest.FILE}")):
        try:
            data = PreparedData.load(folder)
        except DataError:
            continue  # another one, of another version or incomplete
        if data.digest == digest:
            return data
    raise DataError(f"no data set below {options.root} has the digest {digest[:12]}…")
