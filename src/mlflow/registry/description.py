"""A version in the registry's own terms: its tags, and the text that the registry's page shows."""

from collections.abc import Mapping
from typing import Any

from src.mlflow.registry.candidate import Candidate

STATUS, REASON = "status", "reason"
ACCEPTED, REJECTED = "accepted", "rejected"
# What makes two versions of one run the same: its weights and how they are used.
CONTENT = ("weights.sha256", "threshold", "nms_iou")
GATE = "gate."  # begins the tags that say how the gates were judged

_AT_THRESHOLD = ("precision", "recall", "F1")
_MAX_LENGTH = 5000  # as long as a reader has patience


def version_tags(candidate: Candidate, status: str) -> dict[str, str]:
    """What the registry is to say about a version.

    Args:
        candidate: The model.
        status: `accepted` or `rejected`.
    """
    decided, tags = candidate.decision["candidate"], candidate.tags
    found = {
        STATUS: status,
        "decision": candidate.outcome,
        REASON: "" if status == ACCEPTED else " ".join(candidate.reasons),
        "data.name": candidate.evaluation["data"]["name"],
        "data.digest": candidate.data_digest,
        "git.commit": tags.get("mlflow.source.git.commit"),
        "git.dirty": tags.get("git.dirty"),
        "study": decided.get("study"),
        "trial": decided.get("trial"),
        "weights.sha256": candidate.weights_sha256,
        "imgsz": candidate.imgsz,
        "classes": ", ".join(candidate.class_names),
        "threshold": threshold_text(candidate.confidence),
        "nms_iou": candidate.iou,
        **{f"{GATE}{gate['name']}": gate_text(gate) for gate in candidate.decision["gates"]},
        **metrics(candidate),
    }
    return {name: str(value)[:_MAX_LENGTH] for name, value in found.items() if value not in (None, "")}


def metrics(candidate: Candidate) -> dict[str, str]:
    """The figures on the test split with their intervals; precision, recall and F1 at the tuned threshold."""
    split = candidate.split
    measured: dict[str, Any] = candidate.evaluation["splits"][split]["metrics"]
    chosen = candidate.threshold.get(split) or {}
    tuned: Mapping[str, Any] = chosen.get("tuned") or (chosen if split != "test" else {})
    figures = {name: measured[name] for name in measured if name not in _AT_THRESHOLD}
    figures |= {name: tuned[name] for name in _AT_THRESHOLD if tuned.get(name)}
    return {f"{split}/{name}": interval_text(figure) for name, figure in figures.items()}


def gate_text(gate: Mapping[str, Any]) -> str:
    """How a gate was judged, such as `passed: test/F1 more than 0.6, found 0.812 [0.780, 0.844]`."""
    found = "not known" if gate["value"] is None else f"found {interval_text(gate['value'], exact=gate['exact'])}"
    return f"{gate['judgement']}: {gate['metric']} {gate['comparison'].replace('_', ' ')} {gate['limit']:g}, {found}"


def interval_text(figure: Mapping[str, Any], *, exact: bool = False) -> str:
    """A figure with its interval, as far as they are known."""
    if figure["estimate"] is None:
        return "not known"
    if exact:
        return f"{figure['estimate']:g}"
    if figure["low"] is None or figure["high"] is None:
        return f"{figure['estimate']:.3f}"
    return f"{figure['estimate']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def threshold_text(confidence: float | Mapping[str, float]) -> str:
    """One threshold, or one for each class."""
    if isinstance(confidence, Mapping):
        return ", ".join(f"{name}: {score!r}" for name, score in confidence.items())
    return repr(confidence)


def page_text(name: str, candidate: Candidate, status: str) -> str:
    """The Markdown that the registry's page shows above a version's tags."""
    lines = [f"Detects {', '.join(candidate.class_names)}; trained on {candidate.evaluation['data']['name']}."]
    if status == REJECTED:
        lines += ["", f"**Not for use** ({candidate.outcome}): {' '.join(candidate.reasons)}"]
    figures = [f"{metric} {text}" for metric, text in metrics(candidate).items()]
    lines += [
        "",
        f"- **Operated at** confidence {threshold_text(candidate.confidence)}, NMS IoU {candidate.iou:g}, image size"
        f" {candidate.imgsz}",
        f"- **Figures** {', '.join(figures)}",
        *(f"- **Gate {gate['name']}** {gate_text(gate)}" for gate in candidate.decision["gates"]),
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
