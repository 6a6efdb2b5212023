"""One training: everything it needs to know, and how its run in the tracker is called and tagged."""

from dataclasses import dataclass
from pathlib import Path

from optuna_search import CurrentTrial

from src.core.study_attributes import CONFIRMS
from src.data.dvc import dvc_digest
from src.data.options import DataOptions
from src.data.prepared import PreparedData
from src.detector.options import ModelOptions, ProjectTrainOptions
from src.mlflow.options import TrackingOptions


@dataclass(frozen=True)
class TrainJob:
    """Everything one training needs to know.

    Attributes:
        data: Which data.
        model: Where to start.
        train: How to train.
        tracking: Where to record.
        folder: Where to write.
        config: The composed configuration as text, for the record.
    """

    data: DataOptions
    model: ModelOptions
    train: ProjectTrainOptions
    tracking: TrackingOptions
    folder: Path
    config: str = ""


def run_tags(job: TrainJob, data: PreparedData, trial: CurrentTrial) -> dict[str, str]:
    """The tags of its run."""
    tags = {"objective": ", ".join(job.train.objectives), "folder": str(job.folder.resolve())}
    tags["data.digest"] = data.digest  # the store's data set has 36 characters of it, or DVC's
    if (tracked := dvc_digest(data.root)) is not None:
        tags["data.dvc"] = tracked
    if (confirms := trial.study_user_attrs.get(CONFIRMS)) is not None:
        # not `trial`: that is a number in the study that is confirmed
        tags |= {"study": confirms["study"], "confirms trial": str(confirms["trial"])}
    elif trial.number is not None:
        tags |= {"study": str(trial.study_name), "trial": str(trial.number)}
    if trial.replicate is not None:
        tags["replicate"] = trial.replicate
    return tags


def run_name(job: TrainJob, data: PreparedData, trial: CurrentTrial) -> str:
    """The name of its run."""
    if trial.number is None:
        return f"{data.name} {job.folder.name}"
    if (confirms := trial.study_user_attrs.get(CONFIRMS)) is not None:
        return f"trial {confirms['trial']} again, seed {job.train.arguments['seed']}"
    return " ".join(filter(None, (f"trial {trial.number}", trial.replicate)))


def uploads_weights(tracking: TrackingOptions, trial: CurrentTrial) -> bool:
    """Whether its weights are uploaded; of a study's trials only the best ones are, when the study has ended."""
    return tracking.log_weights == "all" or (tracking.log_weights == "best" and trial.number is None)
