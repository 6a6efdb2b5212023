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
from src.decision.gates import judge
from src.decision.metrics import measure
from src.decision.options import DecideOptions
from src.decision.verdict import reach
from src.documents.decision import Decision, StudyComparison
from src.documents.study_record import StudyRecord
from src.render.decision import DecisionPage, Picture, as_html, as_markdown
from src.render.decision_page import page
from src.stages.decide import document
from src.stages.decide.inputs import read_data, read_evidence, read_record
from src.stages.decide.outcome import DecideOutcome
from src.study.comparison import compare
from src.study.survival import check_survival


@dataclass(frozen=True)
class DecideJob:
    """Everything a decision needs to know.

    Attributes:
        options: What the model is judged by, and where the documents about it lie.
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
    data = read_data(job.data, evidence.training.data.digest)
    study = None if isinstance(record, str) else record
    findings = (
        *checklist(evidence, gates, None if study is None else study.trainings, data),
        check_survival(study, job.provenance.trial),
    )
    measured = [measure(gate.metric, evidence) for gate in gates]
    among = sum(own.value is not None and not own.exact for own in measured)
    judged = tuple(judge(gate, own, among) for gate, own in zip(gates, measured, strict=True))
    compared = record if isinstance(record, str) else _compared(record, job.provenance.trial)
    comparison, missing = (None, compared) if isinstance(compared, str) else (compared, "")
    arguments = weigh(evidence, judged, findings, comparison)
    decision = Decision(
        verdict=reach(judged, findings),
        gates=judged,
        checks=findings,
        candidate=document.candidate(evidence, job.provenance),
        pro=tuple(arguments.pro),
        contra=tuple(arguments.contra),
        comparison=comparison,
        no_comparison=missing,
    )
    outcome = DecideOutcome(decision, job.folder)
    _write(outcome, page(decision, evidence, pictures(job)))
    return outcome


def pictures(job: DecideJob) -> tuple[Picture, ...]:
    """The plots of the stages tune_threshold and evaluate."""
    return tuple(
        Picture(path.stem.replace("_", " ").replace("-", " "), path, os.path.relpath(path, job.folder))
        for folder in (job.options.threshold, job.options.evaluation)
        for path in sorted((Path(folder) / "plots").glob("*.png"))
    )


def _compared(record: StudyRecord, candidate: int | None) -> StudyComparison | str:
    compared = compare(
        record.trainings,
        record.objective,
        candidate=candidate,
        smaller_is_better=not record.maximize,
    )
    if compared is None:
        return f"No trial of the study {record.study} has a value of {record.objective}."
    return document.study_comparison(compared)


def _write(outcome: DecideOutcome, content: DecisionPage) -> None:
    write_text(outcome.folder / "decision.md", as_markdown(content))
    write_text(outcome.folder / "decision.html", as_html(content))
    write_json(outcome.folder / "metrics.json", outcome.metrics)
    outcome.decision.write(outcome.folder)  # last: it says that all are there
