from pathlib import Path

import pytest

from src.core.errors import RegistryError
from src.data.options import SyntheticOptions
from src.detector.options import ProjectTrainOptions
from src.evaluation.options import EvaluateOptions
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import RunStatus, open_run
from src.stages.promote.arguments import PromoteArguments
from src.stages.promote.stage import PromoteJob, promote


def test_a_run_that_has_not_arrived_is_not_promoted_and_how_to_deliver_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("src.mlflow.courier.process.ensure_running", lambda _: None)
    tracking = TrackingOptions(uri="http://server", artifacts="", spool=str(tmp_path / "spool"), wait_s=0.0)
    run = open_run(tracking, name="one")
    run.end(RunStatus.FINISHED)
    arguments = PromoteArguments(run=str(run.id), name="person-detector", alias="staging")
    job = PromoteJob(
        arguments,
        tracking,
        SyntheticOptions(name="people"),
        ProjectTrainOptions(),
        EvaluateOptions(),
        Path("outputs/train"),
    )
    with pytest.raises(RegistryError, match=r"not all reached .*server yet; it waits in .*spool.*src\.sync"):
        promote(job)
