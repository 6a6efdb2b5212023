"""The sanity checklist: what makes a figure mean something else than it says, looked at before any gate.

No check stops the report. A finding says what was found, what it means and what to do.
"""

from collections.abc import Sequence

from src.core.interval import Interval
from src.decision.figures import Evidence, as_interval, figure
from src.decision.gates import Gate
from src.decision.overlap import Overlap, check_overlap
from src.documents.findings import THRESHOLD, Finding, Status
from src.documents.study_record import StudyTraining
from src.study.repeats import check_repeats

LOW_PRECISION = 0.10
_MANY_ALIKE = 3  # corruptions that leave a figure as it was to the last digit


def checklist(
    evidence: Evidence, gates: Sequence[Gate], trials: Sequence[StudyTraining] | None, overlap: Overlap | str
) -> tuple[Finding, ...]:
    """All checks.

    Args:
        evidence: What the stages measured.
        gates: What the model will be judged by.
        trials: Of the candidate's study; None where they are not at hand.
        overlap: What the splits have in common, or why that is not known.
    """
    return (
        _threshold(evidence),
        _precision(evidence),
        check_repeats(trials),
        _test_size(evidence, gates),
        check_overlap(overlap),
        _steps(evidence),
        _best_epoch(evidence),
        _looks(evidence),
        _val_and_test(evidence),
        _flags(evidence),
    )


def _threshold(evidence: Evidence) -> Finding:
    """An infeasible criterion leaves no operating point, and so nothing that could be deployed."""
    name, title = THRESHOLD, "A threshold fulfils the criterion"
    feasible, criterion = (evidence.find("threshold", key) for key in ("feasible", "criterion"))
    if feasible is None:
        return Finding(name, title, Status.UNKNOWN, "The stage tune_threshold does not say.")
    if feasible:
        score, iou = (evidence.find("threshold", key) for key in ("score", "iou"))
        return Finding(name, title, Status.OK, f"{criterion}: {score:.3g} at NMS IoU {iou}.")
    sentence = (
        f"No threshold fulfils the criterion '{criterion}': {evidence.find('threshold', 'reason') or 'no reason'}"
    )
    if nearest := evidence.find("threshold", "nearest"):
        figures = ", ".join(f"{key} {value:.3g}" for key, value in nearest.items())
        sentence += f" The nearest point on val: {figures}."
    action = "Ask for less (threshold.*), or train a better model; there is no threshold to deploy this one with."
    return Finding(name, title, Status.WARNING, sentence, action)


def _precision(evidence: Evidence) -> Finding:
    """A precision below 10 % says something about the threshold far more often than about the model."""
    name, title = "low_precision", "Precision is not an artefact of the threshold"
    points = {point: evidence.find("threshold", "test", point) for point in ("tuned", "default")}
    if any(as_interval((facts or {}).get("recall")) is None for facts in points.values()):
        return Finding(name, title, Status.UNKNOWN, "There are no figures on a test split at the tuned threshold.")
    # Where nothing is detected, precision is undefined, and recall is 0.
    tuned, default = (as_interval(facts.get("precision")) for facts in points.values())
    reported = evidence.find("threshold", "ultralytics", "precision")
    score = evidence.find("threshold", "score")
    said = f"Precision is {_percent(tuned)} at the tuned threshold {score:.3g}, {_percent(default)} at the default 0.25"
    said += "." if reported is None else f", {reported:.1%} as Ultralytics reports it."
    if tuned is None or tuned.estimate < LOW_PRECISION:
        sentence = f"{said} At the threshold that suits the criterion best, that is: the model learnt next to nothing."
        action = "Look at the training curves and labels, and train for longer."
        return Finding(name, title, Status.WARNING, sentence, action)
    if default is None or min(default.estimate, 1.0 if reported is None else reported) < LOW_PRECISION:
        sentence = f"{said} A figure that low belongs to the threshold that it was read at, not to the model."
        action = (
            "Use the model with the tuned threshold only, and quote no figure without the threshold it was read at."
        )
        return Finding(name, title, Status.WARNING, sentence, action)
    return Finding(name, title, Status.OK, said)


def _percent(precision: Interval | None) -> str:
    return "undefined (nothing is detected)" if precision is None else f"{precision.estimate:.1%}"


def _test_size(evidence: Evidence, gates: Sequence[Gate]) -> Finding:
    """An interval that is wider than the distance to the limit leaves the gate to luck, or nearly so."""
    name, title = "test_set_size", "The test set is large enough for the gates"
    measured = [(gate, figure(gate.metric, evidence)) for gate in gates]
    sure = [
        (gate, f.value, f.samples) for gate, f in measured if f.value is not None and f.samples and f.of == "images"
    ]
    if not sure:
        return Finding(name, title, Status.UNKNOWN, "No gate has a figure with an interval.")
    narrow = [gate.name for gate, value, _ in sure if _width(value) > abs(value.estimate - gate.limit)]
    spreadless = [gate.name for gate, value, images in sure if _may_hide(value, gate.limit, images)]
    if not narrow and not spreadless:
        return Finding(
            name, title, Status.OK, "Every interval is narrower than the distance of its figure to its limit."
        )
    images = evidence.find("evaluation", "splits", "test", "images")
    parts = []
    if narrow:
        parts.append(f"The interval is wider than the distance to the limit for: {', '.join(narrow)}.")
    if spreadless:
        parts.append(
            f"The interval has no width for: {', '.join(spreadless)}. What occurs in none of so few images,"
            " resampling cannot show."
        )
    parts.append(f"There are {images:,} test images." if images else "There is no test split.")
    return Finding(
        name, title, Status.WARNING, " ".join(parts), "Label more test images before relying on these gates."
    )


def _steps(evidence: Evidence) -> Finding:
    name, title = "optimizer_steps", "Every epoch had an optimizer step"
    steps, epochs = (evidence.find("training", key) for key in ("optimizer_steps", "epochs_run"))
    if steps is None or not epochs:
        return Finding(name, title, Status.UNKNOWN, "The training does not say how many optimizer steps it made.")
    said = f"{steps:,} optimizer steps in {epochs} epochs"
    if steps >= epochs:
        return Finding(name, title, Status.OK, f"{said}.")
    return Finding(
        name,
        title,
        Status.WARNING,
        f"{said}: fewer than one an epoch, so that the weights hardly moved and epochs say nothing about learning.",
        "Make train.nbs smaller, down to train.batch: gradients are summed over nbs/batch batches before a step.",
    )


def _looks(evidence: Evidence) -> Finding:
    """A model that has learnt where objects usually are, and not what they look like, is the same in the dark."""
    name, title = "looks_at_pictures", "The detections depend on the picture"
    clean = as_interval(evidence.find("evaluation", "splits", "test", "metrics", "mAP50"))
    robustness = evidence.find("evaluation", "robustness") or {}
    corrupted = {key: as_interval(facts.get("mAP50")) for key, facts in robustness.items()}
    if clean is None or len(corrupted) < _MANY_ALIKE:
        sentence = "There is no test set, or it was evaluated under too few corruptions to tell."
        return Finding(name, title, Status.UNKNOWN, sentence)
    if not clean.estimate:
        return Finding(
            name, title, Status.UNKNOWN, "It finds nothing on the pictures as they are, which tells nothing."
        )
    alike = [key for key, value in corrupted.items() if value is not None and value.estimate == clean.estimate]
    if len(alike) < _MANY_ALIKE:
        return Finding(name, title, Status.OK, "Corruptions of the pictures change what is found.")
    return Finding(
        name,
        title,
        Status.WARNING,
        f"mAP50 is {clean.estimate:.3g} on the pictures as they are and, to the last digit, under {', '.join(alike)}:"
        " the model reports the same boxes whatever it is shown.",
        "Train for longer, or start from pretrained weights; whatever gates are passed, they were passed by chance.",
    )


def _best_epoch(evidence: Evidence) -> Finding:
    name, title = "best_epoch", "The best epoch is not the last one"
    best, epochs = (evidence.find("training", key) for key in ("best_epoch", "epochs_run"))
    if best is None or epochs is None:
        return Finding(name, title, Status.UNKNOWN, "The training does not say which epoch was its best.")
    if epochs == 1:
        return Finding(name, title, Status.UNKNOWN, "There was one epoch only.")
    if best < epochs:
        return Finding(name, title, Status.OK, f"The best of {epochs} epochs is number {best}.")
    return Finding(
        name,
        title,
        Status.WARNING,
        f"The best of {epochs} epochs is the last one: the model was still getting better when the training ended.",
        f"Train for longer, for instance train.epochs={2 * epochs}.",
    )


def _val_and_test(evidence: Evidence) -> Finding:
    name, title = "val_and_test", "Val and test agree"
    pair = {split: as_interval(evidence.find("evaluation", "splits", split, "metrics", "mAP50-95")) for split in _PAIR}
    val, test = pair["val"], pair["test"]
    if val is None or test is None:
        return Finding(name, title, Status.UNKNOWN, "The model was not evaluated on both.")
    said = f"mAP50-95 is {val} on val and {test} on test"
    if val.low <= test.high and test.low <= val.high:
        return Finding(name, title, Status.OK, f"{said}: the intervals overlap.")
    meaning = "val was chosen by" if val.estimate > test.estimate else "test is the easier one"
    return Finding(
        name,
        title,
        Status.WARNING,
        f"{said}: the intervals do not overlap. The splits are of different kinds, or {meaning}.",
        "Compare what the two splits show (src.prepare prints their boxes); draw them anew from one pool.",
    )


_PAIR = ("val", "test")


def _flags(evidence: Evidence) -> Finding:
    name, title = "training_flags", "The training raised no flag"
    flags = evidence.find("training", "flags")
    if flags is None:
        return Finding(name, title, Status.UNKNOWN, "The training does not say.")
    if not flags:
        return Finding(name, title, Status.OK, "It has no flag: Ultralytics changed no setting that matters.")
    said = " ".join(f"{flag['name']}: {flag['message']}" for flag in flags)
    return Finding(name, title, Status.WARNING, said, "Mend the settings that the flags name, and train again.")


def _may_hide(value: Interval, limit: float, images: int) -> bool:
    """Whether an interval without width is narrower than it should be by more than the distance to the limit.

    What did not occur in n cases may yet happen in 3 of n (Hanley and Lippman-Hand, If Nothing Goes Wrong, Is
    Everything All Right?, JAMA 1983).
    """
    return value.low == value.high and 3 / images > abs(value.estimate - limit)


def _width(value: Interval) -> float:
    return value.high - value.low
