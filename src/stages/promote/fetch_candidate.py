"""A run's files, fetched from the store: what a promotion is made from."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from src.core.errors import DataError, RegistryError
from src.core.files import sha256_of
from src.documents.decision import Decision
from src.documents.document import Document
from src.documents.evaluation import Evaluation
from src.documents.predictions import Predictions
from src.documents.threshold import Threshold
from src.mlflow.registry.candidate import Candidate
from src.mlflow.registry.store import MlflowRegistry, StoredRun

D = TypeVar("D", bound=Document)

_WEIGHTS = "weights/best.pt"
_EXAMPLE = "evaluate/example"
_PREDICTIONS = "evaluate/predictions"
_DO = {
    "weights": "Only trainings on their own, and the best one of a study, upload them (tracking.log_weights)."
    " Freeze the settings (`python -m src.freeze`) and run `dvc repro`, or train with them once more.",
    "decide": "`python -m src.decide` judges it (in the pipeline: `dvc repro`).",
    "tune_threshold": "`python -m src.tune_threshold` chooses one; then run `python -m src.decide`.",
    "evaluate": "`python -m src.evaluate` records it; then run `python -m src.tune_threshold` and `src.decide`.",
}


@dataclass(frozen=True)
class FetchedCandidate:
    """A candidate with its files, in a folder of this machine.

    Attributes:
        run: Its run.
        candidate: What the run says about it.
        weights: The weights.
        example: An image that it detects something on.
        predictions: What its head says about the split that it was judged on.
    """

    run: StoredRun
    candidate: Candidate
    weights: Path
    example: Path
    predictions: Predictions


def fetch_candidate(registry: MlflowRegistry, run_id: str, folder: Path) -> FetchedCandidate:
    """Fetch what there is about a run.

    Side effects: writes into the folder.

    Raises:
        RegistryError: there is no such run, something is missing in it, or it does not hang together.
    """
    run = registry.run(run_id)
    decision = _read(registry, run, Decision, folder)
    evaluation = _read(registry, run, Evaluation, folder)
    threshold = _read(registry, run, Threshold, folder)
    weights = _fetch(registry, run, _WEIGHTS, "weights", folder)
    candidate = Candidate(run.run_id, run.tags, sha256_of(weights), decision, evaluation, threshold)
    examples = registry.files(run.run_id, _EXAMPLE)
    if not examples:
        raise _missing(run, "example image", "evaluate")
    return FetchedCandidate(
        run=run,
        candidate=candidate,
        weights=weights,
        example=registry.fetch(run.run_id, examples[0], folder),
        predictions=Predictions.load(_fetch(registry, run, f"{_PREDICTIONS}/{candidate.split}", "predictions", folder)),
    )


def predictions_of(registry: MlflowRegistry, run_id: str, split: str, folder: Path) -> Predictions | None:
    """What the model of a run says about the split that it was judged on; None where the run does not have it.

    Raises:
        RegistryError: the store does not answer.
    """
    if f"{_PREDICTIONS}/{split}" not in registry.files(run_id, _PREDICTIONS):
        return None
    return Predictions.load(registry.fetch(run_id, f"{_PREDICTIONS}/{split}", folder))


def _read(registry: MlflowRegistry, run: StoredRun, kind: type[D], folder: Path) -> D:
    path = f"{kind.STAGE}/{kind.FILE}"
    text = _fetch(registry, run, path, kind.FILE.removesuffix(".json"), folder).read_text(encoding="utf-8")
    try:
        return kind.parse(text, Path(path))
    except DataError as error:
        raise RegistryError(f"Run {run.run_id}: {error}") from error


def _fetch(registry: MlflowRegistry, run: StoredRun, path: str, what: str, folder: Path) -> Path:
    parent = path.rpartition("/")[0]
    if path not in registry.files(run.run_id, parent):
        raise _missing(run, what, parent.split("/")[0])
    return registry.fetch(run.run_id, path, folder)


def _missing(run: StoredRun, what: str, stage: str) -> RegistryError:
    return RegistryError(f"Run {run.run_id} has no {what}. {_DO[stage]}")
