"""A candidate hangs together, or is refused."""

from dataclasses import replace

import pytest

from src.core.errors import RegistryError
from src.documents.splits import BySplit, DataSet
from src.documents.threshold import ClassThreshold
from tests.support import documents
from tests.support.registry import candidate

OTHER_DATA = DataSet("others", "e" * 64)
DECISION, EVALUATION, CHOSEN = documents.decision(), documents.evaluation(), documents.threshold().chosen


def judged(**changed):
    """A decision about something else."""
    return replace(DECISION, candidate=replace(DECISION.candidate, **changed))


def chosen(**changed):
    """Another operating point."""
    return replace(documents.threshold(), chosen=replace(CHOSEN, **changed))


def test_a_run_that_hangs_together_is_a_candidate():
    found = candidate()

    assert found.is_accepted
    assert (found.split, found.class_names, found.imgsz) == ("test", ("person", "dog"), 416)
    assert (found.confidence, found.iou) == (0.31, 0.6)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param(
            {"decision": judged(data=OTHER_DATA)},
            rf"decision in run {documents.RUN_ID} is about another data \(eeeeeeeeeeee…\) than the run's"
            r" \(dddddddddddd…\)",
            id="a decision about other data",
        ),
        pytest.param({"tags": {}}, r"another data .* \(not known\)", id="a run that does not say which data"),
        pytest.param({"decision": judged(run_id="run-2")}, "another run", id="a decision about another run"),
        pytest.param(
            {"evaluation": replace(EVALUATION, data=replace(EVALUATION.data, digest="e"))},
            "evaluation .* another data",
            id="an evaluation on other data",
        ),
        pytest.param(
            {"evaluation": replace(EVALUATION, weights_sha256="b" * 64)},
            "evaluation .* another weights",
            id="an evaluation of others",
        ),
        pytest.param({"weights_sha256": "b" * 64}, "another weights", id="weights changed after the evaluation"),
        pytest.param(
            {"decision": judged(weights_sha256="b" * 64)},
            r"decision .* another weights \(bbbbbbbbbbbb…\)",
            id="a decision about other weights",
        ),
        pytest.param({"threshold": chosen(score=0.5)}, "another threshold", id="a threshold chosen after the decision"),
        pytest.param({"threshold": chosen(iou=0.7)}, "another NMS IoU", id="an IoU chosen after the decision"),
    ],
)
def test_what_does_not_belong_together_is_refused(changed, message):
    with pytest.raises(RegistryError, match=message):
        candidate(**changed)


def test_a_run_that_the_store_named_late_is_known_by_its_provisional_key():
    late = candidate(
        decision=judged(run_id="pending-1"), tags={"data.digest": documents.DATA.digest, "tracking.key": "pending-1"}
    )

    assert late.run_id == documents.RUN_ID


def test_classes_may_have_thresholds_of_their_own():
    own = {name: ClassThreshold(score, own=True, reason="") for name, score in (("person", 0.3), ("dog", 0.6))}

    assert candidate(threshold=chosen(per_class=own)).confidence == {"person": 0.3, "dog": 0.6}


def test_without_a_threshold_it_is_run_as_ultralytics_would():
    found = candidate(threshold=documents.infeasible(), decision=judged(threshold=None, iou=None))

    assert (found.confidence, found.iou) == (0.25, 0.7)


def test_without_a_test_split_val_counts():
    assert candidate(evaluation=replace(EVALUATION, splits=BySplit(val=EVALUATION.splits.val))).split == "val"
