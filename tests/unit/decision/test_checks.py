import pytest

from src.decision.checks import checklist
from src.decision.figures import Evidence
from src.decision.gates import Comparison, Gate
from src.decision.overlap import Overlap, Pair
from src.documents.findings import Status
from src.documents.study_record import StudyTraining
from tests.unit.decision import facts

GATES = [Gate("recall", "test/recall", Comparison.MORE_THAN, 0.65)]
NO_OVERLAP = Overlap((), (), 2900)


@pytest.fixture
def evidence():
    return Evidence(facts.training(), facts.evaluation(), facts.threshold(), facts.latency())


def trial(number, val, **params):
    metrics = {"val/mAP50": val, "val/mAP50-95": val / 2, "train/seconds": 10.0 + number}
    return StudyTraining(f"run{number}", number, {"data.name": "people", **params}, metrics)


def found(name, evidence, *, gates=GATES, trials=None, overlap=NO_OVERLAP):
    findings = {finding.name: finding for finding in checklist(evidence, gates, trials, overlap)}
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


def test_without_any_evidence_no_check_says_that_it_is_ok():
    findings = checklist(Evidence({}, {}, {}), GATES, None, "The data is not here.")
    assert {finding.status for finding in findings} == {Status.UNKNOWN}


def test_a_criterion_that_nothing_fulfils_is_said_with_the_nearest_point():
    threshold = facts.threshold() | {"feasible": False, "reason": "Precision stays below 0.9.", "score": None}
    threshold["nearest"] = {"score": 0.8123, "precision": 0.85}
    threshold["test"] |= {"tuned": None, "difference": None}
    finding = found("threshold", Evidence({}, {}, threshold))
    assert finding.status == Status.WARNING
    assert "Precision stays below 0.9. The nearest point on val: score 0.812, precision 0.85." in finding.sentence


def test_a_low_precision_at_the_default_threshold_is_the_thresholds_own(evidence):
    evidence.threshold["test"]["default"]["precision"] = facts.interval(0.008, 0.0, 0.02)
    finding = found("low_precision", evidence)
    assert finding.status == Status.WARNING
    assert "belongs to the threshold" in finding.sentence
    assert "82.0% at the tuned threshold 0.31, 0.8% at the default 0.25" in finding.sentence


def test_a_default_threshold_that_finds_nothing_is_an_artefact_too(evidence):
    """Precision is undefined then, which the stages write as null."""
    evidence.threshold["test"]["default"] |= {
        "precision": facts.interval(None, None, None),
        "recall": facts.interval(0.0, 0.0, 0.0),
    }
    finding = found("low_precision", evidence)
    assert finding.status == Status.WARNING
    assert "undefined (nothing is detected) at the default 0.25" in finding.sentence
    assert "belongs to the threshold" in finding.sentence


def test_a_low_precision_that_ultralytics_reports_is_an_artefact_too(evidence):
    """0.87 % is what it reports when all scores are small."""
    evidence.threshold["ultralytics"]["precision"] = 0.0087
    assert "belongs to the threshold" in found("low_precision", evidence).sentence


@pytest.mark.parametrize("precision", [facts.interval(0.05, 0.02, 0.09), facts.interval(None, None, None)])
def test_a_low_precision_at_the_tuned_threshold_is_the_models(evidence, precision):
    evidence.threshold["test"]["tuned"]["precision"] = precision
    assert "learnt next to nothing" in found("low_precision", evidence).sentence


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
    """The interval is 0.06 wide, the figure 0.05 from the limit."""
    gates = [*GATES, Gate("narrow", "test/recall", Comparison.MORE_THAN, 0.73)]
    finding = found("test_set_size", evidence, gates=gates)
    assert finding.status == Status.WARNING
    assert "narrow" in finding.sentence
    assert "recall," not in finding.sentence


@pytest.mark.parametrize(("images", "status"), [(8, Status.WARNING), (9, Status.OK)])
def test_an_interval_without_width_is_no_certainty_on_few_images(evidence, images, status):
    """The limit is 0.35 away; what none of 8 images shows may be true of three in eight."""
    evidence.threshold["test"]["tuned"]["recall"] = facts.interval(1.0, 1.0, 1.0)
    evidence.threshold["test"]["images"] = images
    finding = found("test_set_size", evidence)
    assert finding.status == status
    assert ("no width for: recall" in finding.sentence) is (status == Status.WARNING)


def test_a_picture_in_two_splits_is_shown(evidence):
    pair = Pair("images/train/a.jpg", "train", "images/test/b.jpg", "test")
    finding = found("split_overlap", evidence, overlap=Overlap((pair,), (pair, pair), 10))
    assert finding.status == Status.WARNING
    assert "1 pairs of equal files (train-test: 1)" in finding.sentence
    assert "2 pairs of near duplicates (train-test: 2), for instance images/train/a.jpg" in finding.sentence


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        pytest.param("optimizer_steps", {"optimizer_steps": 59}, "fewer than one an epoch", id="too few steps"),
        pytest.param("best_epoch", {"best_epoch": 60}, "the last one", id="not finished"),
        pytest.param(
            "training_flags", {"flags": [{"name": "few_steps", "message": "Only 5."}]}, "few_steps: Only 5.", id="flag"
        ),
    ],
)
def test_doubts_about_the_training_are_said(name, changes, said):
    evidence = Evidence({**facts.training(), **changes}, facts.evaluation(), facts.threshold())
    finding = found(name, evidence)
    assert finding.status == Status.WARNING
    assert said in finding.sentence
    assert finding.action


@pytest.mark.parametrize(
    ("corrupted", "status"),
    [
        pytest.param([0.7, 0.75, 0.6], Status.OK, id="each corruption changes something"),
        pytest.param([0.82, 0.82, 0.6], Status.OK, id="two that change nothing may be mild"),
        pytest.param([0.82, 0.82, 0.6, 0.82], Status.WARNING, id="the picture does not matter"),
        pytest.param([0.7, 0.75], Status.UNKNOWN, id="too few corruptions"),
        pytest.param([], Status.UNKNOWN, id="no corruptions"),
    ],
)
def test_a_model_that_does_not_look_is_found_out(evidence, corrupted, status):
    evidence.evaluation["robustness"] = {
        f"corruption {index}": {"mAP50": facts.interval(value, 0, 1)} for index, value in enumerate(corrupted)
    }
    assert found("looks_at_pictures", evidence).status == status


@pytest.mark.parametrize(
    ("test", "status"), [(0.61, Status.OK), (0.575, Status.WARNING), (0.665, Status.WARNING), (0.59, Status.OK)]
)
def test_val_and_test_agree_when_their_intervals_overlap(evidence, test, status):
    evidence.evaluation["splits"]["test"] = facts.split(500, 0.8, test)
    assert found("val_and_test", evidence).status == status


def test_a_model_that_finds_nothing_cannot_be_said_to_look(evidence):
    evidence.evaluation["splits"]["test"]["metrics"]["mAP50"] = facts.interval(0.0, 0.0, 0.0)
    evidence.evaluation["robustness"] = {name: {"mAP50": facts.interval(0.0, 0.0, 0.0)} for name in ("a", "b", "c")}
    assert found("looks_at_pictures", evidence).status == Status.UNKNOWN


def test_one_epoch_says_nothing_about_the_next():
    evidence = Evidence({**facts.training(), "best_epoch": 1, "epochs_run": 1}, {}, {})
    assert found("best_epoch", evidence).status == Status.UNKNOWN
