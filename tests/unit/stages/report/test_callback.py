"""The report at the end of a sweep: written, uploaded and said; a failure there ends nothing."""

import io

import pytest
from optuna.trial import TrialState
from rich.console import Console

from src.core.errors import ConfigError
from src.mlflow.options import TrackingOptions
from src.stages.report import callback as module
from src.stages.report.callback import StudyReport

NO_TRACKING = TrackingOptions(kind="none")


@pytest.fixture
def end(tmp_path):
    """End a sweep of a study; returns what was printed."""

    def on(study) -> str:
        out = io.StringIO()
        StudyReport(NO_TRACKING, str(tmp_path / "sweep"), Console(file=out, width=40)).on_sweep_end(study)
        return out.getvalue()

    return on


def test_the_report_lies_in_the_folder_of_the_sweep(made, end, tmp_path):
    """What follows is printed, each sentence on one line, and where the page is."""
    made.trial(0.9, flags=["few_steps"], flag_messages=["Only 3 steps."])
    made.trial(0.4)
    text = end(made.study)
    assert {path.name for path in (tmp_path / "sweep/report").iterdir()} == {
        "report.html",
        "runs_analysis.csv",
        "settings.csv",
    }
    assert "The model of trial 0 is better than the starting weights by +0.4" in text
    assert "Flag few_steps (1×), e.g.: Only 3 steps.\n" in text
    assert f"{tmp_path}/sweep/report/report.html\n" in text


def test_a_sweep_without_results_has_a_page_and_says_no_more(made, end, tmp_path):
    made.trial(None, state=TrialState.FAIL, fail_reason="no data")
    assert end(made.study) == ""
    assert "no data" in (tmp_path / "sweep/report/report.html").read_text()


def test_a_failure_is_a_warning(made, end, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("broken plot")

    monkeypatch.setattr(module, "report", fail)
    assert end(made.study) == ""
    assert "try again: python -m src.report study=people" in caplog.text


def test_the_report_is_uploaded_to_the_run_of_the_study(made, end, monkeypatch, tmp_path):
    """As a child of that run, which therefore waits for it."""
    calls = []

    class FakeRun:
        def log_artifact(self, path, folder):
            calls.append((path, folder))

        def close(self):
            calls.append("closed")

    def attach(options, run_id, *, parent_run_id):
        calls.append((run_id, parent_run_id))
        return FakeRun()

    monkeypatch.setattr(module, "attach", attach)
    made.trial(0.9)
    made.study.set_user_attr("mlflow_run_id", "abc")
    end(made.study)
    assert calls == [("abc", "abc"), (tmp_path / "sweep/report", "report"), "closed"]


def test_options_of_another_type_are_refused():
    with pytest.raises(ConfigError, match="_convert_: object"):
        StudyReport({"kind": "none"}, "somewhere")
