"""What a decision leaves for the registry and for programs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from src.documents.codec import named
from src.documents.document import Document
from src.documents.findings import Finding, Status
from src.documents.gates import JudgedGate, Judgement
from src.documents.splits import DataSet


class Acceptance(StrEnum):
    """What becomes of the candidate."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Verdict:
    """What becomes of the candidate, and why.

    Attributes:
        outcome: Rejected when any gate is failed or there is no threshold to deploy with, accepted when all gates are
            passed, undecided otherwise.
        reasons: Sentences.
        next_steps: What to do, most important first.
    """

    outcome: Acceptance
    reasons: tuple[str, ...]
    next_steps: tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    """The model that was judged.

    Attributes:
        run_id: Its training's run in the tracker; None where it was not recorded.
        study: The study that its settings came from; None where they came from none.
        trial: The trial of that study; likewise.
        start: The weights or the architecture that it started from.
        data: What it was trained on.
        weights_sha256: Of the weights that were evaluated.
        parameters: Its training arguments.
        threshold: Detections with a higher score are kept; None where no threshold was chosen.
        iou: NMS IoU; likewise.
    """

    run_id: str | None
    study: str | None
    trial: int | None
    start: str
    data: DataSet
    weights_sha256: str
    parameters: Mapping[str, bool | int | float | str | None]
    threshold: float | None
    iou: float | None


@dataclass(frozen=True)
class ComparedSetting:
    """A setting of the candidate's study.

    Attributes:
        parameters: Those in which the settings of the study differ, as text.
        run_ids: Of its trainings.
        mean: Of the metric, over the trainings.
        std: The standard deviation over seeds; None for a single training.
        difference: The candidate's mean minus this one; None for the candidate, or where it is not among the settings.
        within_noise: Whether that difference is too small to count; None where it cannot be said.
        seconds: The mean duration of a training; None where it is not known.
    """

    parameters: Mapping[str, str]
    run_ids: tuple[str, ...]
    mean: float
    std: float | None
    difference: float | None
    within_noise: bool | None
    seconds: float | None


@dataclass(frozen=True)
class StudyComparison:
    """The settings of the candidate's study, best first.

    Attributes:
        metric: What they are compared by.
        judged_by: How differences were told from noise, in words.
        candidate: The place of the candidate's setting; None where it is not among them.
        untrained: The metric of the starting weights, lowest and highest; None where they were not evaluated.
        settings: All of them.
    """

    metric: str
    judged_by: str
    candidate: int | None
    untrained: tuple[float, float] | None
    settings: tuple[ComparedSetting, ...]

    @property
    def runners_up(self) -> tuple[ComparedSetting, ...]:
        """All settings but the candidate's, best first."""
        return tuple(setting for place, setting in enumerate(self.settings) if place != self.candidate)


@dataclass(frozen=True)
class Decision(Document):
    """`decision.json` of the stage decide.

    Attributes:
        verdict: What becomes of the candidate, and why.
        gates: Each gate, judged.
        checks: What the sanity checks found.
        candidate: What was judged.
        pro: Arguments for it, sentences.
        contra: Arguments against it, sentences.
        comparison: The settings of its study; None where there is nothing to compare with.
        no_comparison: Why there is none; empty where there is one.
    """

    FILE: ClassVar[str] = "decision.json"
    STAGE: ClassVar[str] = "decide"
    VERSION: ClassVar[int] = 2

    verdict: Verdict
    gates: tuple[JudgedGate, ...]
    checks: tuple[Finding, ...]
    candidate: Candidate
    pro: tuple[str, ...] = field(metadata=named("for"))
    contra: tuple[str, ...] = field(metadata=named("against"))
    comparison: StudyComparison | None
    no_comparison: str

    @property
    def counts(self) -> dict[Judgement, int]:
        """How many gates were judged how."""
        return {judgement: sum(gate.judgement is judgement for gate in self.gates) for judgement in Judgement}

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The checks that warn."""
        return tuple(finding for finding in self.checks if finding.status is Status.WARNING)
