from dataclasses import replace

import pytest

from src.core.interval import Interval
from src.decision.arguments import weigh
from src.decision.gates import judge
from src.decision.metrics import METRICS
from src.decision.verdict import reach
from src.documents.decision import Acceptance
from src.documents.findings import THRESHOLD, Finding, Status
from src.documents.gates import Comparison, Gate, JudgedGate, Judgement, Measurement, Samples
from src.documents.splits import BySplit
from src.documents.study_record import StudyTraining
from src.stages.decide.document import study_comparison
from src.study.comparison import compare
from tests.support import documents

WARNING = Finding("best_epoch", "The best epoch is not the last one", Status.WARNING, "It is.", "Train for longer.")


def gate(judgement, metric="test/recall"):
    estimate = {Judgement.PASSED: 0.9, Judgement.FAILED: 0.1, Judgement.UNDECIDED: 0.55}[judgement]
    measurement = Measurement(Interval(estimate, estimate - 0.1, estimate + 0.1), samples=100)
    return judge(Gate(f"mine {judgement}", metric, Comparison.MORE_THAN, 0.5), measurement)


PASSED, FAILED, UNDECIDED = (gate(judgement) for judgement in Judgement)
MISSING = judge(Gate("speed", "latency/p95_ms", Comparison.LESS_THAN, 50), Measurement.unknown("it was not measured."))


@pytest.mark.parametrize(
    ("gates", "outcome"),
    [
        pytest.param([PASSED, PASSED], Acceptance.ACCEPTED, id="all passed"),
        pytest.param([PASSED, UNDECIDED, FAILED], Acceptance.REJECTED, id="one failed"),
        pytest.param([PASSED, UNDECIDED], Acceptance.UNDECIDED, id="one undecided"),
        pytest.param([MISSING, PASSED], Acceptance.UNDECIDED, id="one not known"),
        pytest.param([], Acceptance.UNDECIDED, id="nothing to judge by"),
    ],
)
def test_the_verdict_follows_from_the_gates(gates, outcome):
    verdict = reach(gates, [])
    assert verdict.outcome == outcome
    assert verdict.reasons


def test_a_warning_changes_no_verdict_but_is_said_with_it():
    verdict = reach([PASSED], [WARNING])
    assert verdict.outcome == Acceptance.ACCEPTED
    assert "the best epoch is not the last one; accepted with reservations" in verdict.reasons[-1]
    assert "Train for longer." in verdict.next_steps


def test_a_model_without_a_threshold_is_rejected_whatever_it_passes():
    """There is nothing to deploy it with."""
    missing = Finding(THRESHOLD, "A threshold fulfils the criterion", Status.WARNING, "None does.", "Ask for less.")
    verdict = reach([PASSED], [missing])
    assert verdict.outcome == Acceptance.REJECTED
    assert "There is no threshold to deploy the model with." in verdict.reasons
    assert not any("Deploy it" in step for step in verdict.next_steps)


def test_next_steps_say_how_many_images_and_what_to_measure():
    verdict = reach([UNDECIDED, MISSING], [])
    assert "Enlarge the test set to about 330 to 2,400 images and run decide again." in verdict.next_steps
    assert "Measure latency/p95_ms, which speed asks for: it was not measured." in verdict.next_steps


def test_gates_with_the_same_remedy_share_it():
    steps = reach([FAILED, gate(Judgement.FAILED, "test/F1"), gate(Judgement.FAILED, "epochs")], []).next_steps
    assert [step.split(":")[0] for step in steps] == ["For mine failed, mine failed", "For mine failed"]


def test_a_single_failed_share_can_be_traded_for_the_other_one():
    """Not where both fail: there is nothing to trade."""
    precision = gate(Judgement.FAILED, "test/precision")
    assert "trades precision for it" in reach([FAILED, PASSED], []).next_steps[0]
    assert "trades" not in reach([FAILED, precision], []).next_steps[0]


@pytest.mark.parametrize("metric", METRICS)
def test_every_failed_gate_has_a_next_step_of_its_own(metric):
    measurement = Measurement(Interval(0.1, 0.0, 0.2), samples=10)
    failed = JudgedGate(Gate("mine", metric, Comparison.MORE_THAN, 0.5), measurement, Judgement.FAILED, "")
    (step,) = reach([failed], []).next_steps
    assert "mine" in step


def test_arguments_come_from_everything_that_was_measured():
    evidence = documents.evidence()
    trials = [
        StudyTraining(
            f"r{i}", i, {"train.lr0": str(i % 3), "train.seed": str(i)}, {"val/mAP50": 0.8 - 0.1 * (i % 3) + i / 1e4}
        )
        for i in range(6)
    ]
    alone = study_comparison(compare(trials, "val/mAP50", candidate=0))
    arguments = weigh(evidence, [PASSED, FAILED], [WARNING], alone)
    assert "Better than the starting weights in test mAP50-95 (+0.200 [+0.170, +0.230])." in arguments.pro
    assert any(sentence.startswith("No other setting of its study") for sentence in arguments.pro)
    assert any(sentence.startswith("The tuned threshold gives a better test F1") for sentence in arguments.pro)
    assert "It is." in arguments.contra
    scattered = [replace(each, metrics={"val/mAP50": 0.8 + 0.1 * (i > 3)}) for i, each in enumerate(trials)]
    among_equals = study_comparison(compare(scattered, "val/mAP50", candidate=0))
    contra = weigh(evidence, [], [], among_equals).contra
    assert any(sentence.startswith("Another setting of its study has a better mean") for sentence in contra)
    assert any(sentence.startswith("2 of 2 other settings") for sentence in contra)


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        pytest.param(Interval(-0.1, -0.2, -0.05), "Worse than not training at all", id="worse"),
        pytest.param(Interval(0.1, -0.2, 0.3), "No significant difference from the starting weights", id="unclear"),
    ],
)
def test_a_training_that_did_not_help_speaks_against(interval, said):
    evidence = documents.evidence()
    difference = replace(evidence.evaluation.difference.test, map50_95=interval)
    evaluation = replace(evidence.evaluation, difference=BySplit(test=difference))
    threshold = replace(evidence.threshold, test=None)
    contra = weigh(replace(evidence, evaluation=evaluation, threshold=threshold), [], [], None).contra
    assert [sentence.startswith(said) for sentence in contra] == [True]


def test_more_timings_are_no_larger_test_set():
    measurement = Measurement(Interval(49, 40, 60), samples=200, of=Samples.TIMINGS)
    slow = judge(Gate("speed", "latency/p95_ms", Comparison.LESS_THAN, 50), measurement)
    assert "timings in place of 200" in slow.reason
    assert reach([slow], []).next_steps == ("For speed: time more images (evaluate.latency_runs).",)
