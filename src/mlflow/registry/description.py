"""A version in the registry's own terms: its tags, and the text that the registry's page shows."""

import math
from collections.abc import Mapping

from src.core.errors import listed
from src.core.interval import Interval
from src.documents.gates import JudgedGate
from src.mlflow.registry.candidate import Candidate

STATUS, REASON = "status", "reason"
ACCEPTED, REJECTED = "accepted", "rejected"
# What makes two versions of one run the same: its weights and how they are used.
CONTENT = ("weights.sha256", "threshold", "nms_iou")
MONITORED = "monitor.reference"  # which pictures production's are compared with
GATE = "gate."  # begins the tags that say how the gates were judged

_MAX_LENGTH = 5000  # characters; nobody reads more


def version_tags(candidate: Candidate, status: str) -> dict[str, str]:
    """What the registry is to say about a version.

    Args:
        candidate: The model.
        status: `accepted` or `rejected`.
    """
    decision, tags = candidate.decision, candidate.tags
    found = {
        STATUS: status,
        "decision": candidate.decision.verdict.outcome,
        REASON: "" if status == ACCEPTED else " ".join(candidate.decision.verdict.reasons),
        "data.name": candidate.evaluation.data.name,
        "data.digest": candidate.data_digest,
        "git.commit": tags.get("mlflow.source.git.commit"),
        "git.dirty": tags.get("git.dirty"),
        "study": decision.candidate.study,
        "trial": decision.candidate.trial,
        "weights.sha256": candidate.weights_sha256,
        "imgsz": candidate.imgsz,
        "classes": ", ".join(candidate.class_names),
        "threshold": threshold_text(candidate.confidence),
        "nms_iou": candidate.iou,
        **{f"{GATE}{judged.gate.name}": gate_text(judged) for judged in decision.gates},
        **metrics(candidate),
    }
    return {name: str(value)[:_MAX_LENGTH] for name, value in found.items() if value not in (None, "")}


def metrics(candidate: Candidate) -> dict[str, str]:
    """The metrics on the test split with their intervals; precision, recall and F1 at the tuned threshold."""
    of_all, at_default = candidate.evaluated.metrics.by_name(), candidate.evaluated.metrics.at_default.by_name()
    found = {name: value for name, value in of_all.items() if name not in at_default}
    if candidate.tuned is not None:
        found |= candidate.tuned.by_name()
    return {f"{candidate.split}/{name}": interval_text(value) for name, value in found.items()}


def gate_text(judged: JudgedGate) -> str:
    """How a gate was judged, such as `passed: test/F1 more than 0.6, found 0.812 [0.780, 0.844]`."""
    gate, measurement = judged.gate, judged.measurement
    value = measurement.value
    found = "not known" if value is None else f"found {interval_text(value, exact=measurement.exact)}"
    return f"{judged.judgement}: {gate.metric} {gate.comparison.replace('_', ' ')} {gate.limit:g}, {found}"


def interval_text(value: Interval, *, exact: bool = False) -> str:
    """A value with its interval, as far as they are known."""
    if math.isnan(value.estimate):
        return "not known"
    if exact:
        return f"{value.estimate:g}"
    if math.isnan(value.low) or math.isnan(value.high):
        return f"{value.estimate:.3f}"
    return format(value, ".3f")


def threshold_text(confidence: float | Mapping[str, float]) -> str:
    """One threshold, or one for each class."""
    if isinstance(confidence, Mapping):
        return ", ".join(f"{name}: {score!r}" for name, score in confidence.items())
    return repr(confidence)


def page_text(name: str, candidate: Candidate, status: str) -> str:
    """The Markdown that the registry's page shows above a version's tags."""
    lines = [f"Detects {listed(candidate.class_names)}; trained on {candidate.evaluation.data.name}."]
    if status == REJECTED:
        lines += [
            "",
            f"**Not for use** ({candidate.decision.verdict.outcome}): {' '.join(candidate.decision.verdict.reasons)}",
        ]
    found = [f"{metric} {text}" for metric, text in metrics(candidate).items()]
    lines += [
        "",
        f"- **Operated at** confidence {threshold_text(candidate.confidence)}, NMS IoU {candidate.iou:g}, image size"
        f" {candidate.imgsz}",
        f"- **Metrics** {', '.join(found)}",
        *(f"- **Gate {judged.gate.name}** {gate_text(judged)}" for judged in candidate.decision.gates),
        "",
        *usage(f"{name}/VERSION"),
    ]
    return "\n".join(lines)


def usage(model: str) -> list[str]:
    """Lines of Markdown that show how to ask a model.

    Args:
        model: `NAME@ALIAS` or `NAME/VERSION`.
    """
    return [
        "```python",
        f'model = mlflow.pyfunc.load_model("models:/{model}")',
        'boxes = model.predict(pd.DataFrame({"image": [Path("picture.jpg").read_bytes()]}))',
        "```",
    ]
