"""The decision's page: what the outcome says, put into words and tables."""

import json
from collections.abc import Mapping

from src.documents.decision import Acceptance, Candidate, Decision
from src.documents.evidence import Evidence
from src.documents.threshold import ChosenPoint
from src.documents.training import Training
from src.render.decision import DecisionPage, Picture
from src.render.decision_tables import (
    checks_table,
    gates_table,
    metrics_table,
    robustness_table,
    said,
    study_table,
    tradeoff_table,
)
from src.render.table import Tone

_TONES = {Acceptance.ACCEPTED: Tone.GOOD, Acceptance.REJECTED: Tone.BAD, Acceptance.UNDECIDED: Tone.UNSURE}


def page(decision: Decision, evidence: Evidence, pictures: tuple[Picture, ...]) -> DecisionPage:
    """The page's content; it depends on the documents only, so that the same inputs give the same page."""
    verdict, training = decision.verdict, evidence.training
    return DecisionPage(
        title=f"Decision: {training.start} trained on {training.data.name}",
        verdict=str(verdict.outcome),
        tone=_TONES[verdict.outcome],
        summary=_summary(decision),
        objectives=_objectives(decision, evidence),
        candidate=_candidate(decision.candidate, evidence),
        parameters=_parameters(training.arguments),
        metrics=metrics_table(evidence),
        study=decision.no_comparison if decision.comparison is None else study_table(decision.comparison),
        gates=gates_table(decision.gates),
        pro=decision.pro,
        contra=decision.contra,
        tradeoff=tradeoff_table(evidence),
        robustness=robustness_table(evidence),
        checks=checks_table(decision.checks),
        reasons=verdict.reasons,
        next_steps=verdict.next_steps,
        pictures=pictures,
    )


def _summary(decision: Decision) -> str:
    gates = ", ".join(f"{count} {judgement}" for judgement, count in decision.counts.items() if count)
    warnings = len(decision.warnings)
    doubts = {0: "no check warns", 1: "1 check warns"}.get(warnings, f"{warnings} checks warn")
    return f"{len(decision.gates)} gates: {gates}; {doubts}." if decision.gates else f"There are no gates; {doubts}."


def _objectives(decision: Decision, evidence: Evidence) -> tuple[str, ...]:
    lines = []
    if decision.comparison is not None:
        lines.append(f"The study optimised {decision.comparison.metric}.")
    lines.append(f"The threshold was chosen on val by: {evidence.threshold.criterion}.")
    if evidence.runtime is not None:
        timed_on = evidence.latency.machine(evidence.backend)
        lines.append(f"Latency is that of {evidence.backend} on {timed_on}, one image at a time.")
    lines += [f"{judged.gate.name}: {judged.gate}" for judged in decision.gates]
    return tuple(lines)


def _candidate(candidate: Candidate, evidence: Evidence) -> tuple[tuple[str, str], ...]:
    counts = evidence.evaluation.data.counts
    facts: list[tuple[str, object]] = [
        ("MLflow run", candidate.run_id),
        ("study", None if candidate.study is None else f"{candidate.study}, trial {candidate.trial}"),
        ("started from", candidate.start),
        ("weights", evidence.evaluation.weights.as_posix()),
        ("data", candidate.data.name),
        ("data digest", candidate.data.digest),
        ("images", ", ".join(f"{split} {count.images:,}" for split, count in counts.items()) or None),
        ("epochs", _epochs(evidence.training)),
        ("confidence threshold", _threshold(evidence.threshold.chosen)),
        ("IoU of the NMS", candidate.iou),
        ("thresholds per class", _per_class(evidence.threshold.chosen)),
    ]
    return tuple((name, str(value)) for name, value in facts if value is not None)


def _epochs(training: Training) -> str:
    best = "" if training.best_epoch is None else f", the best is number {training.best_epoch}"
    return f"{training.epochs_run} of {training.epochs}{best}"


def _threshold(chosen: ChosenPoint | None) -> str | None:
    return None if chosen is None else said(chosen.score_interval, ".3g")  # scores of a short training are all small


def _per_class(chosen: ChosenPoint | None) -> str | None:
    if chosen is None or not chosen.per_class:
        return None
    return ", ".join(f"{name} {threshold.score:.3g}" for name, threshold in chosen.per_class.items())


def _parameters(arguments: Mapping[str, bool | int | float | str | None]) -> tuple[tuple[str, str], ...]:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in arguments.items()}
    return tuple(sorted(texts.items()))
