import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from src.config.provenance import Provenance
from src.core.errors import DataError
from src.core.interval import Interval
from src.decision.options import DecideOptions
from src.documents.confirmation import Advantage, ConfirmationDocument, ConfirmedSetting
from src.documents.decision import Acceptance, Decision
from src.documents.gates import Comparison, Judgement, Samples, SamplesNeeded
from src.documents.splits import DataSet
from src.documents.study_record import StudyRecord, StudyTraining
from src.render.printed.decision import show
from src.stages.decide.stage import DecideJob, decide
from tests.support import documents

FULFILLED = {
    "recall": {"metric": "test/recall", "more_than": 0.65},
    "epochs": {"metric": "epochs", "at_least": 50},
    "latency": {"metric": "latency/p95_ms", "less_than": 50},
}


def training(number, value, **params):
    metrics = {"val/mAP50-95": value, "val/mAP50": value + 0.2, "untrained/val/mAP50-95": 0.4}
    return StudyTraining(f"run{number}", number, params, metrics, 60.0)


TRAININGS = (
    training(0, 0.50, **{"train.lr0": "0.01", "train.seed": "0"}),
    training(1, 0.61, **{"train.lr0": "0.002", "train.seed": "0"}),
    training(2, 0.63, **{"train.lr0": "0.002", "train.seed": "1"}),
)


@pytest.fixture
def job(tmp_path):
    """A job about the made-up stages; its gates are fulfilled."""

    def make(gates=None, provenance=Provenance(), **replaced):  # noqa: B008
        documents.write_stages(tmp_path, **replaced)
        options = DecideOptions(
            training=str(tmp_path / "train"),
            evaluation=str(tmp_path / "evaluate"),
            threshold=str(tmp_path / "tune_threshold"),
            gates=FULFILLED if gates is None else gates,
        )
        return DecideJob(options, tmp_path / "data", tmp_path / "decide", provenance)

    return make


@pytest.fixture
def frozen(tmp_path):
    """Freeze what the study of the candidate had found; returns where a configuration came from."""

    def make(*trainings, trial=1, objective="val/mAP50-95", confirmation=None, study="people"):
        record = StudyRecord("people", objective, True, trainings, confirmation)
        return Provenance(study=study, trial=trial, study_record=str(record.write(tmp_path)))

    return make


def written(job) -> Decision:
    return Decision.read(job.folder)


def test_a_model_that_fulfils_all_gates_is_accepted(job):
    outcome = decide(job())
    assert outcome.decision.verdict.outcome == Acceptance.ACCEPTED
    assert outcome.metrics == {"decide/passed": 3, "decide/failed": 0, "decide/undecided": 0}
    assert json.loads((outcome.folder / "metrics.json").read_text()) == outcome.metrics


def test_a_rejected_model_is_reported_like_any_other(job):
    made = job({**FULFILLED, "precision": {"metric": "test/precision", "more_than": 0.9}})
    outcome = decide(made)
    assert outcome.decision.verdict.outcome == Acceptance.REJECTED
    assert written(made).verdict == outcome.decision.verdict
    assert sorted(path.name for path in made.folder.iterdir()) == [
        "decision.html",
        "decision.json",
        "decision.md",
        "metrics.json",
    ]


def test_the_document_says_what_the_gate_was_judged_on(job):
    made = job({"recall": {"metric": "test/recall", "more_than": 0.77}})
    decide(made)
    (judged,) = written(made).gates
    measurement = judged.measurement
    assert measurement.value == Interval(0.78, 0.75, pytest.approx(0.81))
    assert (measurement.samples, measurement.of) == (500, Samples.IMAGES)
    assert (judged.judgement, judged.samples_needed) == (Judgement.UNDECIDED, SamplesNeeded(2494, 19293))
    assert (judged.gate.comparison, judged.gate.limit) == (Comparison.MORE_THAN, 0.77)


def test_what_was_not_measured_is_undecided_and_no_error(job):
    """No latency of ONNX, no test split, no starting weights."""
    evidence = documents.without_test()
    metrics = ("test/recall", "test/mAP50", "latency/p95_ms", "over_untrained/mAP50-95", "robustness/recall")
    gates = {f"gate{i}": {"metric": metric, "at_least": 0} for i, metric in enumerate(metrics)}
    made = job(gates, evaluation=evidence.evaluation, threshold=evidence.threshold, latency=evidence.latency)
    outcome = decide(replace(made, options=replace(made.options, backend="onnx")))
    assert outcome.decision.verdict.outcome == Acceptance.UNDECIDED
    assert outcome.metrics["decide/undecided"] == len(metrics)


def test_an_infeasible_threshold_is_no_error(job):
    outcome = decide(job(threshold=documents.infeasible()))
    assert any("no threshold fulfils the criterion" in reason for reason in outcome.decision.verdict.reasons)


def test_the_same_inputs_give_the_same_bytes(job, frozen):
    made = job(provenance=frozen(*TRAININGS))
    decide(made)
    first = {path.name: path.read_bytes() for path in made.folder.iterdir()}
    decide(made)
    assert {path.name: path.read_bytes() for path in made.folder.iterdir()} == first
    assert not re.search(rb"20\d\d-\d\d-\d\d", b"".join(first.values()))


def test_the_candidate_is_compared_with_the_runners_up_of_its_study(job, frozen):
    made = job(provenance=frozen(*TRAININGS))
    decide(made)
    comparison = written(made).comparison
    assert comparison.candidate == 0
    assert [setting.run_ids for setting in comparison.settings] == [("run1", "run2"), ("run0",)]
    assert (
        "| **1** | **lr0=0.002 (candidate)** | **2** | **0.6200 ± 0.0141** |"
        in (made.folder / "decision.md").read_text()
    )


def test_without_repeats_nothing_says_what_is_noise(job, frozen):
    """However far the other setting is away: what another seed would do is not known."""
    outcome = decide(job(provenance=frozen(*TRAININGS[:2])))
    assert "No setting was repeated" in outcome.decision.comparison.judged_by
    assert outcome.decision.comparison.settings[1].within_noise is None


def test_where_less_is_better_the_study_says_so(job, frozen, tmp_path):
    provenance = frozen(*TRAININGS)
    record = StudyRecord.read(tmp_path)
    replace(record, maximize=False).write(tmp_path)
    assert decide(job(provenance=provenance)).decision.comparison.candidate == 1


def test_a_record_that_is_not_there_costs_the_comparison_only(job, caplog):
    made = job(provenance=Provenance(study="people", trial=1, study_record="elsewhere/study.json"))
    assert decide(made).decision.verdict.outcome == Acceptance.ACCEPTED
    assert "There is no elsewhere/study.json: run `python -m src.freeze`" in written(made).no_comparison
    assert "goes without the runners-up" in caplog.text


def test_a_record_of_another_study_is_not_mixed_in(job, frozen):
    assert (
        "not others: freeze again" in decide(job(provenance=frozen(*TRAININGS, study="others"))).decision.no_comparison
    )


@pytest.mark.parametrize(
    ("trainings", "said"),
    [
        pytest.param([], "No trial of the study people has a value of val/F1", id="none finished"),
        pytest.param(TRAININGS, "has a value of val/F1", id="no metric"),
    ],
)
def test_a_study_without_comparable_trials_is_said_so(job, frozen, trainings, said):
    assert said in decide(job(provenance=frozen(*trainings, objective="val/F1"))).decision.no_comparison


def test_without_a_study_there_are_no_runners_up(job):
    assert "not frozen from a study" in decide(job()).decision.no_comparison


def test_a_candidate_that_is_not_among_the_trials_is_said_so(job, frozen):
    made = job(provenance=frozen(*TRAININGS, trial=3))
    decide(made)
    assert written(made).comparison.candidate is None
    assert "trial is not among the finished ones" in (made.folder / "decision.md").read_text()


def test_a_setting_that_did_not_survive_the_confirmation_is_a_warning(job, frozen):
    """It is found by its parameters, whichever of its trials was frozen; the page and the next steps say it."""
    lead = Advantage(Interval(0.05, 0.02, 0.08), 0.99, ("images", "seeds"))
    settings = (
        ConfirmedSetting(1, {"train.lr0": 0.002}, 0.62, {"7": 0.5}, 0.5, None, 1, 0.5, lead),
        ConfirmedSetting(0, {"train.lr0": 0.01}, 0.50, {"7": 0.55}, 0.55, None, 1, 0.55, None),
    )
    confirmation = ConfirmationDocument(
        "people",
        "val/mAP50-95",
        "val/mAP50-95",
        (7,),
        (),
        winner=0,
        survived=False,
        settings=settings,
        over_untrained=None,
    )
    made = job(provenance=frozen(*TRAININGS, trial=2, confirmation=confirmation))
    outcome = decide(made)
    assert (outcome.decision.checks[-1].name, outcome.decision.checks[-1].status) == ("confirmed", "warning")
    page = (made.folder / "decision.html").read_text()
    assert "The setting of trial 2 did not survive the confirmation" in page
    assert "python -m src.freeze +study=people +trial=0" in page
    survived = decide(job(provenance=frozen(*TRAININGS, trial=0, confirmation=confirmation)))
    assert survived.decision.checks[-1].status == "ok"


def test_of_many_settings_the_best_are_shown_and_the_candidate(job, frozen):
    trainings = [training(number, 0.6 - number / 100, **{"train.lr0": str(number)}) for number in range(12)]
    made = job(provenance=frozen(*trainings, trial=11))
    decide(made)
    text = (made.folder / "decision.md").read_text()
    assert "| **12** | **lr0=11 (candidate)** |" in text
    assert "| 8 | lr0=7 |" in text
    assert "lr0=8" not in text
    assert "3 more settings" in text


@pytest.mark.parametrize(
    ("missing", "stage"),
    [("training", "src.train"), ("evaluation", "src.evaluate"), ("threshold", "src.tune_threshold")],
)
def test_a_missing_stage_is_named(job, missing, stage):
    with pytest.raises(DataError, match=re.escape(f"python -m {stage}")):
        decide(job(**{missing: None}))


def test_a_damaged_file_is_named(job, tmp_path):
    made = job()
    (tmp_path / "train" / "training.json").write_text("{")
    with pytest.raises(DataError, match=r"training\.json is no JSON"):
        decide(made)


def test_stages_about_different_data_are_not_mixed(job):
    training = replace(documents.training(), data=DataSet("others", "e" * 64))
    with pytest.raises(DataError, match="about other data"):
        decide(job(training=training))


def test_the_console_says_the_verdict_and_where_the_report_is(job, tmp_path):
    console = Console(record=True, width=120)
    gates = {
        **FULFILLED,
        "[b]odd[/b]": {"metric": "test/precision", "more_than": 0.9},
        "fast": {"metric": "latency/p95_ms", "less_than": 24.5},
    }
    training = replace(documents.training(), best_epoch=60)
    outcome = decide(job(gates, training=training))
    show(outcome.decision, outcome.folder, console)
    text = console.export_text()
    assert "Verdict: rejected" in text
    assert "[b]odd[/b]" in text
    assert "Warning: The best of 60 epochs is the last one" in text
    assert f"Report: {tmp_path / 'decide' / 'decision.html'}" in text
