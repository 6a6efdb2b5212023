"""A study's runs, written by the courier and read back from MLflow's real SQLite store."""

import pytest

from src.core.errors import TrackingError
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import RunStatus, open_run
from src.mlflow.runs.study_runs import study_runs

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> TrackingOptions:
    folder = tmp_path_factory.mktemp("project")
    return TrackingOptions(
        uri=f"sqlite:///{folder}/mlflow.db",
        artifacts=str(folder / "mlartifacts"),
        spool=str(folder / "spool"),
        wait_s=90,
    )


@pytest.fixture(scope="module")
def study(options):
    """A study of two trials beside a run that is none of it; returns the study's provisional key and its id."""
    study = open_run(options, name="people")
    key = study.id
    assert key is not None
    for number, value in enumerate((0.1 + 0.2, float("nan"))):
        trial = open_run(options, name=f"trial {number}", parent_run_id=key, tags={"trial": str(number)})
        trial.log_params({"train.lr0": 0.002, "train.seed": number})
        trial.log_metrics({"val/mAP50": 0.1}, step=1)
        trial.log_metrics({"val/mAP50": value}, step=2)
        trial.end(RunStatus.FINISHED if number == 0 else RunStatus.KILLED)
    other = open_run(options, name="other")
    study.end(RunStatus.FINISHED)
    other.end(RunStatus.FINISHED)
    return key, study.id


@pytest.mark.parametrize("name", ["key", "id"])
def test_the_trials_of_a_study_are_read_back(options, study, name):
    """By the provisional key too, which the spool has forgotten by now; the last value of a metric, to the last bit."""
    first, second = study_runs(options, study[0] if name == "key" else study[1])
    assert (first.name, first.status, first.tags["trial"]) == ("trial 0", "FINISHED", "0")
    assert first.params == {"train.lr0": "0.002", "train.seed": "0"}
    assert first.metrics == {"val/mAP50": 0.1 + 0.2}
    assert 0 <= first.duration_s < 120
    assert second.status == "KILLED"
    assert second.metrics["val/mAP50"] != second.metrics["val/mAP50"]


def test_a_study_that_the_store_does_not_know_is_an_error(options, study):
    with pytest.raises(TrackingError, match="0123456789abcdef0123456789abcdef"):
        study_runs(options, "0123456789abcdef0123456789abcdef")
