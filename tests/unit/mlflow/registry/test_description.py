"""What the registry says about a version."""

import pytest

from src.mlflow.registry.candidate import Candidate
from src.mlflow.registry.description import ACCEPTED, REJECTED, gate_text, page_text, version_tags
from tests.unit.mlflow.registry.runs import facts, gate, interval


def test_a_version_says_what_it_rests_on():
    tags = version_tags(Candidate(**facts()), ACCEPTED)

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
        "imgsz": "320",
        "classes": "person, dog",
        "threshold": "0.4",
        "nms_iou": "0.6",
        "gate.F1": "passed: test/F1 more than 0.6, found 0.800 [0.700, 0.900]",
        "test/mAP50": "0.700 [0.600, 0.800]",
        "test/F1": "0.800 [0.700, 0.900]",
    }


def test_a_rejected_one_says_why():
    verdict = {"outcome": "undecided", "reasons": ["0 of 1 gates passed.", "Undecided: F1."]}
    candidate = Candidate(**facts(decision__verdict=verdict))
    tags = version_tags(candidate, REJECTED)

    assert (tags["status"], tags["decision"]) == ("rejected", "undecided")
    assert tags["reason"] == "0 of 1 gates passed. Undecided: F1."
    assert "**Not for use** (undecided): 0 of 1 gates passed." in page_text("people", candidate, REJECTED)


def test_what_is_not_known_gets_no_tag():
    content = facts(decision__candidate__study=None, decision__candidate__trial=None)
    content["tags"].pop("mlflow.source.git.commit")

    assert {"study", "trial", "git.commit", "reason"}.isdisjoint(version_tags(Candidate(**content), ACCEPTED))


def test_without_a_test_split_the_figures_are_those_of_val():
    content = facts()
    del content["evaluation"]["splits"]["test"], content["threshold"]["test"]

    tags = version_tags(Candidate(**content), ACCEPTED)
    assert (tags["val/mAP50"], tags["val/F1"]) == ("0.700 [0.600, 0.800]", "0.850 [0.800, 0.900]")


@pytest.mark.parametrize(
    ("judged", "text"),
    [
        pytest.param(
            gate("epochs", metric="epochs", comparison="at_least", limit=50, value=interval(60, 60, 60), exact=True),
            "passed: epochs at least 50, found 60",
            id="counted",
        ),
        pytest.param(
            gate("recall", "undecided", value=None), "undecided: test/recall more than 0.6, not known", id="not known"
        ),
        pytest.param(
            gate("recall", "undecided", value=interval(0.5)),
            "undecided: test/recall more than 0.6, found 0.500",
            id="without interval",
        ),
    ],
)
def test_a_gate_is_told_with_its_figure(judged, text):
    assert gate_text(judged) == text


def test_the_page_shows_how_to_use_it():
    text = page_text("person-detector", Candidate(**facts()), ACCEPTED)

    assert 'mlflow.pyfunc.load_model("models:/person-detector/VERSION")' in text
    assert "Not for use" not in text
