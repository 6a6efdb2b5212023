"""The verdict: what follows from the gates and checks, and what to do next."""

from collections.abc import Sequence

from src.decision.metrics import METRICS
from src.documents.decision import Acceptance, Verdict
from src.documents.findings import THRESHOLD, Finding, Status
from src.documents.gates import JudgedGate, Judgement, Samples, SamplesNeeded


def reach(gates: Sequence[JudgedGate], findings: Sequence[Finding]) -> Verdict:
    """The verdict."""
    by_judgement = {kind: [gate for gate in gates if gate.judgement == kind] for kind in Judgement}
    if by_judgement[Judgement.FAILED] or _without_threshold(findings):
        outcome = Acceptance.REJECTED
    elif by_judgement[Judgement.UNDECIDED] or not gates:
        outcome = Acceptance.UNDECIDED
    else:
        outcome = Acceptance.ACCEPTED
    return Verdict(outcome, _reasons(outcome, by_judgement, findings), _next_steps(outcome, by_judgement, findings))


def _without_threshold(findings: Sequence[Finding]) -> bool:
    return any(finding.name == THRESHOLD and finding.status == Status.WARNING for finding in findings)


def _reasons(
    outcome: Acceptance, gates: dict[Judgement, list[JudgedGate]], findings: Sequence[Finding]
) -> tuple[str, ...]:
    failed, undecided, passed = (gates[kind] for kind in (Judgement.FAILED, Judgement.UNDECIDED, Judgement.PASSED))
    total = len(failed) + len(undecided) + len(passed)
    reasons = [f"{len(passed)} of {total} gates passed." if total else "There are no gates to judge the model by."]
    reasons += ["There is no threshold to deploy the model with."] if _without_threshold(findings) else []
    reasons += [f"Failed: {gate}." for gate in failed]
    reasons += [f"Undecided: {gate}. {gate.reason}" for gate in undecided]
    warnings = [finding for finding in findings if finding.status == Status.WARNING]
    if warnings:
        titles = "; ".join(finding.title.lower() for finding in warnings)
        weight = {
            Acceptance.ACCEPTED: "accepted with reservations",
            Acceptance.REJECTED: "read the values with that in mind",
            Acceptance.UNDECIDED: "more data alone may not settle it",
        }[outcome]
        reasons.append(f"The checks could not confirm that: {titles}; {weight}.")
    return tuple(reasons)


def _next_steps(
    outcome: Acceptance, gates: dict[Judgement, list[JudgedGate]], findings: Sequence[Finding]
) -> tuple[str, ...]:
    steps = [finding.action for finding in findings if finding.status == Status.WARNING and finding.action]
    steps += _remedies(gates[Judgement.FAILED])
    needed = [
        gate.samples_needed
        for gate in gates[Judgement.UNDECIDED]
        if gate.samples_needed is not None and gate.measurement.of is Samples.IMAGES
    ]
    if needed:
        most = SamplesNeeded(max(each.even for each in needed), max(each.likely for each in needed))
        steps.append(f"Enlarge the test set to about {most} images and run decide again.")
    steps += [
        f"For {gate.gate.name}: time more images (evaluate.latency_runs)."
        for gate in gates[Judgement.UNDECIDED]
        if gate.measurement.of is Samples.TIMINGS
    ]
    steps += [_measure(gate) for gate in gates[Judgement.UNDECIDED] if gate.measurement.value is None]
    if outcome is Acceptance.ACCEPTED:
        steps.append(
            "Deploy it with the tuned threshold and NMS IoU of this report, and watch its metrics on new data."
        )
    return tuple(dict.fromkeys(steps))


def _remedies(failed: Sequence[JudgedGate]) -> list[str]:
    """What may help, each remedy with the gates that it is for."""
    metrics = {judged.gate.metric for judged in failed}
    names: dict[str, list[str]] = {}
    for judged in failed:
        names.setdefault(_remedy(judged.gate.metric, metrics), []).append(judged.gate.name)
    return [f"For {', '.join(gates)}: {remedy}." for remedy, gates in names.items()]


def _remedy(name: str, failed: set[str]) -> str:
    """What may help a metric, given the metrics of all failed gates."""
    metric = METRICS[name]
    if metric.traded_for and failed == {name}:
        return f"choose a threshold that trades {metric.traded_for} for it (threshold.criterion)"
    return metric.remedy


def _measure(gate: JudgedGate) -> str:
    return f"Measure {gate.gate.metric}, which {gate.gate.name} asks for: {gate.measurement.remark}"
