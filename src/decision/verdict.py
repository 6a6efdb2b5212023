"""The verdict: what the gates and checks come to, what speaks for and against, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from src.decision.gates import JudgedGate, Judgement, round_up
from src.documents.findings import THRESHOLD, Finding, Status


class Outcome(StrEnum):
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

    outcome: Outcome
    reasons: tuple[str, ...]
    next_steps: tuple[str, ...]


def reach(gates: Sequence[JudgedGate], findings: Sequence[Finding]) -> Verdict:
    """The verdict."""
    by_judgement = {kind: [gate for gate in gates if gate.judgement == kind] for kind in Judgement}
    if by_judgement[Judgement.FAILED] or _without_threshold(findings):
        outcome = Outcome.REJECTED
    elif by_judgement[Judgement.UNDECIDED] or not gates:
        outcome = Outcome.UNDECIDED
    else:
        outcome = Outcome.ACCEPTED
    return Verdict(outcome, _reasons(outcome, by_judgement, findings), _next_steps(outcome, by_judgement, findings))


def _without_threshold(findings: Sequence[Finding]) -> bool:
    return any(finding.name == THRESHOLD and finding.status == Status.WARNING for finding in findings)


def said(judged: JudgedGate) -> str:
    """A gate with its figure in one line, such as `recall: test/recall > 0.7, found 0.660 [0.620, 0.700]`."""
    found = "not known" if judged.figure.value is None else f"found {judged.figure}"
    return f"{judged.gate.name}: {judged.gate}, {found}"


def _reasons(
    outcome: Outcome, gates: dict[Judgement, list[JudgedGate]], findings: Sequence[Finding]
) -> tuple[str, ...]:
    failed, undecided, passed = (gates[kind] for kind in (Judgement.FAILED, Judgement.UNDECIDED, Judgement.PASSED))
    total = len(failed) + len(undecided) + len(passed)
    reasons = [f"{len(passed)} of {total} gates passed." if total else "There are no gates to judge the model by."]
    reasons += ["There is no threshold to deploy the model with."] if _without_threshold(findings) else []
    reasons += [f"Failed: {said(gate)}." for gate in failed]
    reasons += [f"Undecided: {said(gate)}. {gate.reason}" for gate in undecided]
    warnings = [finding for finding in findings if finding.status == Status.WARNING]
    if warnings:
        titles = "; ".join(finding.title.lower() for finding in warnings)
        weight = {
            Outcome.ACCEPTED: "accepted with reservations",
            Outcome.REJECTED: "read the figures with that in mind",
            Outcome.UNDECIDED: "more data alone may not settle it",
        }[outcome]
        reasons.append(f"The checks could not confirm that: {titles}; {weight}.")
    return tuple(reasons)


def _next_steps(
    outcome: Outcome, gates: dict[Judgement, list[JudgedGate]], findings: Sequence[Finding]
) -> tuple[str, ...]:
    steps = [finding.action for finding in findings if finding.status == Status.WARNING and finding.action]
    steps += _remedies(gates[Judgement.FAILED])
    needed = [gate.samples_needed or 0 for gate in gates[Judgement.UNDECIDED] if gate.figure.of == "images"]
    if any(needed):
        steps.append(f"Enlarge the test set to about {round_up(max(needed)):,} images and run decide again.")
    steps += [
        f"For {gate.gate.name}: time more images (evaluate.latency_runs)."
        for gate in gates[Judgement.UNDECIDED]
        if gate.figure.of == "timings"
    ]
    steps += [_measure(gate) for gate in gates[Judgement.UNDECIDED] if gate.figure.value is None]
    if outcome is Outcome.ACCEPTED:
        steps.append(
            "Deploy it with the tuned threshold and NMS IoU of this report, and watch its figures on new data."
        )
    return tuple(dict.fromkeys(steps))


def _remedies(failed: Sequence[JudgedGate]) -> list[str]:
    """What may help, each remedy with the gates that it is for."""
    metrics = {judged.gate.metric for judged in failed}
    names: dict[str, list[str]] = {}
    for judged in failed:
        names.setdefault(_remedy(judged.gate.metric, metrics), []).append(judged.gate.name)
    return [f"For {', '.join(gates)}: {remedy}." for remedy, gates in names.items()]


def _remedy(metric: str, failed: set[str]) -> str:
    """What may help a metric, given the metrics of all failed gates."""
    if metric in ("epochs", "train/seconds"):
        return "set train.epochs as the gate asks for and train again"
    if metric.startswith(("latency/", "model/")):
        return "a smaller model or image size, or for latency ONNX (decide.backend=onnx)"
    if metric.startswith("robustness/"):
        return "add such pictures, or augmentations like the corruptions, to the training"
    if metric.startswith("over_untrained/"):
        return "the training did not help; search gentler settings (train.lr0, train.epochs, train.freeze)"
    tradable = {"test/precision": "recall", "test/recall": "precision"}
    if metric in tradable and not failed - {metric}:
        return f"choose a threshold that trades {tradable[metric]} for it (threshold.criterion)"
    return "a better model is needed: search on (docs/guides/search.md), with more data or a larger model"


def _measure(gate: JudgedGate) -> str:
    return f"Measure {gate.gate.metric}, which {gate.gate.name} asks for: {gate.figure.remark}"
