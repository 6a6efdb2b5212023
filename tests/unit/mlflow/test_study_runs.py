import json
import subprocess
from types import SimpleNamespace

import pytest

from src.core.errors import TrackingError
from src.mlflow.courier import process as courier_process
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import RunStatus, open_run
from src.mlflow.runs.study_runs import study_runs

RUN = {
    "run_id": "id-1",
    "name": "trial 0",
    "status": "FINISHED",
    "params": {"train.lr0": "0.01"},
    "metrics": {"val/mAP50": 0.5},
    "tags": {"trial": "0"},
    "duration_s": 12.5,
}


def _replace_subprocess(monkeypatch, run):
    """For the module only: others start programs too."""
    stand_in = SimpleNamespace(run=run, TimeoutExpired=subprocess.TimeoutExpired)
    monkeypatch.setattr("src.mlflow.runs.reading.subprocess", stand_in)


@pytest.fixture
def reader(monkeypatch):
    """The reading process, which answers what it is told to and remembers what it was asked."""

    class Reader:
        answer, questions, code, complaint = {"runs": [RUN]}, [], 0, ""

        def run(self, command, *, input, **_):
            self.questions.append(json.loads(input))
            return subprocess.CompletedProcess(
                command, self.code, f"noise\n{json.dumps(self.answer)}\n", self.complaint
            )

    reader = Reader()
    _replace_subprocess(monkeypatch, reader.run)
    return reader


def test_the_runs_come_as_the_store_has_them(options, reader):
    (run,) = study_runs(options, "study-id")
    assert (run.run_id, run.params, run.duration_s) == ("id-1", {"train.lr0": "0.01"}, 12.5)
    assert reader.questions == [{"uri": "fake:store", "experiment": "detection-search", "run_id": "study-id"}]


def test_a_refusal_of_the_store_is_passed_on(options, reader):
    reader.answer = {"error": "reading run x failed: no such run"}
    with pytest.raises(TrackingError, match="no such run"):
        study_runs(options, "x")


def test_a_reader_that_dies_is_no_end_without_reason(options, reader):
    reader.code, reader.complaint = 1, "Traceback…\nImportError: no mlflow"
    with pytest.raises(TrackingError, match="ImportError: no mlflow"):
        study_runs(options, "x")


def test_a_store_that_does_not_answer_in_time_is_given_up(options, monkeypatch):
    def run(command, **_):
        raise subprocess.TimeoutExpired(command, 1)

    _replace_subprocess(monkeypatch, run)
    with pytest.raises(TrackingError, match="no answer within"):
        study_runs(options, "x")


def test_without_tracking_there_is_nothing_to_read():
    with pytest.raises(TrackingError, match="tracking=none"):
        study_runs(TrackingOptions(kind="none"), "x")


def test_a_missing_database_is_not_made(tmp_path):
    options = TrackingOptions(uri=f"sqlite:///{tmp_path}/mlflow.db", spool=str(tmp_path / "spool"))
    with pytest.raises(TrackingError, match="There is no MLflow store"):
        study_runs(options, "x")
    assert list(tmp_path.iterdir()) == []


def test_a_password_in_the_address_is_not_told(options, reader):
    options.uri = "http://me:secret@server"
    options.artifacts = ""
    reader.answer = {"error": "down"}
    with pytest.raises(TrackingError) as error:
        study_runs(options, "x")
    assert "secret" not in str(error.value)


def test_a_provisional_key_is_replaced_by_what_the_spool_knows(options, store, courier, reader):
    run = open_run(options, name="study")
    key = run._writer.key
    courier.round()
    study_runs(options, key)
    assert reader.questions[0]["run_id"] == "id-0"
    run.end(RunStatus.FINISHED)


def test_waiting_calls_are_delivered_first(options, store, courier, reader):
    """The courier is asked for another round until nothing of the study waits."""
    study = open_run(options, name="study")
    trial = open_run(options, name="trial 0", parent_run_id=study.id)
    study.end(RunStatus.FINISHED)
    trial.log_metrics({"val/mAP50": 0.5}, 1)
    trial.end(RunStatus.FINISHED)
    study_runs(options, study.id)
    assert store.run_named("trial 0").status == "FINISHED"


def test_calls_that_cannot_be_delivered_are_warned_of(options, store, reader, monkeypatch, caplog):
    monkeypatch.setattr(courier_process, "ensure_running", lambda _: None)
    options.wait_s = 0.0
    study = open_run(options, name="study")
    trial = open_run(options, name="trial 0", parent_run_id=study.id)
    for run in (trial, study):
        run.end(RunStatus.FINISHED)
    assert study_runs(options, study.id)
    assert "2 runs of the study have not reached the store" in caplog.text
