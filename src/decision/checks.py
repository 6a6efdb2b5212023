"""The sanity checklist: what makes a value mean something else than it says, looked at before any gate.

No check stops the report. A finding says what was found, what it means and what to do.
"""

import math
from collections.abc import Sequence

from src.core.interval import Interval
from src.decision.metrics import known, measure
from src.decision.overlap import check_overlap
from src.documents.codec import by_name
from src.documents.evidence import Evidence
from src.documents.findings import THRESHOLD, Finding, Status
from src.documents.gates import Gate, Samples
from src.documents.manifest import Manifest
from src.documents.study_record import StudyTraining
from src.study.repeats import check_repeats

LOW_PRECISION = 0.10
_MANY_ALIKE = 3  # corruptions that leave a value as it was to the last digit


def checklist(
    evidence: Evidence, gates: Sequence[Gate], trials: Sequence[StudyTraining] | None, data: Manifest | str
) -> tuple[Finding, ...]:
    """All checks.

    Args:
        evidence: What the stages measured.
        gates: What the model will be judged by.
        trials: Of the candidate's study; None where they are not available.
        data: What it was trained and judged on, or why that is not available.
    """
    return (
        _threshold(evidence),
        _precision(evidence),
        check_repeats(trials),
        _test_size(evidence, gates),
        check_overlap(data),
        _steps(evidence),
        _best_epoch(evidence),
        _looks(evidence),
        _val_and_test(evidence),
        _flags(evidence),
    )


def _threshold(evidence: Evidence) -> Finding:
    """An infeasible criterion leaves no operating point, and so nothing that could be deployed."""
    name, title = THRESHOLD, "A threshold fulfils the criterion"
    threshold = evidence.threshold
    if (chosen := threshold.chosen) is not None:
        sentence = f"{threshold.criterion}: {chosen.score:.3g} at NMS IoU {chosen.iou}."
        return Finding(name, title, Status.OK, sentence)
    sentence = f"No threshold fulfils the criterion '{threshold.criterion}': {threshold.reason or 'no reason'}"
    if threshold.nearest is not None:
        nearest = ", ".join(f"{key} {value:.3g}" for key, value in by_name(threshold.nearest).items())
        sentence += f" The nearest point on val: {nearest}."
    action = "Ask for less (threshold.*), or train a better model; there is no threshold to deploy this one with."
    return Finding(name, title, Status.WARNING, sentence, action)


def _precision(evidence: Evidence) -> Finding:
    """A precision below 10 % says something about the threshold far more often than about the model."""
    name, title = "low_precision", "Precision is not an artefact of the threshold"
    chosen, test = evidence.threshold.chosen, evidence.threshold.test
    points = None if test is None else (test.tuned, test.default)
    if chosen is None or points is None or any(p is None or known(p.recall) is None for p in points):
        return Finding(name, title, Status.UNKNOWN, "Nothing was measured on a test split at the tuned threshold.")
    # Where nothing is detected, precision is undefined, and recall is 0.
    tuned, default = (None if p is None else known(p.precision) for p in points)
    reported = None if evidence.threshold.ultralytics is None else evidence.threshold.ultralytics.precision
    score = chosen.score
    said = f"Precision is {_percent(tuned)} at the tuned threshold {score:.3g}, {_percent(default)} at the default 0.25"
    said += "." if reported is None else f", {reported:.1%} as Ultralytics reports it."
    if tuned is None or tuned.estimate < LOW_PRECISION:
        sentence = f"{said} At the threshold that suits the criterion best, that is: the model learnt next to nothing."
        action = "Look at the training curves and labels, and train for longer."
        return Finding(name, title, Status.WARNING, sentence, action)
    if default is None or min(default.estimate, 1.0 if reported is None else reported) < LOW_PRECISION:
        sentence = f"{said} A precision that low belongs to the threshold that it was read at, not to the model."
        action = (
            "Use the model with the tuned threshold only, and quote no precision without the threshold it was read at."
        )
        return Finding(name, title, Status.WARNING, sentence, action)
    return Finding(name, title, Status.OK, said)


def _percent(precision: Interval | None) -> str:
    return "undefined (nothing is detected)" if precision is None else f"{precision.estimate:.1%}"


def _test_size(evidence: Evidence, gates: Sequence[Gate]) -> Finding:
    """An interval that is wider than the distance to the limit leaves the gate to luck, or nearly so."""
    name, title = "test_set_size", "The test set is large enough for the gates"
    measured = [(gate, measure(gate.metric, evidence)) for gate in gates]
    sure = [(gate, m.value) for gate, m in measured if m.value is not None and m.samples and m.of is Samples.IMAGES]
    if not sure:
        return Finding(name, title, Status.UNKNOWN, "No gate has a value with an interval.")
    narrow = [gate.name for gate, value in sure if value.high - value.low > abs(value.estimate - gate.limit)]
    if not narrow:
        return Finding(
            name, title, Status.OK, "Every interval is narrower than the distance of its value to its limit."
        )
    said = f"The interval is wider than the distance to the limit for: {', '.join(narrow)}."
    said += f" There are {evidence.test.images:,} test images." if evidence.test else " There is no test split."
    return Finding(name, title, Status.WARNING, said, "Label more test images before relying on these gates.")


def _steps(evidence: Evidence) -> Finding:
    name, title = "optimizer_steps", "Every epoch had an optimizer step"
    steps, epochs = evidence.training.optimizer_steps, evidence.training.epochs_run
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
    clean = None if evidence.test is None else known(evidence.test.metrics.map50)
    corrupted = {key: found.map50 for key, found in evidence.evaluation.robustness.items()}
    if clean is None or len(corrupted) < _MANY_ALIKE:
        sentence = "There is no test set, or it was evaluated under too few corruptions to tell."
        return Finding(name, title, Status.UNKNOWN, sentence)
    if not clean.estimate:
        return Finding(
            name, title, Status.UNKNOWN, "It finds nothing on the pictures as they are, which tells nothing."
        )
    alike = [key for key, value in corrupted.items() if value.estimate == clean.estimate]
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
    best, epochs = evidence.training.best_epoch, evidence.training.epochs_run
    if best is None:
        return Finding(name, title, Status.UNKNOWN, "No epoch was validated, so that none is known to be the best.")
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
    splits = evidence.evaluation.splits
    val, test = (None if split is None else known(split.metrics.map50_95) for split in (splits.val, splits.test))
    if val is None or test is None:
        return Finding(name, title, Status.UNKNOWN, "The model was not evaluated on both.")
    said = f"mAP50-95 is {val} on val and {test} on test"
    if any(map(math.isnan, (val.low, val.high, test.low, test.high))):
        return Finding(name, title, Status.UNKNOWN, f"{said}: too few images to say how uncertain that is.")
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


def _flags(evidence: Evidence) -> Finding:
    name, title = "training_flags", "The training raised no flag"
    flags = evidence.training.flags
    if not flags:
        return Finding(name, title, Status.OK, "It has no flag: Ultralytics changed no setting that matters.")
    said = " ".join(f"{flag.name}: {flag.message}" for flag in flags)
    return Finding(name, title, Status.WARNING, said, "Mend the settings that the flags name, and train again.")
