"""What the registry says about a version."""

import math
from dataclasses import replace

import pytest

from src.core.interval import Interval
from src.documents.decision import Acceptance, Verdict
from src.documents.gates import Comparison, Gate, JudgedGate, Judgement, Measurement
from src.documents.splits import BySplit
from src.mlflow.registry.description import ACCEPTED, REJECTED, gate_text, page_text, version_tags
from tests.support import documents
from tests.support.registry import candidate

DECISION, EVALUATION = documents.decision(), documents.evaluation()


def test_a_version_says_what_it_rests_on():
    tags = version_tags(candidate(), ACCEPTED)

    assert tags == {
        "status": "accepted",
        "decision": "accepted",
        "data.name": "people",
        "data.digest": "d" * 64,
        "git.commit": "c" * 40,
        "git.dirty": "false",
        "study": "people",
        "trial": "7",
        "weights.sha256": "a" * 64,
        "imgsz": "416",
        "classes": "person, dog",
        "threshold": "0.31",
        "nms_iou": "0.6",
        "gate.F1": "passed: test/F1 more than 0.6, found 0.800 [0.700, 0.900]",
        "test/mAP50": "0.820 [0.790, 0.850]",
        "test/mAP50-95": "0.610 [0.590, 0.630]",
        "test/precision": "0.820 [0.790, 0.850]",
        "test/recall": "0.780 [0.750, 0.810]",
        "test/F1": "0.800 [0.770, 0.830]",
    }


def test_a_rejected_one_says_why():
    verdict = Verdict(Acceptance.UNDECIDED, ("0 of 1 gates passed.", "Undecided: F1."), ())
    undecided = candidate(decision=replace(DECISION, verdict=verdict))
    tags = version_tags(undecided, REJECTED)

    assert (tags["status"], tags["decision"]) == ("rejected", "undecided")
    assert tags["reason"] == "0 of 1 gates passed. Undecided: F1."
    assert "**Not for use** (undecided): 0 of 1 gates passed." in page_text("people", undecided, REJECTED)


def test_what_is_not_known_gets_no_tag():
    judged = replace(DECISION.candidate, study=None, trial=None)
    found = candidate(decision=replace(DECISION, candidate=judged), tags={"data.digest": documents.DATA.digest})

    assert {"study", "trial", "git.commit", "reason"}.isdisjoint(version_tags(found, ACCEPTED))


def test_without_a_test_split_the_metrics_are_those_of_val():
    evaluation = replace(EVALUATION, splits=BySplit(val=EVALUATION.splits.val))

    tags = version_tags(candidate(evaluation=evaluation), ACCEPTED)
    assert (tags["val/mAP50"], tags["val/F1"]) == ("0.840 [0.810, 0.870]", "0.820 [0.790, 0.850]")


def test_without_a_threshold_there_are_no_metrics_at_one():
    judged = replace(DECISION.candidate, threshold=None, iou=None)
    found = candidate(decision=replace(DECISION, candidate=judged), threshold=documents.infeasible())

    assert {"test/precision", "test/recall", "test/F1"}.isdisjoint(version_tags(found, REJECTED))


@pytest.mark.parametrize(
    ("judged", "text"),
    [
        pytest.param(
            JudgedGate(
                Gate("epochs", "epochs", Comparison.AT_LEAST, 50), Measurement.counted(60), Judgement.PASSED, ""
            ),
            "passed: epochs at least 50, found 60",
            id="counted",
        ),
        pytest.param(
            replace(
                documents.gate("recall", Judgement.UNDECIDED), measurement=Measurement.unknown("it was not measured.")
            ),
            "undecided: test/recall more than 0.6, not known",
            id="not known",
        ),
        pytest.param(
            replace(
                documents.gate("recall", Judgement.UNDECIDED),
                measurement=Measurement(Interval(0.5, math.nan, math.nan)),
            ),
            "undecided: test/recall more than 0.6, found 0.500",
            id="without interval",
        ),
    ],
)
def test_a_gate_is_told_with_what_was_measured(judged, text):
    assert gate_text(judged) == text


def test_the_page_shows_how_to_use_it():
    text = page_text("person-detector", candidate(), ACCEPTED)

    assert 'mlflow.pyfunc.load_model("models:/person-detector/VERSION")' in text
    assert "Not for use" not in text
