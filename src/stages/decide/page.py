"""The decision's page: what the outcome says, put into words and tables."""

import json
from typing import Any

from src.decision.figures import machine
from src.decision.verdict import Outcome
from src.render.decision import DecisionPage, Picture
from src.render.table import Tone
from src.stages.decide.outcome import DecideOutcome
from src.stages.decide.tables import (
    checks_table,
    figures_table,
    gates_table,
    robustness_table,
    said,
    study_table,
    tradeoff_table,
)

_TONES = {Outcome.ACCEPTED: Tone.GOOD, Outcome.REJECTED: Tone.BAD, Outcome.UNDECIDED: Tone.UNSURE}


def page(outcome: DecideOutcome, pictures: tuple[Picture, ...]) -> DecisionPage:
    """The page's content; it depends on the outcome only, so that the same inputs give the same page."""
    evidence, verdict = outcome.evidence, outcome.verdict
    start, data = evidence.find("training", "start"), evidence.find("training", "data", "name")
    return DecisionPage(
        title=f"Decision: {start or 'a model'} trained on {data or 'unnamed data'}",
        verdict=str(verdict.outcome),
        tone=_TONES[verdict.outcome],
        summary=_summary(outcome),
        objectives=_objectives(outcome),
        candidate=_candidate(outcome),
        parameters=_parameters(evidence.find("training", "arguments") or {}),
        figures=figures_table(evidence),
        study=study_table(outcome.comparison),
        gates=gates_table(outcome.gates),
        pro=tuple(outcome.arguments.pro),
        contra=tuple(outcome.arguments.contra),
        tradeoff=tradeoff_table(evidence),
        robustness=robustness_table(evidence),
        checks=checks_table(outcome.findings),
        reasons=verdict.reasons,
        next_steps=verdict.next_steps,
        pictures=pictures,
    )


def _summary(outcome: DecideOutcome) -> str:
    counts = {name.removeprefix("decide/"): count for name, count in outcome.metrics.items()}
    gates = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    warnings = sum(finding.status == "warning" for finding in outcome.findings)
    doubts = {0: "no check warns", 1: "1 check warns"}.get(warnings, f"{warnings} checks warn")
    return f"{len(outcome.gates)} gates: {gates}; {doubts}." if outcome.gates else f"There are no gates; {doubts}."


def _objectives(outcome: DecideOutcome) -> tuple[str, ...]:
    evidence = outcome.evidence
    lines = []
    if not isinstance(outcome.comparison, str):
        lines.append(f"The study optimised {outcome.comparison.metric}.")
    if criterion := evidence.find("threshold", "criterion"):
        lines.append(f"The threshold was chosen on val by: {criterion}.")
    if evidence.find("latency", evidence.backend):
        timed_on = machine(evidence, evidence.backend)
        lines.append(f"Latency is that of {evidence.backend} on {timed_on}, one image at a time.")
    lines += [f"{judged.gate.name}: {judged.gate}" for judged in outcome.gates]
    return tuple(lines)


def _candidate(outcome: DecideOutcome) -> tuple[tuple[str, str], ...]:
    evidence, provenance = outcome.evidence, outcome.provenance
    counts = evidence.find("evaluation", "data", "counts") or {}
    data = evidence.find("training", "data") or {}
    facts: list[tuple[str, Any]] = [
        ("MLflow run", evidence.find("training", "run_id")),
        ("study", None if provenance.study is None else f"{provenance.study}, trial {provenance.trial}"),
        ("started from", evidence.find("training", "start")),
        ("weights", evidence.find("evaluation", "weights")),
        ("data", data.get("name")),
        ("data digest", data.get("digest")),
        ("images", ", ".join(f"{split} {count['images']:,}" for split, count in counts.items()) or None),
        ("epochs", _epochs(outcome)),
        ("confidence threshold", _threshold(outcome)),
        ("IoU of the NMS", evidence.find("threshold", "iou")),
        ("thresholds per class", _per_class(outcome)),
    ]
    return tuple((name, str(value)) for name, value in facts if value is not None)


def _epochs(outcome: DecideOutcome) -> str | None:
    run, best, asked = (outcome.evidence.find("training", key) for key in ("epochs_run", "best_epoch", "epochs"))
    if run is None:
        return None
    return f"{run} of {asked}" + (f", the best is number {best}" if best is not None else "")


def _threshold(outcome: DecideOutcome) -> str | None:
    score, interval = (outcome.evidence.find("threshold", key) for key in ("score", "score_interval"))
    if score is None:
        return None
    return said(interval, ".3g") if interval else f"{score:.3g}"  # scores of a short training are all small


def _per_class(outcome: DecideOutcome) -> str | None:
    per_class = outcome.evidence.find("threshold", "per_class")
    if not per_class:
        return None
    return ", ".join(f"{name} {facts['score']:.3g}" for name, facts in per_class.items())


def _parameters(arguments: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in arguments.items()}
    return tuple(sorted(texts.items()))
