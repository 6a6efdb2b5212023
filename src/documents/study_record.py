"""What a study had found when a configuration was frozen from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from src.documents.confirmation import ConfirmationDocument
from src.documents.document import Document


@dataclass(frozen=True)
class StudyTraining:
    """One finished training of a study: a trial, or one of its replicates.

    Attributes:
        run_id: Its run in the tracking store; empty where it was not recorded.
        number: The trial's number in the study; None where it is not known.
        params: Its parameters by override key, as text.
        metrics: Its final metrics; those of the starting weights begin with `untrained/`.
        seconds: How long it took; None where it is not known.
    """

    run_id: str
    number: int | None
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    seconds: float | None = None


@dataclass(frozen=True)
class StudyRecord(Document):
    """`study.json` of the command freeze.

    Attributes:
        study: The study's name.
        objective: The metric that it optimised; of several, the first.
        maximize: Whether a greater value is better.
        trainings: Those with a result that keep their constraints.
        confirmation: What the last confirmation of its leading settings found; None where there was none.
    """

    FILE: ClassVar[str] = "study.json"
    STAGE: ClassVar[str] = "freeze"
    VERSION: ClassVar[int] = 1

    study: str
    objective: str
    maximize: bool
    trainings: tuple[StudyTraining, ...]
    confirmation: ConfirmationDocument | None
