"""A candidate hangs together, or is refused."""

import pytest

from src.core.errors import RegistryError
from src.mlflow.registry.candidate import Candidate
from tests.unit.mlflow.registry.runs import facts


def test_a_run_that_hangs_together_is_a_candidate():
    candidate = Candidate(**facts())

    assert candidate.is_accepted
    assert (candidate.split, candidate.class_names, candidate.imgsz) == ("test", ("person", "dog"), 320)
    assert (candidate.confidence, candidate.iou) == (0.4, 0.6)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param(
            {"decision__candidate__data": {"digest": "e" * 64}},
            r"decision in run run-1 is about another data \(eeeeeeeeeeee…\) than the run's \(dddddddddddd…\)",
            id="a decision about other data",
        ),
        pytest.param({"tags": {}}, r"another data .* \(not known\)", id="a run that does not say which data"),
        pytest.param({"decision__candidate__run_id": "run-2"}, "another run", id="a decision about another run"),
        pytest.param({"evaluation__data__digest": "e"}, "evaluation .* another data", id="an evaluation on other data"),
        pytest.param(
            {"evaluation__weights_sha256": "b" * 64}, "evaluation .* another weights", id="an evaluation of others"
        ),
        pytest.param({"weights_sha256": "b" * 64}, "another weights", id="weights changed after the evaluation"),
        pytest.param(
            {"decision__candidate__weights_sha256": None},
            r"decision .* another weights \(not known\)",
            id="a decision that does not say which weights",
        ),
        pytest.param({"threshold__score": 0.5}, "another threshold", id="a threshold chosen after the decision"),
        pytest.param({"threshold__iou": 0.7}, "another NMS IoU", id="an IoU chosen after the decision"),
    ],
)
def test_what_does_not_belong_together_is_refused(changed, message):
    with pytest.raises(RegistryError, match=message):
        Candidate(**facts(**changed))


def test_a_run_that_the_store_named_late_is_known_by_its_provisional_key():
    content = facts(decision__candidate__run_id="pending-1")
    content["tags"]["tracking.key"] = "pending-1"

    assert Candidate(**content).run_id == "run-1"


def test_classes_may_have_thresholds_of_their_own():
    per_class = {"person": {"score": 0.3, "reason": ""}, "dog": {"score": 0.6, "reason": ""}}

    assert Candidate(**facts(threshold__per_class=per_class)).confidence == {"person": 0.3, "dog": 0.6}


def test_without_a_threshold_it_is_run_as_ultralytics_would():
    none = {"score": None, "iou": None, "test": {"tuned": None}}
    candidate = Candidate(**facts(threshold=none, decision__candidate__threshold=None, decision__candidate__iou=None))

    assert (candidate.confidence, candidate.iou) == (0.25, 0.7)


def test_without_a_test_split_val_counts():
    content = facts()
    del content["evaluation"]["splits"]["test"]

    assert Candidate(**content).split == "val"
