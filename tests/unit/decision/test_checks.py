from dataclasses import replace

import pytest

from src.core.interval import Interval
from src.decision.checks import checklist
from src.documents.evaluation import Corrupted
from src.documents.findings import Status
from src.documents.gates import Comparison, Gate
from src.documents.splits import BySplit
from src.documents.study_record import StudyTraining
from src.documents.training import Flag
from tests.support import documents
from tests.support.documents import UNDEFINED

GATES = [Gate("recall", "test/recall", Comparison.MORE_THAN, 0.65)]
DATA = replace(documents.manifest(), near_duplicates=())


@pytest.fixture
def evidence():
    return documents.evidence()


def with_threshold(evidence, **changed):
    """Other contents of `threshold.json`."""
    return replace(evidence, threshold=replace(evidence.threshold, **changed))


def with_test(evidence, **changed):
    """Other metrics on test in `threshold.json`."""
    return with_threshold(evidence, test=replace(evidence.threshold.test, **changed))


def with_evaluation(evidence, **changed):
    """Other contents of `evaluation.json`."""
    return replace(evidence, evaluation=replace(evidence.evaluation, **changed))


def corrupted(*map50):
    """The test set under corruptions, by number."""
    return {f"corruption {i}": Corrupted("much", Interval(value, 0, 1), UNDEFINED) for i, value in enumerate(map50)}


def trial(number, val, **params):
    metrics = {"val/mAP50": val, "val/mAP50-95": val / 2, "train/seconds": 10.0 + number}
    return StudyTraining(f"run{number}", number, {"data.name": "people", **params}, metrics)


def found(name, evidence, *, gates=GATES, trials=None, data=DATA):
    findings = {finding.name: finding for finding in checklist(evidence, gates, trials, data)}
    return findings[name]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("threshold", Status.OK),
        ("low_precision", Status.OK),
        ("identical_results", Status.UNKNOWN),
        ("test_set_size", Status.OK),
        ("split_overlap", Status.OK),
        ("optimizer_steps", Status.OK),
        ("best_epoch", Status.OK),
        ("val_and_test", Status.OK),
        ("training_flags", Status.OK),
    ],
)
def test_a_fair_model_raises_no_warning(evidence, name, status):
    assert found(name, evidence).status == status


def test_what_was_not_measured_is_no_check_that_is_ok():
    """There is neither a test split nor a corruption, and no epoch was validated."""
    evidence = documents.without_test()
    evidence = replace(evidence, training=replace(evidence.training, best_epoch=None))
    unknown = {
        finding.name
        for finding in checklist(evidence, GATES, None, "The data is not here.")
        if finding.status == Status.UNKNOWN
    }
    assert unknown == {
        *("low_precision", "identical_results", "test_set_size", "split_overlap", "best_epoch"),
        *("looks_at_pictures", "val_and_test"),
    }


def test_a_criterion_that_nothing_fulfils_is_said_with_the_nearest_point(evidence):
    finding = found("threshold", replace(evidence, threshold=documents.infeasible()))
    assert finding.status == Status.WARNING
    said = "Precision stays below 0.9. The nearest point on val: score 0.812, iou 0.7, precision 0.85, recall 0.1,"
    assert said in finding.sentence


def test_a_low_precision_at_the_default_threshold_is_the_thresholds_own(evidence):
    default = replace(evidence.threshold.test.default, precision=Interval(0.008, 0.0, 0.02))
    finding = found("low_precision", with_test(evidence, default=default))
    assert finding.status == Status.WARNING
    assert "belongs to the threshold" in finding.sentence
    assert "82.0% at the tuned threshold 0.31, 0.8% at the default 0.25" in finding.sentence


def test_a_default_threshold_that_finds_nothing_is_an_artefact_too(evidence):
    """Precision is undefined then."""
    default = replace(evidence.threshold.test.default, precision=UNDEFINED, recall=Interval(0.0, 0.0, 0.0))
    finding = found("low_precision", with_test(evidence, default=default))
    assert finding.status == Status.WARNING
    assert "undefined (nothing is detected) at the default 0.25" in finding.sentence
    assert "belongs to the threshold" in finding.sentence


def test_a_low_precision_that_ultralytics_reports_is_an_artefact_too(evidence):
    """0.87 % is what it reports when all scores are small."""
    reported = replace(evidence.threshold.ultralytics, precision=0.0087)
    assert "belongs to the threshold" in found("low_precision", with_threshold(evidence, ultralytics=reported)).sentence


@pytest.mark.parametrize("precision", [Interval(0.05, 0.02, 0.09), UNDEFINED])
def test_a_low_precision_at_the_tuned_threshold_is_the_models(evidence, precision):
    tuned = replace(evidence.threshold.test.tuned, precision=precision)
    assert "learnt next to nothing" in found("low_precision", with_test(evidence, tuned=tuned)).sentence


@pytest.mark.parametrize(
    ("others", "status", "said"),
    [
        pytest.param({}, Status.OK, "No two of 3 runs", id="different"),
        pytest.param({"train.lr0": "0.02"}, Status.WARNING, "2 of 4 runs", id="a setting without effect"),
        pytest.param(
            {"train.lr0": "0.01", "train.seed": "1"}, Status.WARNING, "train.seed", id="a seed without effect"
        ),
        pytest.param({"train.lr0": "0.01"}, Status.OK, "No two of 4 runs", id="a plain repetition"),
    ],
)
def test_results_equal_to_the_last_digit_are_suspicious(evidence, others, status, said):
    trials = [trial(0, 0.398, **{"train.lr0": "0.01"}), trial(1, 0.5), trial(2, 0.6)]
    if others:
        trials.append(trial(3, 0.398, **others))
    finding = found("identical_results", evidence, trials=trials)
    assert finding.status == status
    assert said in finding.sentence


def test_a_difference_in_the_last_digit_is_a_difference(evidence):
    trials = [trial(0, 0.4, **{"train.lr0": "0.01"}), trial(1, 0.4 + 1e-16, **{"train.lr0": "0.02"})]
    assert 0.4 != 0.4 + 1e-16
    assert found("identical_results", evidence, trials=trials).status == Status.OK


def test_runs_that_all_learnt_nothing_are_called_so(evidence):
    trials = [trial(number, 0.0, **{"train.lr0": str(number)}) for number in range(3)]
    finding = found("identical_results", evidence, trials=trials)
    assert finding.status == Status.WARNING
    assert "learnt nothing" in finding.action


def test_a_test_set_too_small_for_a_gate_is_named(evidence):
    """The interval is 0.06 wide, the value 0.05 from the limit."""
    gates = [*GATES, Gate("narrow", "test/recall", Comparison.MORE_THAN, 0.73)]
    finding = found("test_set_size", evidence, gates=gates)
    assert finding.status == Status.WARNING
    assert "narrow" in finding.sentence
    assert "recall," not in finding.sentence


def test_a_picture_in_two_splits_is_shown(evidence):
    pairs = (("train/a.jpg", "test/b.jpg"), ("train/c.jpg", "val/d.jpg"), ("train/e.jpg", "test/f.jpg"))
    finding = found("split_overlap", evidence, data=replace(DATA, near_duplicates=pairs))
    assert finding.status == Status.WARNING
    assert "3 pairs of near duplicates (train-test: 2, train-val: 1)" in finding.sentence
    assert "for instance train/a.jpg and test/b.jpg" in finding.sentence


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        pytest.param("optimizer_steps", {"optimizer_steps": 59}, "fewer than one an epoch", id="too few steps"),
        pytest.param("best_epoch", {"best_epoch": 60}, "the last one", id="not finished"),
        pytest.param("training_flags", {"flags": (Flag("few_steps", "Only 5."),)}, "few_steps: Only 5.", id="flag"),
    ],
)
def test_doubts_about_the_training_are_said(evidence, name, changes, said):
    finding = found(name, replace(evidence, training=replace(evidence.training, **changes)))
    assert finding.status == Status.WARNING
    assert said in finding.sentence
    assert finding.action


@pytest.mark.parametrize(
    ("map50", "status"),
    [
        pytest.param([0.7, 0.75, 0.6], Status.OK, id="each corruption changes something"),
        pytest.param([0.82, 0.82, 0.6], Status.OK, id="two that change nothing may be mild"),
        pytest.param([0.82, 0.82, 0.6, 0.82], Status.WARNING, id="the picture does not matter"),
        pytest.param([0.7, 0.75], Status.UNKNOWN, id="too few corruptions"),
        pytest.param([], Status.UNKNOWN, id="no corruptions"),
    ],
)
def test_a_model_that_does_not_look_is_found_out(evidence, map50, status):
    evidence = with_evaluation(evidence, robustness=corrupted(*map50))
    assert found("looks_at_pictures", evidence).status == status


@pytest.mark.parametrize(
    ("test", "status"), [(0.61, Status.OK), (0.575, Status.WARNING), (0.665, Status.WARNING), (0.59, Status.OK)]
)
def test_val_and_test_agree_when_their_intervals_overlap(evidence, test, status):
    splits = replace(evidence.evaluation.splits, test=documents.split(500, 0.8, test))
    assert found("val_and_test", with_evaluation(evidence, splits=splits)).status == status


def test_intervals_that_are_not_known_do_not_overlap_or_otherwise(evidence):
    """As of a model that finds nothing on few images."""
    test = evidence.evaluation.splits.test
    nothing = replace(test, metrics=replace(test.metrics, map50_95=Interval(0.0, float("nan"), float("nan"))))
    splits = replace(evidence.evaluation.splits, val=nothing, test=nothing)
    finding = found("val_and_test", with_evaluation(evidence, splits=splits))
    assert finding.status == Status.UNKNOWN
    assert "overlap" not in finding.sentence


def test_a_model_that_finds_nothing_cannot_be_said_to_look(evidence):
    test = evidence.evaluation.splits.test
    nothing = replace(test, metrics=replace(test.metrics, map50=Interval(0.0, 0.0, 0.0)))
    evidence = with_evaluation(evidence, splits=BySplit(test=nothing), robustness=corrupted(0.0, 0.0, 0.0))
    assert found("looks_at_pictures", evidence).status == Status.UNKNOWN


def test_one_epoch_says_nothing_about_the_next(evidence):
    evidence = replace(evidence, training=replace(evidence.training, best_epoch=1, epochs_run=1))
    assert found("best_epoch", evidence).status == Status.UNKNOWN
