"""The stage `decide`: what the earlier stages measured in, a verdict and its report out.

A rejected model is a result like any other: it is reported, and the stage succeeds.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from src.config.provenance import Provenance
from src.core.files import write_json, write_text
from src.decision.arguments import weigh
from src.decision.checks import checklist
from src.decision.figures import Evidence, as_interval, figure
from src.decision.gates import judge
from src.decision.options import DecideOptions
from src.decision.verdict import reach
from src.documents.study_record import StudyRecord
from src.render.decision import Picture, as_html, as_markdown
from src.stages.decide.inputs import read_evidence, read_overlap, read_record
from src.stages.decide.json import as_json
from src.stages.decide.outcome import DecideOutcome
from src.stages.decide.page import page
from src.study.comparison import Comparison, compare
from src.study.survival import check_survival

_BOOTSTRAPPED = ("val/mAP50", "val/mAP50-95")


@dataclass(frozen=True)
class DecideJob:
    """Everything a decision needs to know.

    Attributes:
        options: What the model is judged by, and where the figures lie.
        data: Folder of the prepared data.
        folder: Where to write.
        provenance: Which study and trial the configuration came from.
    """

    options: DecideOptions
    data: Path
    folder: Path
    provenance: Provenance = field(default_factory=Provenance)


def decide(job: DecideJob) -> DecideOutcome:
    """Judge the candidate and write the report.

    Side effects: writes into the job's folder.

    Raises:
        DataError: an earlier stage has not run.
    """
    evidence = read_evidence(job.options)
    record = read_record(job.provenance)
    gates = job.options.judged_by()
    overlap = read_overlap(job.data, evidence.find("training", "data", "digest"))
    study = None if isinstance(record, str) else record
    findings = (
        *checklist(evidence, gates, None if study is None else study.trainings, overlap),
        check_survival(study, job.provenance.trial),
    )
    judged = tuple(judge(gate, figure(gate.metric, evidence)) for gate in gates)
    comparison = record if isinstance(record, str) else _compared(record, evidence, job.provenance.trial)
    outcome = DecideOutcome(
        verdict=reach(judged, findings),
        gates=judged,
        findings=findings,
        arguments=weigh(evidence, judged, findings, None if isinstance(comparison, str) else comparison),
        comparison=comparison,
        evidence=evidence,
        provenance=job.provenance,
        folder=job.folder,
    )
    _write(outcome, pictures(job))
    return outcome


def pictures(job: DecideJob) -> tuple[Picture, ...]:
    """The plots of the stages tune_threshold and evaluate."""
    return tuple(
        Picture(path.stem.replace("_", " ").replace("-", " "), path, os.path.relpath(path, job.folder))
        for folder in (job.options.threshold, job.options.evaluation)
        for path in sorted((Path(folder) / "plots").glob("*.png"))
    )


def _compared(record: StudyRecord, evidence: Evidence, candidate: int | None) -> Comparison | str:
    value = as_interval(evidence.find("evaluation", "splits", "val", "metrics", record.objective.removeprefix("val/")))
    sure = value is not None and record.objective in _BOOTSTRAPPED
    compared = compare(
        record.trainings,
        record.objective,
        candidate=candidate,
        half_width=(value.high - value.low) / 2 if value is not None and sure else None,
        smaller_is_better=not record.maximize,
    )
    return compared or f"No trial of the study {record.study} has a value of {record.objective}."


def _write(outcome: DecideOutcome, plots: tuple[Picture, ...]) -> None:
    content = page(outcome, plots)
    write_text(outcome.folder / "decision.md", as_markdown(content))
    write_text(outcome.folder / "decision.html", as_html(content))
    write_json(outcome.folder / "metrics.json", outcome.metrics)
    write_json(outcome.folder / "decision.json", as_json(outcome))  # last: it says that all are there
