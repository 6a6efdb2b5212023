from pathlib import Path

import pytest

from src.core.errors import ConfigError
from src.data.options import YoloOptions
from src.detector.options import ModelOptions, TrainOptions
from src.evaluation.options import EvaluateOptions
from src.mlflow.options import TrackingOptions
from src.stages.evaluate.stage import EvaluateJob, evaluate


def test_weights_of_no_detector_are_refused_before_the_data_are_looked_at(tmp_path: Path) -> None:
    """The data set does not exist, which nobody asks."""
    weights = tmp_path / "text.pt"
    weights.write_text("no weights")
    job = EvaluateJob(
        data=YoloOptions(name="none", path=str(tmp_path / "none")),
        model=ModelOptions(architecture="yolov8n.yaml"),
        train=TrainOptions(),
        evaluate=EvaluateOptions(weights=str(weights)),
        tracking=TrackingOptions(),
        folder=tmp_path,
    )
    with pytest.raises(ConfigError, match=r"evaluate\.weights=.*text\.pt is no checkpoint of Ultralytics"):
        evaluate(job)
