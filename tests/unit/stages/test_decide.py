import json
import re

import pytest
from rich.console import Console

from src.config.provenance import Provenance
from src.core.errors import DataError, TrackingError
from src.decision.options import DecideOptions
from src.decision.verdict import Outcome
from src.mlflow.options import TrackingOptions
from src.mlflow.runs.study_runs import RecordedRun
from src.stages.decide import inputs as decide_inputs
from src.stages.decide.stage import DecideJob, decide
from src.stages.decide.table import show
from tests.unit.decision import facts

FULFILLED = {
    "recall": {"metric": "test/recall", "more_than": 0.65},
    "epochs": {"metric": "epochs", "at_least": 50},
    "latency": {"metric": "latency/p95_ms", "less_than": 50},
}
PROVENANCE = Provenance(study="people", trial=1, mlflow_run_id="study-run")


def run(number, value, status="FINISHED", **params):
    metrics = {"val/mAP50-95": value, "val/mAP50": value + 0.2, "untrained/val/mAP50-95": 0.4}
    tags = {"trial": str(number), "objective": "val/mAP50-95"}
    return RecordedRun(f"run{number}", f"trial {number}", status, params, metrics, tags, 60.0)


@pytest.fixture
def job(tmp_path):
    """A job about the made-up stages; its gates are fulfilled."""

    def make(gates=None, provenance=Provenance(), **replaced):  # noqa: B008
        facts.write_stages(tmp_path, **replaced)
        options = DecideOptions(
            training=str(tmp_path / "train"),
            evaluation=str(tmp_path / "evaluate"),
            threshold=str(tmp_path / "tune_threshold"),
            gates=FULFILLED if gates is None else gates,
        )
        return DecideJob(options, TrackingOptions(kind="none"), tmp_path / "data", tmp_path / "decide", provenance)

    return make


@pytest.fixture
def study(monkeypatch):
    """The runs of the study that the candidate came from."""
    runs = [
        run(0, 0.50, **{"train.lr0": "0.01", "train.seed": "0"}),
        run(1, 0.61, **{"train.lr0": "0.002", "train.seed": "0"}),
        run(2, 0.63, **{"train.lr0": "0.002", "train.seed": "1"}),
        run(3, 0.90, "KILLED", **{"train.lr0": "0.5", "train.seed": "0"}),
    ]
    monkeypatch.setattr(decide_inputs, "study_runs", lambda *_: tuple(runs))
    return runs


def written(job) -> dict:
    return json.loads((job.folder / "decision.json").read_text())


def test_a_model_that_fulfils_all_gates_is_accepted(job):
    outcome = decide(job())
    assert outcome.verdict.outcome == Outcome.ACCEPTED
    assert outcome.metrics == {"decide/passed": 3, "decide/failed": 0, "decide/undecided": 0}
    assert json.loads((outcome.folder / "metrics.json").read_text()) == outcome.metrics


def test_a_rejected_model_is_reported_like_any_other(job):
    made = job({**FULFILLED, "precision": {"metric": "test/precision", "more_than": 0.9}})
    outcome = decide(made)
    assert outcome.verdict.outcome == Outcome.REJECTED
    assert written(made)["verdict"]["outcome"] == "rejected"
    assert sorted(path.name for path in made.folder.iterdir()) == [
        "decision.html",
        "decision.json",
        "decision.md",
        "metrics.json",
    ]


def test_the_json_says_what_the_gate_was_judged_on(job):
    made = job({"recall": {"metric": "test/recall", "more_than": 0.77}})
    decide(made)
    (gate,) = written(made)["gates"]
    assert gate["value"] == {"estimate": 0.78, "low": 0.75, "high": pytest.approx(0.81)}
    assert (gate["judgement"], gate["samples"], gate["samples_of"]) == ("undecided", 500, "images")
    assert gate["samples_needed"] == 4500
    assert (gate["comparison"], gate["limit"]) == ("more_than", 0.77)


def test_what_was_not_measured_is_undecided_and_no_error(job):
    """No latency, no test split, no untrained weights."""
    evaluation, threshold = facts.evaluation(), facts.threshold()
    del evaluation["splits"]["test"]
    evaluation |= {"untrained": None, "difference": None, "robustness": {}}
    threshold |= {"test": None, "robustness": {}, "calibration": {}}
    metrics = ("test/recall", "test/mAP50", "latency/p95_ms", "over_untrained/mAP50-95", "robustness/recall")
    gates = {f"gate{i}": {"metric": metric, "at_least": 0} for i, metric in enumerate(metrics)}
    outcome = decide(job(gates, evaluation=evaluation, threshold=threshold, latency=None))
    assert outcome.verdict.outcome == Outcome.UNDECIDED
    assert outcome.metrics["decide/undecided"] == len(metrics)


def test_an_infeasible_threshold_is_no_error(job):
    threshold = {**facts.threshold(), "feasible": False, "val": None, "robustness": {"fog": {}}}
    threshold |= dict.fromkeys(("score", "score_interval", "iou", "per_class"))
    threshold["test"] |= {"tuned": None, "difference": None}
    outcome = decide(job(threshold={**threshold, "nearest": {"score": 0.3}}))
    assert any("no threshold fulfils the criterion" in reason for reason in outcome.verdict.reasons)


def test_the_same_inputs_give_the_same_bytes(job, study):
    made = job(provenance=PROVENANCE)
    decide(made)
    first = {path.name: path.read_bytes() for path in made.folder.iterdir()}
    decide(made)
    assert {path.name: path.read_bytes() for path in made.folder.iterdir()} == first
    assert not re.search(rb"20\d\d-\d\d-\d\d", b"".join(first.values()))


def test_the_candidate_is_compared_with_the_runners_up_of_its_study(job, study):
    made = job(provenance=PROVENANCE)
    decide(made)
    comparison = written(made)["comparison"]
    assert comparison["candidate"] == 0
    assert [setting["run_ids"] for setting in comparison["settings"]] == [["run1", "run2"], ["run0"]]
    assert (
        "| **1** | **lr0=0.002 (candidate)** | **2** | **0.6200 ± 0.0141** |"
        in (made.folder / "decision.md").read_text()
    )


def test_without_repeats_the_val_interval_says_what_is_noise(job, study):
    """It is 0.02 to either side, and the other setting is 0.11 away."""
    del study[2]
    outcome = decide(job(provenance=PROVENANCE))
    assert "0.0200" in outcome.comparison.judged_by
    assert outcome.comparison.runners_up[0].within_noise is False


def test_a_store_that_does_not_answer_costs_the_comparison_only(job, monkeypatch, caplog):
    def fail(*_):
        raise TrackingError("The study's runs cannot be read.")

    monkeypatch.setattr(decide_inputs, "study_runs", fail)
    made = job(provenance=PROVENANCE)
    assert decide(made).verdict.outcome == Outcome.ACCEPTED
    assert written(made)["comparison"] == {
        "not_at_hand": "The runs of study people are not at hand: The study's runs cannot be read."
    }
    assert "goes without the runners-up" in caplog.text


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        pytest.param([run(3, 0.9, "KILLED")], "no finished run", id="none finished"),
        pytest.param(
            [RecordedRun("r", "r", "FINISHED", {}, {}, {"objective": "val/F1"}, 1.0)], "metric val/F1", id="no metric"
        ),
    ],
)
def test_a_study_without_comparable_runs_is_said_so(job, monkeypatch, runs, said):
    monkeypatch.setattr(decide_inputs, "study_runs", lambda *_: tuple(runs))
    assert said in decide(job(provenance=PROVENANCE)).comparison


@pytest.mark.parametrize(
    ("provenance", "said"),
    [
        pytest.param(Provenance(), "not frozen from a study", id="no study"),
        pytest.param(Provenance(study="people", trial=1), "was not recorded in MLflow", id="not recorded"),
    ],
)
def test_without_a_recorded_study_there_are_no_runners_up(job, provenance, said):
    assert said in decide(job(provenance=provenance)).comparison


def test_a_candidate_that_is_not_among_the_runs_is_said_so(job, study):
    made = job(provenance=Provenance(study="people", trial=3, mlflow_run_id="study-run"))
    decide(made)
    assert written(made)["comparison"]["candidate"] is None
    assert "trial is not among the finished ones" in (made.folder / "decision.md").read_text()


def test_of_many_settings_the_best_are_shown_and_the_candidate(job, study):
    study[:] = [run(number, 0.6 - number / 100, **{"train.lr0": str(number)}) for number in range(12)]
    made = job(provenance=Provenance(study="people", trial=11, mlflow_run_id="study-run"))
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
    with pytest.raises(DataError, match=r"training\.json is damaged"):
        decide(made)


def test_stages_about_different_data_are_not_mixed(job):
    training = {**facts.training(), "data": {"name": "others", "digest": "e" * 64}}
    with pytest.raises(DataError, match="about other data"):
        decide(job(training=training))


def test_the_console_says_the_verdict_and_where_the_report_is(job, tmp_path):
    console = Console(record=True, width=120)
    gates = {
        **FULFILLED,
        "[b]odd[/b]": {"metric": "test/precision", "more_than": 0.9},
        "fast": {"metric": "latency/p95_ms", "less_than": 24.5},
    }
    training = {**facts.training(), "best_epoch": 60}
    show(decide(job(gates, training=training)), console)
    text = console.export_text()
    assert "Verdict: rejected" in text
    assert "[b]odd[/b]" in text
    assert "Warning: The best of 60 epochs is the last one" in text
    assert f"Report: {tmp_path / 'decide' / 'decision.html'}" in text
